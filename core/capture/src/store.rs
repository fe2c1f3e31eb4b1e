//! The store: opening, pausing and resuming it, and who may write when.
//!
//! Two locks, always taken in this order: the folder's (a photo is being kept, or the folder mended; among all processes)
//! and the database's (a statement runs; within this one). Planning never waits for a photo that is being sealed.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use clearshot_analysis::SubjectModel;
use clearshot_protocol::field::FieldKey;
use clearshot_protocol::{CaptureId, Timestamp};
use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::config::{StoreConfig, StoreKeys};
use crate::database::Database;
use crate::error::CaptureError;
use crate::folder_lock::FolderLock;
use crate::forget::forget_old_sessions;
use crate::planner::{self, Jitter};
use crate::repair::{RepairReport, repair};
use crate::senders::{SenderId, Senders};
use crate::vault::{RealDisk, Vault, Vfs};

/// What the key for labels is derived for; another purpose gives another key.
const LABELS_PURPOSE: &str = "clearshot queue labels v1";

/// A phone's sessions, captures and queue, in one folder. Can be shared between threads; several stores, also of
/// several processes, can be open on one folder.
#[derive(Debug)]
pub struct CaptureStore {
    pub(crate) vault: Vault,
    pub(crate) keys: StoreKeys,
    pub(crate) config: StoreConfig,
    pub(crate) labels: FieldKey,
    pub(crate) unauthorised: AtomicBool,
    pub(crate) jitter: Mutex<Jitter>,
    pub(crate) senders: Senders,
    pub(crate) unreadable: Mutex<Vec<PathBuf>>,
    pub(crate) model: Option<Arc<dyn SubjectModel>>,
    pub(crate) lock_file: Mutex<std::fs::File>,
    database: Mutex<Option<Database>>,
}

impl CaptureStore {
    /// Opens the store in `folder` (made if absent), and mends what a crash, a full disk or a person left behind.
    pub fn open(
        folder: impl AsRef<Path>,
        keys: StoreKeys,
        config: StoreConfig,
        now: Timestamp,
    ) -> Result<(Self, RepairReport), CaptureError> {
        Self::open_on(Arc::new(RealDisk), folder, keys, config, now)
    }

    /// As [`Self::open`], with the vault's files on another disk than the device's: one that fails, or loses its power.
    pub fn open_on(
        disk: Arc<dyn Vfs>,
        folder: impl AsRef<Path>,
        keys: StoreKeys,
        config: StoreConfig,
        now: Timestamp,
    ) -> Result<(Self, RepairReport), CaptureError> {
        let vault = Vault::open(folder.as_ref(), disk)?;
        let seed = config.jitter_seed.unwrap_or_else(|| random_seed(now));
        let store = Self {
            labels: FieldKey::derive(&keys.device, LABELS_PURPOSE),
            unauthorised: AtomicBool::new(false),
            jitter: Mutex::new(Jitter::new(seed)),
            senders: Senders::new(vault.senders(), SenderId(random_seed(now).cast_signed())),
            unreadable: Mutex::default(),
            model: None,
            lock_file: Mutex::new(vault.lock_file()?),
            database: Mutex::new(None),
            vault,
            keys,
            config,
        };
        let mut report = RepairReport::default();
        {
            let folder = FolderLock::take(&store)?;
            let database = match Database::open(&store.vault.database()) {
                Err(CaptureError::DatabaseDamaged(_)) => {
                    report.damaged_database = Some(store.vault.set_database_aside()?);
                    Database::open(&store.vault.database())?
                }
                other => other?,
            };
            *store.database() = Some(database);
            repair(&folder, &mut report)?;
            folder.end_photo()?;
            folder.write(|transaction| planner::end_dead_leases(transaction, &store.senders))?;
            store.senders.remove_dead()?;
            // On a disk that is full, say. The shopper gets at their queue all the same, and the next sweep tries again.
            let _ = forget_old_sessions(&folder, now);
        }
        Ok((store, report))
    }

    /// The same store with a model that looks at every photo it judges. It may be shared with the preview and with other
    /// stores.
    #[must_use]
    pub fn with_model(self, model: Arc<dyn SubjectModel>) -> Self {
        Self { model: Some(model), ..self }
    }

