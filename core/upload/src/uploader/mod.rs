//! The loop: ask the queue, perform, report, wait.

mod step;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use clearshot_capture::{CaptureStore, Conditions, Plan, Step, WaitReason};
use clearshot_protocol::Timestamp;
use futures_util::{Stream, StreamExt as _};
use tokio::sync::{Notify, broadcast, watch};
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::Instant;
use tokio_stream::wrappers::BroadcastStream;
use tokio_util::sync::CancellationToken;

use self::step::{StepRunner, Tally};
use crate::progress::HighWater;
use crate::reconcile::reconcile;
use crate::{Clock, ProgressEvent, StepPerformer, SyncEnd, SyncReport, TokenProvider, UploadError};

/// The most photos that travel at a time. More would be impolite to the server.
pub const MAX_PARALLELISM: usize = 8;

/// How long [`Uploader::sync`] waits at a time, by default: it outlasts the first back-offs and a server's
/// re-check. Longer waits are better left to the platform's scheduler.
pub const DEFAULT_PATIENCE: Duration = Duration::from_mins(1);

/// The longest sleep before the queue is asked again: the runtime's clock may stand still while the device sleeps,
/// the clock of the queue does not.
const MAX_NAP: Duration = Duration::from_secs(30);

/// The longest sleep while another program sends from the same queue: its steps end without a word to this one, and so may
/// the program.
const OTHERS_NAP: Duration = Duration::from_secs(2);

/// The shortest sleep, should the queue ask for one that is over already.
const MIN_NAP: Duration = Duration::from_millis(20);

/// How often a running uploader offers the queue to ask the server what it has. How often it is asked, the queue says.
const QUESTION_INTERVAL: Duration = Duration::from_mins(10);

/// Events that are kept for a reader who is behind: about 30 s of a fast upload.
const EVENT_CAPACITY: usize = 1024;

/// Sends what the queue holds. Share it, and its store, in `Arc`s; one synchronisation at a time is enough.
///
/// When the app has signed in again, call [`CaptureStore::token_renewed`], then [`Uploader::wake`].
pub struct Uploader {
    runner: StepRunner,
    /// How many photos travel at a time; `None`: as many as the network is good for.
    parallelism: Option<usize>,
    patience: Duration,
    wake: Notify,
}

/// Whether the loop ends when nothing can be done.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Persistence {
    UntilNothingToDo,
    UntilCancelled,
}

/// What the queue says while nothing can be handed out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Idle {
    Done,
    Wait { until: Option<Timestamp>, reason: WaitReason },
}

impl Uploader {
    /// An uploader that performs steps with `performer`, with the tokens of `tokens`, in the time of `clock`.
    pub fn new(performer: StepPerformer, tokens: Arc<dyn TokenProvider>, clock: Clock) -> Self {
        let (events, _) = broadcast::channel(EVENT_CAPACITY);
        Self {
            runner: StepRunner {
                performer,
                tokens,
                clock,
                refreshing: Arc::default(),
                high_water: Arc::new(HighWater::default()),
                send_times: Arc::default(),
                events,
            },
            parallelism: None,
            patience: DEFAULT_PATIENCE,
            wake: Notify::new(),
        }
    }

    /// With this many photos at a time, from 1 to [`MAX_PARALLELISM`], on whatever network; otherwise with as many as
    /// [`Conditions::parallelism`] says. Those of other programs that send from the same queue count.
    #[must_use]
    pub fn with_parallelism(mut self, photos: usize) -> Self {
        self.parallelism = Some(photos.clamp(1, MAX_PARALLELISM));
        self
    }

    /// With another longest wait of [`Uploader::sync`]; [`DEFAULT_PATIENCE`] otherwise.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// What happens from now on. A reader who is more than a thousand events behind misses the oldest.
    pub fn events(&self) -> impl Stream<Item = ProgressEvent> + Send + Unpin + use<> {
        BroadcastStream::new(self.runner.events.subscribe())
            .filter_map(|event| std::future::ready(event.ok()))
    }

