//! Who is sending: how the leases of a process that died are told from those of one that lives.
//!
//! A store that hands out steps holds a lock on a file of its own in `senders/` until it is dropped or paused; the system
//! lets go of it when the process dies, however it dies. Every lease names its sender, so that whoever asks for a step
//! can tell which leases are a dead one's, also while others send.
//!
//! The name of a file is removed only by who holds its lock, and who has got a lock looks whether the name is still its
//! file's. So nobody can hold a lock that others do not find.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::database::is_file_at;
use crate::error::CaptureError;

const EXTENSION: &str = "lock";

/// Which store sends. Drawn anew for every store that is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SenderId(pub(crate) i64);

/// A store's part among the senders.
#[derive(Debug)]
pub(crate) struct Senders {
    folder: PathBuf,
    own: SenderId,
    joined: Mutex<Option<File>>,
}

impl Senders {
    pub(crate) fn new(folder: PathBuf, own: SenderId) -> Self {
        Self { folder, own, joined: Mutex::new(None) }
    }

    /// The id of this store.
    pub(crate) fn own(&self) -> SenderId {
        self.own
    }

    /// Counts this store among the senders. To be called before a step is leased.
    pub(crate) fn join(&self) -> Result<(), CaptureError> {
        let mut joined = self.joined();
        while joined.is_none() {
            let path = self.path(self.own);
            let locked = lock_new(&path);
            *joined = locked.map_err(|source| CaptureError::Folder { path, source })?;
        }
        Ok(())
    }

    /// Counts this store among the senders no longer.
    pub(crate) fn leave(&self) {
        if let Some(file) = self.joined().take() {
            // A name that stays is removed by the next opening.
            let _ = fs::remove_file(self.path(self.own));
            // Closing the file releases the lock.
            drop(file);
        }
    }

    /// Whether a sender lives. Of one that does not, nothing is left.
    pub(crate) fn lives(&self, sender: SenderId) -> Result<bool, CaptureError> {
        if sender == self.own {
            return Ok(true);
        }
        let path = self.path(sender);
        is_locked(&path).map_err(|source| CaptureError::Folder { path, source })
    }

    /// Removes what senders that died have left.
    pub(crate) fn remove_dead(&self) -> Result<(), CaptureError> {
        let failed = |source| CaptureError::Folder { path: self.folder.clone(), source };
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries.map_err(failed)?,
        };
        for entry in entries {
            let path = entry.map_err(failed)?.path();
            let name = path.file_stem().and_then(|name| name.to_str());
            if let Some(sender) = name.and_then(|name| name.parse().ok()) {
                self.lives(SenderId(sender))?;
            }
        }
        Ok(())
    }

    fn path(&self, sender: SenderId) -> PathBuf {
        self.folder.join(sender.0.to_string()).with_extension(EXTENSION)
    }

    fn joined(&self) -> MutexGuard<'_, Option<File>> {
        self.joined.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Senders {
    fn drop(&mut self) {
        self.leave();
    }
}

/// Makes a file and locks it; `None` when somebody took its owner for dead meanwhile, and has removed it.
fn lock_new(path: &Path) -> io::Result<Option<File>> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
    // Waits for whoever is just looking.
    file.lock()?;
    Ok(is_file_at(&file, path)?.then_some(file))
}

/// Whether somebody holds a file's lock. Removes it otherwise.
fn is_locked(path: &Path) -> io::Result<bool> {
    loop {
        let file = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            file => file?,
        };
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => return Ok(true),
            Err(TryLockError::Error(error)) => return Err(error),
            // Otherwise its owner has left and come back: look again.
            Ok(()) if is_file_at(&file, path)? => return fs::remove_file(path).map(|()| false),
            Ok(()) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_lives_from_joining_to_leaving_or_being_dropped_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("senders");
        let [one, two, looking] = [1, 2, 3].map(|id| Senders::new(path.clone(), SenderId(id)));
        let living = || [1, 2].map(|id| looking.lives(SenderId(id)).unwrap());
        assert_eq!(living(), [false, false]);
        one.join().unwrap();
        two.join().unwrap();
        assert_eq!(living(), [true, true]);
        one.leave();
        assert_eq!(living(), [false, true]);
        one.join().unwrap();
        assert_eq!(living(), [true, true], "it has come back");
        drop((one, two));
        assert_eq!(living(), [false, false]);
        assert_eq!(fs::read_dir(&path).unwrap().count(), 0);
    }

    #[test]
    fn what_a_killed_sender_has_left_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let [living, new] = [-5, 6].map(|id| Senders::new(folder.path().to_owned(), SenderId(id)));
        living.join().unwrap();
        File::create(folder.path().join("77.lock")).unwrap();
        new.remove_dead().unwrap();
        let left: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["-5.lock"]);
    }
}
