//! Synchronising from the app's own process: the caller's thread runs the uploader until it is done, out of time or
//! cancelled.
//!
//! Not responsible for when: a platform's scheduler (`WorkManager`, `BGTaskScheduler`) calls when there is a network, and
//! whatever was cut off goes on with the next call.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

use clearshot_capture as capture;
use clearshot_protocol::Timestamp;
use clearshot_upload::{self as core, Clock, StepPerformer, Uploader};
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio_stream::StreamExt as _;
use tokio_util::sync::CancellationToken;

use crate::error::{CaptureError, ErrorCode, guarded};
use crate::foreign::{LogSink, TokenAdapter, TokenProvider};
use crate::log::logged;
use crate::progress::{SyncProgress, SyncReport, Watched};
use crate::server::{Conditions, ServerSetup};
use crate::store::CaptureStore;

/// Cancels a synchronisation, from any thread, before or while it runs.
#[derive(Debug, Default, uniffi::Object)]
pub struct Cancellation {
    token: CancellationToken,
}

#[uniffi::export]
impl Cancellation {
    /// One that has not cancelled anything yet.
    #[uniffi::constructor]
    pub fn new() -> Result<Arc<Self>, CaptureError> {
        guarded(|| Ok(Arc::default()))
    }

    /// Cancels. Requests under way are dropped; nothing is lost.
    pub fn cancel(&self) -> Result<(), CaptureError> {
        guarded(|| {
            self.token.cancel();
            Ok(())
        })
    }
}

/// Sends what a store's queue holds. One synchronisation at a time.
#[derive(uniffi::Object)]
pub struct UploadRunner {
    store: Arc<CaptureStore>,
    performer: StepPerformer,
    tokens: Arc<TokenAdapter>,
    log: Option<Arc<dyn LogSink>>,
    conditions: watch::Sender<capture::Conditions>,
    /// Held while a synchronisation runs. Gone only while the runner is being dropped.
    runtime: Mutex<Option<Runtime>>,
    uploader: Mutex<Option<Arc<Uploader>>>,
    watched: Arc<Mutex<Watched>>,
}

#[uniffi::export]
impl UploadRunner {
    /// A runner for the store's photos and a server, with the app's tokens. What happens is told to `log`, if there is one.
    #[uniffi::constructor]
    pub fn new(
        store: Arc<CaptureStore>,
        server: ServerSetup,
        tokens: Arc<dyn TokenProvider>,
        log: Option<Arc<dyn LogSink>>,
    ) -> Result<Arc<Self>, CaptureError> {
        guarded(|| {
            store.core()?;
            let performer = StepPerformer::new(server.address()?, &server.transport()?, clock())?;
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| {
                    CaptureError::new(ErrorCode::Internal, format!("start the runtime: {error}"))
                })?;
            Ok(Arc::new(Self {
                store,
                performer,
                tokens: Arc::new(TokenAdapter(tokens)),
                log,
                conditions: watch::channel(capture::Conditions::OFFLINE).0,
                runtime: Mutex::new(Some(runtime)),
                uploader: Mutex::default(),
                watched: Arc::default(),
            }))
        })
    }

    /// Sends what can be sent, for at most `millis`, and deletes what the server has had for long enough. Blocks the calling
    /// thread. Refused ([`ErrorCode::InUse`]) while another call of this runner is at it.
    pub fn sync_for(
        &self,
        millis: u64,
        conditions: Conditions,
        cancellation: Arc<Cancellation>,
    ) -> Result<SyncReport, CaptureError> {
        guarded(|| {
            let runtime = self.runtime()?;
            let runtime = runtime.as_ref().ok_or_else(in_use)?;
            let store = self.store.core()?;
            self.conditions.send_replace(conditions.into());
            let time = Duration::from_millis(millis);
            let result = logged(self.log.as_ref(), || {
                runtime.block_on(self.sync(Arc::clone(&store), time, &cancellation.token))
            });
            let report = result.map_err(|error| self.store.closed_or(error))?;
            // What is left to delete, the next one deletes.
            let _ = store.sweep(Timestamp::now());
            Ok(report)
        })
    }

    /// The network has changed. A synchronisation that runs takes note at once.
    pub fn set_conditions(&self, conditions: Conditions) -> Result<(), CaptureError> {
        guarded(|| {
            self.conditions.send_replace(conditions.into());
            Ok(())
        })
    }

    /// There is a new photo or a new token: a synchronisation that waits looks again.
    pub fn wake(&self) -> Result<(), CaptureError> {
        guarded(|| {
            if let Some(uploader) = &*lock(&self.uploader) {
                uploader.wake();
            }
            Ok(())
        })
    }

    /// How far the synchronisation is, or how far the last one came. Cheap enough to ask a few times a second.
    pub fn progress(&self) -> Result<SyncProgress, CaptureError> {
        guarded(|| Ok(lock(&self.watched).snapshot()))
    }
}

impl UploadRunner {
    async fn sync(
        &self,
        store: Arc<capture::CaptureStore>,
        time: Duration,
        cancellation: &CancellationToken,
    ) -> Result<SyncReport, CaptureError> {
        let tokens: Arc<dyn core::TokenProvider> = self.tokens.clone();
        let uploader = Arc::new(Uploader::new(self.performer.clone(), tokens, clock()).with_patience(time));
        *lock(&self.watched) = Watched::begin(&store.queue()?);
        *lock(&self.uploader) = Some(Arc::clone(&uploader));
        let _running = Running(self);
        let stop = cancellation.child_token();
        let mut events = uploader.events();
        let sync = uploader.sync(store, self.conditions.subscribe(), &stop);
        tokio::pin!(sync);
        let timer = tokio::time::sleep(time);
        tokio::pin!(timer);
        let mut time_up = None;
        loop {
            tokio::select! {
                result = &mut sync => {
                    let report = result?;
                    // Its last word is the end; what it told before may still wait to be noted.
                    while let Some(event) = events.next().await {
                        let is_end = matches!(event, core::ProgressEvent::Ended(_));
                        lock(&self.watched).note(event);
                        if is_end {
                            break;
                        }
                    }
                    return Ok(SyncReport::new(&report, time_up.filter(|_| !cancellation.is_cancelled())));
                }
                Some(event) = events.next() => lock(&self.watched).note(event),
                () = &mut timer, if time_up.is_none() => {
                    time_up = Some(lock(&self.watched).time_up());
                    stop.cancel();
                }
            }
        }
    }

    fn runtime(&self) -> Result<MutexGuard<'_, Option<Runtime>>, CaptureError> {
        match self.runtime.try_lock() {
            Ok(runtime) => Ok(runtime),
            // A panic ended a synchronisation; the runtime outlives it.
            Err(TryLockError::Poisoned(runtime)) => Ok(runtime.into_inner()),
            Err(TryLockError::WouldBlock) => Err(in_use()),
        }
    }
}

/// The app's code may still be busy with a token: nobody waits for it.
impl Drop for UploadRunner {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.get_mut().unwrap_or_else(PoisonError::into_inner).take() {
            runtime.shutdown_background();
        }
    }
}

/// Notes the end of a synchronisation, however it ends.
struct Running<'a>(&'a UploadRunner);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        *lock(&self.0.uploader) = None;
        lock(&self.0.watched).end();
    }
}

fn clock() -> Clock {
    Arc::new(Timestamp::now)
}

fn in_use() -> CaptureError {
    CaptureError::new(ErrorCode::InUse, "synchronise: another call of this runner is at it")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is behind these locks is replaced as a whole.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