    /// Ends a wait, because there is a new capture or a new token.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Sends what can be sent, and ends when nothing is left, when the next thing to do is further away than the
    /// patience, or when `cancel` says so. Requests under way are then dropped, and reported as cancelled.
    ///
    /// Losing the network, or going from a free one to a metered one (`conditions`), drops the requests under way
    /// as well, and asks the queue again. Better use `cancel` than drop the future to stop it: dropped, it leaves its
    /// steps to end by themselves, and a step that is just being handed out keeps its lease until that runs out.
    pub async fn sync(
        &self,
        store: Arc<CaptureStore>,
        conditions: watch::Receiver<Conditions>,
        cancel: &CancellationToken,
    ) -> Result<SyncReport, UploadError> {
        self.drive(store, conditions, cancel, Persistence::UntilNothingToDo).await
    }

    /// As [`Uploader::sync`], but goes on until `cancel` says so: waits for as long as it takes, and for new captures
    /// ([`Uploader::wake`]).
    pub async fn run(
        &self,
        store: Arc<CaptureStore>,
        conditions: watch::Receiver<Conditions>,
        cancel: &CancellationToken,
    ) -> Result<SyncReport, UploadError> {
        self.drive(store, conditions, cancel, Persistence::UntilCancelled).await
    }

    async fn drive(
        &self,
        store: Arc<CaptureStore>,
        conditions: watch::Receiver<Conditions>,
        cancel: &CancellationToken,
        persistence: Persistence,
    ) -> Result<SyncReport, UploadError> {
        let known = *conditions.borrow();
        let mut drive = Drive {
            uploader: self,
            store,
            known,
            conditions,
            batch: cancel.child_token(),
            cancel,
            steps: JoinSet::new(),
            tally: Arc::default(),
            patience: (persistence == Persistence::UntilNothingToDo).then_some(self.patience),
            quiet_since: Instant::now(),
            asked: None,
        };
        let end = drive.go().await;
        // Whatever ended it: nothing stays under way, and every step is reported.
        drive.batch.cancel();
        while let Some(finished) = drive.steps.join_next().await {
            if let (Ok(_), Ok(Err(error)) | Err(error)) = (&end, finished.map_err(UploadError::from)) {
                return Err(error);
            }
        }
        let report = drive.tally.report(end?);
        self.runner.emit(ProgressEvent::Ended(report.end));
        Ok(report)
    }
}

/// One run of the loop.
struct Drive<'a> {
    uploader: &'a Uploader,
    store: Arc<CaptureStore>,
    conditions: watch::Receiver<Conditions>,
    /// The conditions that the steps under way were handed out for.
    known: Conditions,
    cancel: &'a CancellationToken,
    /// Cancels the steps that are under way, and only them.
    batch: CancellationToken,
    steps: JoinSet<Result<(), UploadError>>,
    tally: Arc<Tally>,
    /// How long the loop may wait without a step under way; `None`: for ever.
    patience: Option<Duration>,
    /// Since when no step has been under way.
    quiet_since: Instant,
    /// When the queue was last asked whether it wants to know what the server has.
    asked: Option<Instant>,
}

/// Where somebody drops the future, the steps under way are cancelled all the same, and report so: a lease that stays
/// would take the place of another photo.
impl Drop for Drive<'_> {
    fn drop(&mut self) {
        self.batch.cancel();
        self.steps.detach_all();
    }
}

