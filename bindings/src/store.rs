//! The capture store as an object: sessions, photos, the queue; closed when the app says so.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use clearshot_analysis::{Policy, Still, StillLimits, StillScratch};
use clearshot_capture as core;
use clearshot_protocol::manifest;

use crate::config::Config;
use crate::error::{CaptureError, ErrorCode, guarded};
use crate::foreign::{DeviceKeyStore, KeyStoreAdapter};
use crate::model::ModelStore;
use crate::photo::{AskState, KeepRequest, PendingPhoto, PixelLayout, SavedCapture, photo_is_closed};
use crate::queue::{Counters, Deleted, QueueEntry, RepairReport};
use crate::report::ShotRole;
use crate::session::{NewItem, Session, new_session};
use crate::time::{id, moment};
use crate::words::{AskPolicy, NetworkPolicy};

/// What a store is opened with.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct StoreSetup {
    /// The folder; made if absent. The app's own, not backed up.
    pub folder: String,
    /// The returns service's public key (`age1…`), from the app's configuration.
    pub service_recipient: String,
    /// Thresholds as JSON; absent: the built-in ones.
    pub config: Option<String>,
    /// Bytes that the photos may take; absent: 2 GiB.
    pub max_bytes: Option<u64>,
    /// Photos that may wait; absent: 1,000.
    pub max_photos: Option<u64>,
    /// Whether the platform performs transfers that go on without the app (a background `URLSession`). Then leases end by
    /// time alone.
    pub platform_performs_transfers: bool,
}

/// Sessions, sealed photos and the queue, in one folder. May be used from any thread, and by several processes at a time.
#[derive(Debug, uniffi::Object)]
pub struct CaptureStore {
    core: RwLock<Option<Arc<core::CaptureStore>>>,
    policy: Policy,
    limits: StillLimits,
    scratch: Mutex<StillScratch>,
    repaired: RepairReport,
}

#[uniffi::export]
impl CaptureStore {
    /// Opens the store, and mends what a crash, a full disk or a person left behind. The model, where one is given, looks at
    /// every photo; an update of it counts from the next opening on.
    #[uniffi::constructor]
    pub fn open(
        setup: StoreSetup,
        keys: Arc<dyn DeviceKeyStore>,
        model: Option<Arc<ModelStore>>,
        now: i64,
    ) -> Result<Arc<Self>, CaptureError> {
        guarded(|| {
            let policy = Config::read(setup.config.as_deref())?.policy;
            let service = setup.service_recipient.parse().map_err(|error| {
                CaptureError::new(ErrorCode::InvalidConfig, format!("use the service's key: {error}"))
            })?;
            let model = model.map(|model| model.model()).transpose()?;
            let now = moment(now)?;
            let key = core::DeviceKey::of_folder(&setup.folder, &KeyStoreAdapter(keys))?;
            let store_keys = core::StoreKeys { device: key.identity, service };
            let (mut store, repaired) =
                core::CaptureStore::open(&setup.folder, store_keys, setup.to_config(), now)?;
            if let Some(model) = model {
                store = store.with_model(model);
            }
            let repaired = RepairReport {
                unreadable: store.unreadable_files().len() as u32,
                device_key_replaced: key.replaced.is_some(),
                ..repaired.into()
            };
            Ok(Arc::new(Self {
                core: RwLock::new(Some(Arc::new(store))),
                policy,
                limits: StillLimits::default(),
                scratch: Mutex::default(),
                repaired,
            }))
        })
    }

    /// What opening mended.
    pub fn repaired(&self) -> Result<RepairReport, CaptureError> {
        guarded(|| Ok(self.repaired.clone()))
    }

    /// Closes the store. Waits for a photo that is being kept; whatever is being sent ends. Closing again is fine.
    pub fn close(&self) -> Result<(), CaptureError> {
        guarded(|| {
            let store = self.core.write().unwrap_or_else(PoisonError::into_inner).take();
            Ok(store.map_or(Ok(()), |store| store.pause())?)
        })
    }

