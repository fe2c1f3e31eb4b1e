//! The folder's lock, and the note that it leaves behind when its holder dies in the middle of a photo.
//!
//! `capture.lock` is empty or zeros, except while a photo is being kept: then it holds the capture's id. Whoever takes the
//! lock and finds one there knows that the photo may lie in the vault without a row, and mends the folder first; otherwise
//! the next photo would take its place in the session's chain. The note need not survive a power cut: after that,
//! everybody opens the folder anew, and opening mends it.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::sync::{MutexGuard, PoisonError};

use clearshot_protocol::CaptureId;
use rusqlite::{Connection, Transaction};

use crate::error::CaptureError;
use crate::store::CaptureStore;
use crate::vault::write_error;

/// The note of a folder in which every photo has its row.
const NO_PHOTO: [u8; 16] = [0; 16];

/// Holds the folder's lock; the system takes it back when the process dies.
#[derive(Debug)]
pub(crate) struct FolderLock<'a> {
    pub(crate) store: &'a CaptureStore,
    file: MutexGuard<'a, File>,
}

impl<'a> FolderLock<'a> {
    /// Waits for the lock alone. Everybody but those who open the store wants [`CaptureStore::lock_folder`].
    pub(crate) fn take(store: &'a CaptureStore) -> Result<Self, CaptureError> {
        let file = store.lock_file.lock().unwrap_or_else(PoisonError::into_inner);
        file.lock().map_err(|source| CaptureError::Folder { path: store.folder().to_owned(), source })?;
        Ok(Self { store, file })
    }

    /// Notes that a photo is about to come into the vault.
    pub(crate) fn begin_photo(&self, capture: CaptureId) -> Result<(), CaptureError> {
        self.file.write_all_at(capture.as_bytes(), 0).map_err(write_error)
    }

    /// Notes that what is in the vault has its row. Overwrites rather than cuts the file: a changed length would have to
    /// go through the file system's journal, with every photo.
    pub(crate) fn end_photo(&self) -> Result<(), CaptureError> {
        self.file.write_all_at(&NO_PHOTO, 0).map_err(write_error)
    }

    /// Whether the last holder died, or failed, in the middle of a photo.
    pub(crate) fn has_unfinished_photo(&self) -> Result<bool, CaptureError> {
        let mut note = NO_PHOTO;
        let read = self.file.read_at(&mut note, 0);
        read.map_err(|source| CaptureError::Folder { path: self.store.folder().to_owned(), source })?;
        Ok(note != NO_PHOTO)
    }

    /// Runs statements that only read.
    pub(crate) fn read<T>(
        &self,
        run: impl FnOnce(&Connection) -> Result<T, CaptureError>,
    ) -> Result<T, CaptureError> {
        self.store.read_locked(run)
    }

    /// Runs statements in one transaction that may write from its start, and commits it durably.
    pub(crate) fn write<T>(
        &self,
        run: impl FnOnce(&Transaction<'_>) -> Result<T, CaptureError>,
    ) -> Result<T, CaptureError> {
        self.store.write_locked(run)
    }
}

impl Drop for FolderLock<'_> {
    fn drop(&mut self) {
        // Cannot fail on a lock that is held; if it did, closing the file would release it.
        let _ = self.file.unlock();
    }
}
