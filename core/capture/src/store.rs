//! The store: opening, pausing and resuming it, and who may write when.
//!
//! Two locks, always taken in this order: the folder's (a photo is being kept, or the folder mended; among all processes)
//! and the database's (a statement runs; within this one). Planning never waits for a photo that is being sealed.

use std::fs::File;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, MutexGuard, PoisonError};

use clearshot_protocol::field::FieldKey;
use clearshot_protocol::{CaptureId, Timestamp};
use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::config::{StoreConfig, StoreKeys};
use crate::database;
use crate::error::CaptureError;
use crate::planner::Jitter;
use crate::repair::{RepairReport, repair};
use crate::senders::Senders;
use crate::vault::Vault;

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
    lock_file: Mutex<File>,
    database: Mutex<Option<Connection>>,
}

impl CaptureStore {
    /// Opens the store in `folder` (made if absent), and mends what a crash, a full disk or a person left behind.
    pub fn open(
        folder: impl AsRef<Path>,
        keys: StoreKeys,
        config: StoreConfig,
        now: Timestamp,
    ) -> Result<(Self, RepairReport), CaptureError> {
        let vault = Vault::open(folder.as_ref())?;
        let seed = config.jitter_seed.unwrap_or_else(|| random_seed(now));
        let store = Self {
            labels: FieldKey::derive(&keys.device, LABELS_PURPOSE),
            unauthorised: AtomicBool::new(false),
            jitter: Mutex::new(Jitter::new(seed)),
            senders: Senders::new(vault.senders_lock()),
            lock_file: Mutex::new(vault.lock_file()?),
            database: Mutex::new(None),
            vault,
            keys,
            config,
        };
        let mut report = RepairReport::default();
        {
            let _lock = store.lock_folder()?;
            let connection = match database::open(&store.vault.database()) {
                Err(CaptureError::DatabaseDamaged(_)) => {
                    report.damaged_database = Some(store.vault.set_database_aside()?);
                    database::open(&store.vault.database())?
                }
                other => other?,
            };
            *store.connection() = Some(connection);
            repair(&store, &mut report, now)?;
            if store.config.steps_end_with_process {
                store.senders.while_nobody_sends(|| store.end_leases())?;
            }
        }
        Ok((store, report))
    }

    /// The store's folder.
    pub fn folder(&self) -> &Path {
        self.vault.folder()
    }

    /// Closes the database, so that the system can suspend the process without it holding a lock. Waits for a photo that
    /// is being kept. Until [`Self::resume`], every call that needs the database answers [`CaptureError::Paused`].
    pub fn pause(&self) -> Result<(), CaptureError> {
        let _nothing_being_kept = self.lock_file.lock().unwrap_or_else(PoisonError::into_inner);
        let closed = match self.connection().take() {
            Some(connection) => connection.close().map_err(|(_, error)| error.into()),
            None => Ok(()),
        };
        // After the database: whoever is in between finds it closed, and leaves as well.
        self.senders.leave();
        closed
    }

    /// Opens the database again. Nothing happens when the store is not paused.
    pub fn resume(&self) -> Result<(), CaptureError> {
        let _lock = self.lock_folder()?;
        let mut connection = self.connection();
        if connection.is_none() {
            *connection = Some(database::open(&self.vault.database())?);
        }
        Ok(())
    }

    /// Waits until nobody, in any process, keeps a photo or mends the folder.
    pub(crate) fn lock_folder(&self) -> Result<FolderLock<'_>, CaptureError> {
        let file = self.lock_file.lock().unwrap_or_else(PoisonError::into_inner);
        file.lock().map_err(|source| CaptureError::Folder { path: self.folder().to_owned(), source })?;
        Ok(FolderLock { file })
    }

    /// Runs statements that only read.
    pub(crate) fn read<T>(
        &self,
        run: impl FnOnce(&Connection) -> Result<T, CaptureError>,
    ) -> Result<T, CaptureError> {
        run(self.connection().as_ref().ok_or(CaptureError::Paused)?)
    }

    /// Runs statements in one transaction that may write from its start, and commits it durably.
    pub(crate) fn write<T>(
        &self,
        run: impl FnOnce(&Transaction<'_>) -> Result<T, CaptureError>,
    ) -> Result<T, CaptureError> {
        let mut connection = self.connection();
        let connection = connection.as_mut().ok_or(CaptureError::Paused)?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let result = run(&transaction)?;
        transaction.commit()?;
        Ok(result)
    }

    fn connection(&self) -> MutexGuard<'_, Option<Connection>> {
        // A panic in between rolled its transaction back; the connection itself is sound.
        self.database.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Holds the folder's lock; the system takes it back when the process dies.
#[derive(Debug)]
pub(crate) struct FolderLock<'a> {
    file: MutexGuard<'a, File>,
}

impl Drop for FolderLock<'_> {
    fn drop(&mut self) {
        // Cannot fail on a lock that is held; if it did, closing the file would release it.
        let _ = self.file.unlock();
    }
}

/// An id's random bits are the system's.
fn random_seed(now: Timestamp) -> u64 {
    let id = CaptureId::mint(now).as_uuid().as_u128();
    (id as u64) ^ (id >> 64) as u64
}