impl Drive<'_> {
    async fn go(&mut self) -> Result<SyncEnd, UploadError> {
        let mut announced = None;
        loop {
            if self.cancel.is_cancelled() {
                return Ok(SyncEnd::Cancelled);
            }
            self.take_conditions().await?;
            self.reconcile().await?;
            let idle = self.hand_out().await?;
            if !self.steps.is_empty() {
                announced = None;
            } else if let Some(idle) = idle {
                if let Some(end) = self.end(idle) {
                    return Ok(end);
                }
                if announced != Some(idle) {
                    self.uploader.runner.emit(match idle {
                        Idle::Done => ProgressEvent::Idle,
                        Idle::Wait { until, reason } => ProgressEvent::Waiting { until, reason },
                    });
                }
                announced = Some(idle);
            }
            self.wait(idle).await?;
        }
    }

    /// Looks at the network. When it is gone, or has begun to cost money, requests under way are dropped: the queue
    /// is to decide anew which photos may use what there is now.
    async fn take_conditions(&mut self) -> Result<(), UploadError> {
        let (before, now) = (self.known, *self.conditions.borrow_and_update());
        self.known = now;
        if (before.online && !now.online) || (!before.metered && now.metered) {
            self.batch.cancel();
            while let Some(finished) = self.steps.join_next().await {
                finished??;
            }
            // The wait for another network begins now, however long the dropped requests had taken.
            self.quiet_since = Instant::now();
            self.batch = self.cancel.child_token();
        }
        Ok(())
    }

    /// Asks the server what it has, if the queue wants to know: as soon as there is a network, and from time to time.
    async fn reconcile(&mut self) -> Result<(), UploadError> {
        let has_asked = self.asked.is_some_and(|asked| asked.elapsed() < QUESTION_INTERVAL);
        if has_asked || !self.known.online {
            return Ok(());
        }
        self.asked = Some(Instant::now());
        let runner = &self.uploader.runner;
        tokio::select! {
            () = self.cancel.cancelled() => Ok(()),
            result = reconcile(&self.store, &runner.performer, &*runner.tokens, &runner.clock) => result.map(drop),
        }
    }

    /// Starts steps while the queue has some and hands are free. What the queue said when it had none.
    async fn hand_out(&mut self) -> Result<Option<Idle>, UploadError> {
        let parallelism = self.uploader.parallelism.unwrap_or(self.known.parallelism());
        while self.steps.len() < parallelism && !self.cancel.is_cancelled() {
            let (store, conditions, now) = (Arc::clone(&self.store), self.known, self.now());
            match spawn_blocking(move || store.next_within(parallelism, conditions, now)).await?? {
                Plan::Upload(step) => self.start(step),
                Plan::Wait { until, reason } => return Ok(Some(Idle::Wait { until, reason })),
                Plan::Done => return Ok(Some(Idle::Done)),
            }
        }
        Ok(None)
    }

    fn start(&mut self, step: Step) {
        self.tally.steps.fetch_add(1, Ordering::Relaxed);
        let runner = self.uploader.runner.clone();
        let (store, cancel, tally) = (Arc::clone(&self.store), self.batch.clone(), Arc::clone(&self.tally));
        self.steps.spawn(async move { runner.run(store, step, &cancel, &tally).await });
    }

    /// How it ends when nothing can be done, if it should end.
    fn end(&self, idle: Idle) -> Option<SyncEnd> {
        let left = self.patience_left()?;
        match idle {
            Idle::Done => Some(SyncEnd::Done),
            Idle::Wait { until, reason } => {
                let too_long = reason != WaitReason::Leased
                    && until.is_some_and(|until| duration_until(until, self.now()) > left);
                (too_long || left.is_zero()).then_some(SyncEnd::Waiting { until, reason })
            }
        }
    }

    /// Until something happens that makes it worth asking the queue again.
    async fn wait(&mut self, idle: Option<Idle>) -> Result<(), UploadError> {
        let mut nap = match idle {
            Some(Idle::Wait { reason: WaitReason::Leased, .. }) => OTHERS_NAP,
            Some(Idle::Wait { until: Some(until), .. }) => duration_until(until, self.now()).min(MAX_NAP),
            _ => MAX_NAP,
        };
        if self.steps.is_empty() {
            nap = nap.min(self.patience_left().unwrap_or(MAX_NAP));
        }
        tokio::select! {
            () = self.cancel.cancelled() => {}
            Some(finished) = self.steps.join_next() => {
                self.quiet_since = Instant::now();
                finished??;
            }
            () = tokio::time::sleep(nap.max(MIN_NAP)) => {}
            () = self.uploader.wake.notified() => {}
            () = changed(&mut self.conditions) => {}
        }
        Ok(())
    }

    /// What is left of the patience for this wait.
    fn patience_left(&self) -> Option<Duration> {
        Some(self.patience?.saturating_sub(self.quiet_since.elapsed()))
    }

    fn now(&self) -> Timestamp {
        (self.uploader.runner.clock)()
    }
}

/// Ends at the next change; never, when nobody is left who could change anything.
async fn changed(conditions: &mut watch::Receiver<Conditions>) {
    if conditions.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
}

fn duration_until(until: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(until.duration_since(now)).unwrap_or_default()
}