    /// Closes the database, so that the system may suspend the process. Until [`Self::resume`], other calls are refused.
    pub fn pause(&self) -> Result<(), CaptureError> {
        self.with(|store| Ok(store.pause()?))
    }

    /// Opens the database again. Nothing happens when the store is not paused.
    pub fn resume(&self) -> Result<(), CaptureError> {
        self.with(|store| Ok(store.resume()?))
    }

    /// Opens a session for a return, with its items, each with the shots of its reason; gives its id.
    pub fn open_session(
        &self,
        return_id: String,
        items: Vec<NewItem>,
        now: i64,
    ) -> Result<String, CaptureError> {
        self.with(|store| {
            let session = store.open_session(&new_session(&return_id, items)?, moment(now)?)?;
            Ok(session.to_string())
        })
    }

    /// A session, as it stands.
    pub fn session(&self, session: String) -> Result<Session, CaptureError> {
        self.with(|store| Ok(store.session(id(&session)?)?.into()))
    }

    /// All sessions, the newest first.
    pub fn sessions(&self) -> Result<Vec<Session>, CaptureError> {
        self.with(|store| Ok(store.sessions()?.into_iter().map(Session::from).collect()))
    }

    /// The newest session of a return.
    pub fn session_of_return(&self, return_id: String) -> Result<Option<Session>, CaptureError> {
        self.with(|store| Ok(store.session_of_return(id(&return_id)?)?.map(Session::from)))
    }

    /// Adds an item to a session; gives its id. An item that it has already keeps its shots and takes the new labels.
    pub fn add_item(&self, session: String, item: NewItem, now: i64) -> Result<String, CaptureError> {
        self.with(|store| Ok(store.add_item(id(&session)?, &item.into(), moment(now)?)?.to_string()))
    }

    /// Adds a shot to an item, such as one more defect; gives its id.
    pub fn add_shot(
        &self,
        session: String,
        item: String,
        role: ShotRole,
        now: i64,
    ) -> Result<String, CaptureError> {
        self.with(|store| {
            Ok(store.add_shot(id(&session)?, id(&item)?, role.into(), moment(now)?)?.to_string())
        })
    }

    /// Changes how hard the shop insists on a good photo of this shot.
    pub fn set_ask_policy(&self, shot: String, policy: AskPolicy) -> Result<(), CaptureError> {
        self.with(|store| Ok(store.set_ask_policy(id(&shot)?, policy.into())?))
    }

    /// Judges a photo (JPEG or PNG) for a shot. Nothing is saved yet.
    pub fn assess(&self, shot: String, photo: &[u8]) -> Result<Arc<PendingPhoto>, CaptureError> {
        self.with(|store| {
            let shot = id(&shot)?;
            let role = store.role_of(shot)?;
            let judged = {
                let mut scratch = self.scratch();
                store.judge(photo, role, &self.limits, &self.policy, &mut scratch)?
            };
            pending(store, shot, judged)
        })
    }

    /// As [`Self::assess`], of a photo that the platform decoded (HEIC).
    pub fn assess_pixels(
        &self,
        shot: String,
        layout: PixelLayout,
        pixels: &[u8],
    ) -> Result<Arc<PendingPhoto>, CaptureError> {
        self.with(|store| {
            let shot = id(&shot)?;
            let role = store.role_of(shot)?;
            let still = Still::from_pixels(&layout.view(pixels), layout.orientation, &self.limits)?;
            pending(store, shot, store.judge_still(&still, role, &self.policy)?)
        })
    }

    /// Counts that the shopper was asked for another photo of this shot, and takes one. A good photo counts nothing.
    pub fn ask_again(&self, photo: Arc<PendingPhoto>, now: i64) -> Result<AskState, CaptureError> {
        self.with(|store| {
            let judged = photo.judged();
            let judged = judged.as_ref().ok_or_else(photo_is_closed)?;
            Ok(store.record_ask(photo.shot, judged, moment(now)?)?.into())
        })
    }

