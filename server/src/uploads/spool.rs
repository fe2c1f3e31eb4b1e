//! The file of an unfinished upload. Blocking: callers are on a blocking thread.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use clearshot_protocol::Sha256Digest;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::disk::{DataFolder, create_private, remove_file, sync_folder};

/// Bytes read at a time when a file is hashed again.
const READ_BUFFER: usize = 256 * 1024;

/// The digest of an upload's first `offset` bytes, to be continued.
#[derive(Clone)]
pub(super) struct HashState {
    offset: u64,
    hasher: Sha256,
}

/// An unfinished upload, open at its end.
pub(super) struct Spool {
    file: File,
    hash: HashState,
    synced: u64,
}

pub(super) fn path(folder: &DataFolder, upload: Uuid) -> PathBuf {
    folder.spool().join(upload.hyphenated().to_string())
}

impl Spool {
    /// Makes the empty file, and its name durable.
    pub(super) fn create(folder: &DataFolder, upload: Uuid) -> io::Result<()> {
        create_private(&path(folder, upload))?.sync_all()?;
        sync_folder(&folder.spool())
    }

    /// Opens the file behind its first `offset` bytes, which are durable. Bytes behind them were never acknowledged,
    /// and after a power cut they may be anything: they are cut off.
    pub(super) fn open(
        folder: &DataFolder,
        upload: Uuid,
        offset: u64,
        known: Option<HashState>,
    ) -> io::Result<Self> {
        let path = path(folder, upload);
        let mut file = OpenOptions::new().read(true).write(true).open(&path)?;
        match file.metadata()?.len() {
            length if length < offset => return Err(io::ErrorKind::UnexpectedEof.into()),
            length if length > offset => file.set_len(offset)?,
            _ => {}
        }
        let hash = match known {
            Some(known) if known.offset == offset => known,
            _ => hash_file(&mut file, offset)?,
        };
        file.seek(SeekFrom::Start(offset))?;
        Ok(Self { file, hash, synced: offset })
    }

    /// How many bytes it has.
    pub(super) fn offset(&self) -> u64 {
        self.hash.offset
    }

    /// Appends bytes; durable after the next [`Spool::sync`].
    pub(super) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.hash.hasher.update(bytes);
        self.hash.offset += bytes.len() as u64;
        Ok(())
    }

    /// Makes all bytes durable (`fdatasync`: the length counts as data).
    pub(super) fn sync(&mut self) -> io::Result<()> {
        if self.synced < self.hash.offset {
            self.file.sync_data()?;
            self.synced = self.hash.offset;
        }
        Ok(())
    }

    /// Closes the file, to be opened again with what is known of its digest.
    pub(super) fn close(self) -> HashState {
        self.hash
    }

    /// The digest of all bytes.
    pub(super) fn digest(&self) -> Sha256Digest {
        Sha256Digest::from_bytes(self.hash.hasher.clone().finalize().into())
    }

    /// What is known of the digest so far.
    pub(super) fn mark(&self) -> HashState {
        self.hash.clone()
    }

    /// Takes back what was appended since `mark`.
    pub(super) fn rewind(&mut self, mark: HashState) -> io::Result<()> {
        self.file.set_len(mark.offset)?;
        self.file.seek(SeekFrom::Start(mark.offset))?;
        self.synced = self.synced.min(mark.offset);
        self.hash = mark;
        Ok(())
    }
}

/// Gives the complete file its name as evidence, durably. The name in the spool stays until the rows have followed, so
/// that nothing is to be undone when they do not.
pub(super) fn link(folder: &DataFolder, upload: Uuid, evidence: &Path) -> io::Result<()> {
    let path = path(folder, upload);
    match fs::hard_link(&path, evidence) {
        // Left by a try whose rows did not follow.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            fs::remove_file(evidence)?;
            fs::hard_link(&path, evidence)?;
        }
        other => other?,
    }
    sync_folder(evidence.parent().unwrap_or(Path::new(".")))
}

/// Removes the file of an upload that is not wanted any more.
pub(super) fn remove(folder: &DataFolder, upload: Uuid) -> io::Result<()> {
    remove_file(&path(folder, upload))
}

/// The digest of a whole file, and its length.
pub(super) fn digest_of(path: &Path) -> io::Result<(u64, Sha256Digest)> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let hash = hash_file(&mut file, length)?;
    Ok((length, Sha256Digest::from_bytes(hash.hasher.finalize().into())))
}

fn hash_file(file: &mut File, length: u64) -> io::Result<HashState> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; READ_BUFFER];
    file.seek(SeekFrom::Start(0))?;
    let mut rest = length;
    while rest > 0 {
        let part = buffer.len().min(usize::try_from(rest).unwrap_or(usize::MAX));
        file.read_exact(&mut buffer[..part])?;
        hasher.update(&buffer[..part]);
        rest -= part as u64;
    }
    Ok(HashState { offset: length, hasher })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new_spool() -> (tempfile::TempDir, DataFolder, Uuid, Spool) {
        let temporary = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(temporary.path()).unwrap();
        let upload = Uuid::from_u128(7);
        Spool::create(&folder, upload).unwrap();
        let spool = Spool::open(&folder, upload, 0, None).unwrap();
        (temporary, folder, upload, spool)
    }

    #[test]
    fn the_digest_goes_on_whether_it_is_remembered_or_computed_again() {
        let (_temporary, folder, upload, mut spool) = new_spool();
        spool.append(b"a chipped ").unwrap();
        spool.sync().unwrap();
        let known = spool.close();
        for known in [Some(known), None] {
            let mut spool = Spool::open(&folder, upload, 10, known).unwrap();
            spool.append(b"mug").unwrap();
            assert_eq!(spool.digest(), Sha256Digest::of(b"a chipped mug"));
        }
    }

    #[test]
    fn what_was_taken_back_is_in_neither_the_file_nor_the_digest() {
        let (_temporary, folder, upload, mut spool) = new_spool();
        spool.append(b"a chipped ").unwrap();
        let mark = spool.mark();
        spool.append(b"mouse").unwrap();
        spool.sync().unwrap();
        spool.rewind(mark).unwrap();
        spool.append(b"mug").unwrap();
        assert_eq!(spool.digest(), Sha256Digest::of(b"a chipped mug"));
        assert_eq!(fs::read(path(&folder, upload)).unwrap(), b"a chipped mug");
    }

    #[test]
    fn bytes_that_were_never_acknowledged_are_cut_off() {
        let (_temporary, folder, upload, mut spool) = new_spool();
        spool.append(b"durable, garbage").unwrap();
        drop(spool);
        let spool = Spool::open(&folder, upload, 7, None).unwrap();
        assert_eq!(spool.digest(), Sha256Digest::of(b"durable"));
        assert_eq!(fs::metadata(path(&folder, upload)).unwrap().len(), 7);
    }
}
