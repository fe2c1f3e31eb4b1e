//! The device key in the store's folder: made once, and kept wrapped by whatever keeps secrets on this device.
//!
//! Not responsible for wrapping: that is the platform's (Keystore, Keychain), or nobody's where the folder itself is what
//! is trusted (the command line).

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clearshot_protocol::seal::Identity;
use zeroize::Zeroizing;

use crate::error::CaptureError;
use crate::vault::{RealDisk, Vault, folder_error, free_name, write_error};

/// The file with the wrapped key.
const KEY: &str = "device.key";

/// Readable and writable by its owner only.
const OWNER_ONLY: u32 = 0o600;

/// Wraps the device key, so that nothing but this device can use what lies in the folder.
pub trait KeyWrap: Send + Sync {
    /// Encrypts the key's text.
    fn wrap(&self, key: &[u8]) -> Result<Vec<u8>, KeyWrapError>;

    /// Decrypts what [`Self::wrap`] gave.
    fn unwrap(&self, wrapped: &[u8]) -> Result<Vec<u8>, KeyWrapError>;
}

/// Why the device key cannot be had. Reads on after "failed to".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyWrapError {
    /// The key store does not answer now: the device is locked, say.
    #[error("use the key store: {0}")]
    Unavailable(String),
    /// The key store has lost what it wrapped the key with, for good.
    #[error("unwrap the device key: {0}")]
    Lost(String),
    /// The key store gave something else than it had been given.
    #[error("unwrap the device key: what the key store gave is none")]
    NotTheKey,
}

/// The device key of a folder.
#[derive(Debug)]
pub struct DeviceKey {
    /// The key.
    pub identity: Identity,
    /// Where the wrapped key was moved that the key store can no longer unwrap. The new key does not open what was sealed
    /// to the old one; all of it can still be sent.
    pub replaced: Option<PathBuf>,
}