    /// Seals a photo and puts it into the queue: only when this returns is it saved. Then the photo is closed; after an
    /// error it can be kept again.
    pub fn keep(
        &self,
        photo: Arc<PendingPhoto>,
        request: KeepRequest,
        now: i64,
    ) -> Result<SavedCapture, CaptureError> {
        self.with(|store| {
            let mut judged = photo.judged();
            let new = core::NewCapture {
                shot: photo.shot,
                photo: judged.as_ref().ok_or_else(photo_is_closed)?,
                decision: if request.insist { core::Keep::Override } else { core::Keep::AsGood },
                taken_at: moment(request.taken_at)?,
                monotonic_millis: request.monotonic_millis,
                annotation: request.annotation.into_iter().map(manifest::Stroke::from).collect(),
                metered: request.network.map(NetworkPolicy::into),
            };
            let saved = store.keep(&new, moment(now)?)?;
            *judged = None;
            Ok(saved.into())
        })
    }

    /// Every photo, in the order of taking them.
    pub fn queue(&self) -> Result<Vec<QueueEntry>, CaptureError> {
        self.with(|store| Ok(store.queue()?.into_iter().map(QueueEntry::from).collect()))
    }

    /// One photo of the queue.
    pub fn entry(&self, capture: String) -> Result<QueueEntry, CaptureError> {
        self.with(|store| Ok(store.entry(id(&capture)?)?.into()))
    }

    /// How many photos stand where.
    pub fn counters(&self) -> Result<Counters, CaptureError> {
        self.with(|store| Ok(store.counters()?.into()))
    }

    /// A kept photo's thumbnail, a JPEG.
    pub fn thumbnail(&self, capture: String) -> Result<Vec<u8>, CaptureError> {
        self.with(|store| Ok(store.open_thumbnail(id(&capture)?)?))
    }

    /// A kept photo, a JPEG.
    pub fn photo(&self, capture: String) -> Result<Vec<u8>, CaptureError> {
        self.with(|store| Ok(store.open_photo(id(&capture)?)?))
    }

    /// What was sealed beside a kept photo, as JSON: for an export.
    pub fn manifest(&self, capture: String) -> Result<String, CaptureError> {
        self.with(|store| {
            let manifest = store.manifest(id(&capture)?)?;
            serde_json::to_string(&manifest).map_err(|error| {
                CaptureError::new(ErrorCode::Internal, format!("write the manifest: {error}"))
            })
        })
    }

    /// Changes which networks a photo may use.
    pub fn set_network(&self, capture: String, network: NetworkPolicy) -> Result<(), CaptureError> {
        self.with(|store| Ok(store.set_metered(id(&capture)?, network.into())?))
    }

    /// Tries a stalled or rejected photo again, from a clean slate.
    pub fn retry(&self, capture: String, now: i64) -> Result<(), CaptureError> {
        self.with(|store| Ok(store.retry(id(&capture)?, moment(now)?)?))
    }

    /// Tries every stalled photo again; says how many.
    pub fn retry_stalled(&self, now: i64) -> Result<u64, CaptureError> {
        self.with(|store| Ok(store.retry_stalled(moment(now)?)?))
    }

    /// Ends the pause that a refused token began: the shopper has signed in again.
    pub fn token_renewed(&self) -> Result<(), CaptureError> {
        self.with(|store| {
            store.token_renewed();
            Ok(())
        })
    }

    /// Deletes the photo of a capture that the server has rejected; says how many bytes it took.
    pub fn discard(&self, capture: String) -> Result<u64, CaptureError> {
        self.with(|store| Ok(store.discard(id(&capture)?)?))
    }

    /// Deletes the photos that the server accepted longer than a day ago. A synchronisation does it by itself.
    pub fn sweep(&self, now: i64) -> Result<Deleted, CaptureError> {
        self.with(|store| Ok(store.sweep(moment(now)?)?.into()))
    }