    /// The store's folder.
    pub fn folder(&self) -> &Path {
        self.vault.folder()
    }

    /// Files of the vault that the disk did not give when the folder was last mended. They were left where they are, and
    /// their captures as they were: the disk may give them later.
    pub fn unreadable_files(&self) -> Vec<PathBuf> {
        self.unreadable.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Closes the database, so that the system can suspend the process without it holding a lock. Waits for a photo that
    /// is being kept. Until [`Self::resume`], every call that needs the database answers [`CaptureError::Paused`].
    pub fn pause(&self) -> Result<(), CaptureError> {
        let _nothing_being_kept = self.lock_file.lock().unwrap_or_else(PoisonError::into_inner);
        let closed = match self.database().take() {
            Some(database) => database.close(),
            None => Ok(()),
        };
        // After the database: whoever is in between finds it closed, and leaves as well.
        self.senders.leave();
        closed
    }

    /// Opens the database again. Nothing happens when the store is not paused.
    pub fn resume(&self) -> Result<(), CaptureError> {
        let _lock = FolderLock::take(self)?;
        let mut database = self.database();
        if database.is_none() {
            *database = Some(Database::open(&self.vault.database())?);
        }
        Ok(())
    }

    /// Waits until nobody, in any process, keeps a photo or mends the folder; then finishes what somebody who died, or
    /// who found the database damaged, has left of it.
    pub(crate) fn lock_folder(&self) -> Result<FolderLock<'_>, CaptureError> {
        let folder = FolderLock::take(self)?;
        let replaced = self.is_database_replaced();
        if replaced {
            *self.database() = Some(Database::open(&self.vault.database())?);
        }
        if replaced || (self.database().is_some() && folder.has_unfinished_photo()?) {
            repair(&folder, &mut RepairReport::default())?;
            folder.end_photo()?;
        }
        Ok(folder)
    }

    /// Runs statements that only read. Not under the folder's lock, which has its own.
    pub(crate) fn read<T>(
        &self,
        run: impl FnOnce(&Connection) -> Result<T, CaptureError>,
    ) -> Result<T, CaptureError> {
        self.follow_database()?;
        self.read_locked(run)
    }

    /// Runs statements in one transaction that may write from its start, and commits it durably. Not under the folder's
    /// lock, which has its own.
    pub(crate) fn write<T>(
        &self,
        run: impl FnOnce(&Transaction<'_>) -> Result<T, CaptureError>,
    ) -> Result<T, CaptureError> {
        self.follow_database()?;
        self.write_locked(run)
    }

    pub(crate) fn read_locked<T>(
        &self,
        run: impl FnOnce(&Connection) -> Result<T, CaptureError>,
    ) -> Result<T, CaptureError> {
        run(&self.database().as_ref().ok_or(CaptureError::Paused)?.connection)
    }

    pub(crate) fn write_locked<T>(
        &self,
        run: impl FnOnce(&Transaction<'_>) -> Result<T, CaptureError>,
    ) -> Result<T, CaptureError> {
        let mut database = self.database();
        let connection = &mut database.as_mut().ok_or(CaptureError::Paused)?.connection;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let result = run(&transaction)?;
        transaction.commit()?;
        Ok(result)
    }

    /// Another store may have moved a damaged database aside: this one goes on with the one that was rebuilt, so that
    /// there are never two queues.
    fn follow_database(&self) -> Result<(), CaptureError> {
        if self.is_database_replaced() { self.lock_folder().map(drop) } else { Ok(()) }
    }

    fn is_database_replaced(&self) -> bool {
        self.database().as_ref().is_some_and(|database| !database.is_at(&self.vault.database()))
    }

    fn database(&self) -> MutexGuard<'_, Option<Database>> {
        // A panic in between rolled its transaction back; the connection itself is sound.
        self.database.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An id's random bits are the system's.
fn random_seed(now: Timestamp) -> u64 {
    let id = CaptureId::mint(now).as_uuid().as_u128();
    (id as u64) ^ (id >> 64) as u64
}