impl DeviceKey {
    /// The device key of `folder` (made if absent); made and wrapped where there is none, or where the key store says that
    /// the one there is lost. Of two processes that come at once, one makes it and both use it.
    pub fn of_folder(folder: impl AsRef<Path>, wrap: &dyn KeyWrap) -> Result<Self, CaptureError> {
        let vault = Vault::open(folder.as_ref(), Arc::new(RealDisk))?;
        let lock = vault.lock_file()?;
        lock.lock().map_err(|source| folder_error(vault.folder(), source))?;
        let path = vault.folder().join(KEY);
        let mut replaced = None;
        match std::fs::read(&path).map(Zeroizing::new) {
            Ok(wrapped) => match unwrapped(wrap, &wrapped) {
                Err(CaptureError::DeviceKey(KeyWrapError::Lost(_))) => {
                    let aside = free_name(vault.folder(), |n| format!("{KEY}.lost-{}", n + 1));
                    vault.rename(&path, &aside)?;
                    replaced = Some(aside);
                }
                result => return Ok(Self { identity: result?, replaced }),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(folder_error(&path, error)),
        }
        let identity = Identity::generate();
        let wrapped = wrap.wrap(identity.to_secret_text().as_bytes())?;
        write_durably(&path, &wrapped).map_err(write_error)?;
        Ok(Self { identity, replaced })
    }
}

fn unwrapped(wrap: &dyn KeyWrap, wrapped: &[u8]) -> Result<Identity, CaptureError> {
    let text = Zeroizing::new(wrap.unwrap(wrapped)?);
    let text = std::str::from_utf8(&text).map_err(|_| KeyWrapError::NotTheKey)?;
    Ok(text.parse().map_err(|_| KeyWrapError::NotTheKey)?)
}

/// A key that is there is whole. Under the folder's lock, nobody else writes it.
fn write_durably(path: &Path, content: &[u8]) -> io::Result<()> {
    let unfinished = path.with_extension("key.new");
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(OWNER_ONLY).open(&unfinished)?;
    file.write_all(content)?;
    file.sync_all()?;
    std::fs::rename(&unfinished, path)?;
    File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    /// A key store that only turns bits around.
    #[derive(Default)]
    struct Xor {
        lost: AtomicBool,
        locked: AtomicBool,
    }

    impl KeyWrap for Xor {
        fn wrap(&self, key: &[u8]) -> Result<Vec<u8>, KeyWrapError> {
            Ok(key.iter().map(|byte| byte ^ 0x5a).collect())
        }

        fn unwrap(&self, wrapped: &[u8]) -> Result<Vec<u8>, KeyWrapError> {
            if self.locked.load(Ordering::Relaxed) {
                return Err(KeyWrapError::Unavailable("the device is locked".to_owned()));
            }
            if self.lost.swap(false, Ordering::Relaxed) {
                return Err(KeyWrapError::Lost("it was wiped".to_owned()));
            }
            self.wrap(wrapped)
        }
    }

    #[test]
    fn a_folder_keeps_one_key_and_never_in_clear() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("phone");
        let first = DeviceKey::of_folder(&path, &Xor::default()).unwrap().identity;
        let second = DeviceKey::of_folder(&path, &Xor::default()).unwrap();
        assert_eq!(first.recipient(), second.identity.recipient());
        assert!(second.replaced.is_none());
        let file = std::fs::read(path.join(KEY)).unwrap();
        assert!(!file.windows(10).any(|text| text == b"AGE-SECRET"));
        let mode = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(path.join(KEY)).unwrap());
        assert_eq!(mode & 0o777, OWNER_ONLY);
    }

    #[test]
    fn many_who_come_at_once_get_the_same_key() {
        let folder = tempfile::tempdir().unwrap();
        let keys: Vec<_> = std::thread::scope(|scope| {
            let come = || DeviceKey::of_folder(folder.path(), &Xor::default()).unwrap().identity.recipient();
            let all: Vec<_> = (0..8).map(|_| scope.spawn(come)).collect();
            all.into_iter().map(|one| one.join().unwrap()).collect()
        });
        assert!(keys.iter().all(|key| *key == keys[0]), "{keys:?}");
    }

    #[test]
    fn a_key_that_cannot_be_had_now_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let store = Xor::default();
        let key = DeviceKey::of_folder(folder.path(), &store).unwrap().identity;
        store.locked.store(true, Ordering::Relaxed);
        let refused = DeviceKey::of_folder(folder.path(), &store).unwrap_err();
        assert_eq!(refused.code(), "device_key");
        std::fs::File::create(folder.path().join("other")).unwrap();
        store.locked.store(false, Ordering::Relaxed);
        let again = DeviceKey::of_folder(folder.path(), &store).unwrap();
        assert_eq!((again.identity.recipient(), again.replaced), (key.recipient(), None));
    }

    #[test]
    fn a_key_that_is_lost_for_good_is_set_aside_and_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let store = Xor::default();
        let key = DeviceKey::of_folder(folder.path(), &store).unwrap().identity;
        store.lost.store(true, Ordering::Relaxed);
        let other = DeviceKey::of_folder(folder.path(), &store).unwrap();
        assert_ne!(other.identity.recipient(), key.recipient());
        assert!(other.replaced.unwrap().exists());
        let again = DeviceKey::of_folder(folder.path(), &store).unwrap();
        assert_eq!(again.identity.recipient(), other.identity.recipient());
    }

    #[test]
    fn what_is_no_key_is_an_error_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        DeviceKey::of_folder(folder.path(), &Xor::default()).unwrap();
        let path = folder.path().join(KEY);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.truncate(20);
        write_durably(&path, &bytes).unwrap();
        let refused = DeviceKey::of_folder(folder.path(), &Xor::default()).unwrap_err();
        assert!(matches!(refused, CaptureError::DeviceKey(KeyWrapError::NotTheKey)), "{refused}");
        assert_eq!(std::fs::read(&path).unwrap(), bytes);
    }
}
