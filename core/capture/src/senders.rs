//! Who is sending: how the leases of a process that died are told from those of one that lives.
//!
//! A store that has handed out a step holds `senders.lock` shared until it is dropped or paused; the system lets go of it
//! when the process dies. Whoever can take it exclusively knows that nobody is sending, and that every lease in the
//! database is a dead one's.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::CaptureError;

/// A store's part in `senders.lock`.
#[derive(Debug)]
pub(crate) struct Senders {
    path: PathBuf,
    joined: Mutex<Option<File>>,
}

impl Senders {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, joined: Mutex::new(None) }
    }

    /// Counts this store among the senders. To be called before a step is leased.
    pub(crate) fn join(&self) -> Result<(), CaptureError> {
        let mut joined = self.joined();
        if joined.is_none() {
            let file = self.file()?;
            file.lock_shared().map_err(|source| self.error(source))?;
            *joined = Some(file);
        }
        Ok(())
    }

    /// Counts this store among the senders no longer.
    pub(crate) fn leave(&self) {
        // Closing the file releases the lock.
        *self.joined() = None;
    }

    /// Does something while nobody sends, and nobody can begin to. Does nothing when somebody sends.
    pub(crate) fn while_nobody_sends(
        &self,
        act: impl FnOnce() -> Result<(), CaptureError>,
    ) -> Result<(), CaptureError> {
        let file = self.file()?;
        match file.try_lock() {
            Ok(()) => act(),
            Err(TryLockError::WouldBlock) => Ok(()),
            Err(TryLockError::Error(source)) => Err(self.error(source)),
        }
    }

    fn joined(&self) -> MutexGuard<'_, Option<File>> {
        self.joined.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn file(&self) -> Result<File, CaptureError> {
        let open = OpenOptions::new().create(true).truncate(false).write(true).open(&self.path);
        open.map_err(|source| self.error(source))
    }

    fn error(&self, source: std::io::Error) -> CaptureError {
        CaptureError::Folder { path: self.path.clone(), source }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn acts(senders: &Senders) -> bool {
        let acted = Cell::new(false);
        senders
            .while_nobody_sends(|| {
                acted.set(true);
                Ok(())
            })
            .unwrap();
        acted.get()
    }

    #[test]
    fn nothing_is_done_while_anybody_sends() {
        let folder = tempfile::tempdir().unwrap();
        let [one, two, new] = std::array::from_fn(|_| Senders::new(folder.path().join("senders.lock")));
        assert!(acts(&new));
        one.join().unwrap();
        two.join().unwrap();
        assert!(!acts(&new));
        one.leave();
        assert!(!acts(&new));
        drop(two);
        assert!(acts(&new));
    }
}