    /// Deletes the photos of a session, or all of them, from this device: those that were never sent, too. For the shopper
    /// to ask for, and nobody else.
    pub fn delete_photos(&self, session: Option<String>) -> Result<Deleted, CaptureError> {
        self.with(|store| {
            let session = session.as_deref().map(id).transpose()?;
            Ok(store.delete_photos(session)?.into())
        })
    }
}

impl CaptureStore {
    /// The core's store, until it is closed.
    pub(crate) fn core(&self) -> Result<Arc<core::CaptureStore>, CaptureError> {
        let store = self.core.read().unwrap_or_else(PoisonError::into_inner).clone();
        store.ok_or_else(|| CaptureError::new(ErrorCode::Closed, "use the store: it was closed before"))
    }

    /// The buffers for photos. Those that a panic left half filled are given back.
    fn scratch(&self) -> MutexGuard<'_, StillScratch> {
        self.scratch.lock().unwrap_or_else(|poisoned| {
            let mut scratch = poisoned.into_inner();
            *scratch = StillScratch::default();
            self.scratch.clear_poison();
            scratch
        })
    }

    /// Runs an export's body with the core's store. What another thread's closing makes of it is called by its name.
    fn with<T>(
        &self,
        body: impl FnOnce(&core::CaptureStore) -> Result<T, CaptureError>,
    ) -> Result<T, CaptureError> {
        guarded(|| {
            let store = self.core()?;
            body(&store).map_err(|error| self.closed_or(error))
        })
    }

    /// A store that was closed in the middle of a call says that it is paused.
    pub(crate) fn closed_or(&self, error: CaptureError) -> CaptureError {
        match (error.code(), self.core()) {
            (ErrorCode::Paused, Err(closed)) => closed,
            _ => error,
        }
    }
}

fn pending(
    store: &core::CaptureStore,
    shot: clearshot_protocol::ShotId,
    mut judged: core::JudgedPhoto,
) -> Result<Arc<PendingPhoto>, CaptureError> {
    let assessment = store.assess(shot, &mut judged)?;
    Ok(Arc::new(PendingPhoto::new(shot, judged, &assessment)))
}

impl StoreSetup {
    fn to_config(&self) -> core::StoreConfig {
        let default = core::StoreConfig::default();
        core::StoreConfig {
            max_vault_bytes: self.max_bytes.unwrap_or(default.max_vault_bytes),
            max_captures: self.max_photos.unwrap_or(default.max_captures),
            steps_end_with_process: !self.platform_performs_transfers,
            ..default
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use clearshot_protocol::seal::Identity;

    use super::*;
    use crate::foreign::ForeignError;

    /// Wraps nothing: what a key store does is not what is tested here.
    struct PlainKeys;

    impl DeviceKeyStore for PlainKeys {
        fn wrap(&self, key: Vec<u8>) -> Result<Vec<u8>, ForeignError> {
            Ok(key)
        }

        fn unwrap(&self, wrapped: Vec<u8>) -> Result<Vec<u8>, ForeignError> {
            Ok(wrapped)
        }
    }

    #[test]
    fn a_panic_while_a_photo_is_judged_or_the_store_is_closed_does_not_stick() {
        let folder = tempfile::tempdir().unwrap();
        let setup = StoreSetup {
            folder: folder.path().to_str().unwrap().to_owned(),
            service_recipient: Identity::generate().recipient().to_string(),
            config: None,
            max_bytes: None,
            max_photos: None,
            platform_performs_transfers: false,
        };
        let store = CaptureStore::open(setup, Arc::new(PlainKeys), None, 0).unwrap();
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let (_scratch, _core) = (store.scratch.lock().unwrap(), store.core.write().unwrap());
            panic!("in the middle");
        }));
        assert!(panicked.is_err() && store.scratch.is_poisoned() && store.core.is_poisoned());
        assert!(store.queue().unwrap().is_empty());
        drop(store.scratch());
        assert!(!store.scratch.is_poisoned());
        store.close().unwrap();
        assert_eq!(store.queue().unwrap_err().code(), ErrorCode::Closed);
    }
}
