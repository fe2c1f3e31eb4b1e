//! The file of an unfinished upload. Blocking: callers are on a blocking thread.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use clearshot_protocol::Sha256Digest;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::disk::{DataFolder, parent_of};
use crate::vfs::{Vfs, remove_if_there};

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
    vfs: Arc<dyn Vfs>,
    file: File,
    path: PathBuf,
    hash: HashState,
    synced: u64,
    /// The file goes on behind the bytes that are counted.
    surplus: bool,
}

pub(super) fn path(folder: &DataFolder, upload: Uuid) -> PathBuf {
    folder.spool().join(upload.hyphenated().to_string())
}

impl Spool {
    /// Makes the empty file, and its name durable. Nothing is left of it when that fails.
    pub(super) fn create(folder: &DataFolder, upload: Uuid) -> io::Result<Self> {
        let (vfs, path) = (folder.vfs().clone(), path(folder, upload));
        let file = vfs.create_new(&path)?;
        vfs.sync_folder(&folder.spool()).inspect_err(|_| {
            // Should it stay after all, it has no row, and is swept with what is left over.
            let _ = vfs.remove(&path);
        })?;
        let hash = HashState { offset: 0, hasher: Sha256::new() };
        Ok(Self { vfs, file, path, hash, synced: 0, surplus: false })
    }

    /// Opens the file behind its first `offset` bytes, which are durable. Bytes behind them were never counted, and
    /// after a power cut they may be anything: see [`Spool::has_surplus`].
    pub(super) fn open(
        folder: &DataFolder,
        upload: Uuid,
        offset: u64,
        known: Option<HashState>,
    ) -> io::Result<Self> {
        let (vfs, path) = (folder.vfs().clone(), path(folder, upload));
        let file = vfs.open_to_write(&path)?;
        let length = vfs.file_length(&path)?;
        if length < offset {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let hash = match known {
            Some(known) if known.offset == offset => known,
            _ => hash_file(&*vfs, &file, &path, offset)?,
        };
        Ok(Self { vfs, file, path, hash, synced: offset, surplus: length > offset })
    }

    /// Whether there are bytes that were never counted, to be [cut off](Spool::cut_off_surplus) before others are
    /// appended.
    pub(super) fn has_surplus(&self) -> bool {
        self.surplus
    }

    /// Cuts off what was never counted.
    pub(super) fn cut_off_surplus(&mut self) -> io::Result<()> {
        self.vfs.set_length(&self.file, &self.path, self.hash.offset)?;
        self.surplus = false;
        Ok(())
    }

    /// How many bytes it has.
    pub(super) fn offset(&self) -> u64 {
        self.hash.offset
    }

    /// Appends bytes, one piece behind the other; durable after the next [`Spool::sync`].
    pub(super) fn append(&mut self, pieces: &[Bytes]) -> io::Result<()> {
        let written = self.vfs.write_pieces_at(&self.file, &self.path, pieces, self.hash.offset);
        written.inspect_err(|_| self.give_up())?;
        for piece in pieces {
            self.hash.hasher.update(piece);
            self.hash.offset += piece.len() as u64;
        }
        Ok(())
    }

    /// Makes all bytes durable. When that fails, nobody knows what is on the disk of the bytes since the last sync,
    /// and asking again would answer for others (<https://lwn.net/Articles/752063>): they are never counted, and
    /// have to be sent again.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        if self.synced < self.hash.offset {
            self.vfs.sync(&self.file, &self.path).inspect_err(|_| self.give_up())?;
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
        self.vfs.set_length(&self.file, &self.path, mark.offset)?;
        self.synced = self.synced.min(mark.offset);
        self.hash = mark;
        Ok(())
    }

    /// Gives the room of what is not durable back: a full disk needs it. What stays is cut off by the next request.
    fn give_up(&self) {
        let _ = self.vfs.set_length(&self.file, &self.path, self.synced);
    }
}

/// Gives the complete file its name as evidence, durably. The name in the spool stays until the rows have followed, so
/// that nothing is to be undone when they do not.
pub(super) fn link(folder: &DataFolder, upload: Uuid, evidence: &Path) -> io::Result<()> {
    let (vfs, path) = (folder.vfs(), path(folder, upload));
    match vfs.link(&path, evidence) {
        // Left by a try whose rows did not follow.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            vfs.remove(evidence)?;
            vfs.link(&path, evidence)?;
        }
        other => other?,
    }
    vfs.sync_folder(&parent_of(evidence))
}

/// Takes back the name that a try whose rows did not follow has left among the evidence, durably.
pub(super) fn unlink(folder: &DataFolder, evidence: &Path) -> io::Result<()> {
    if remove_if_there(&**folder.vfs(), evidence)? {
        folder.vfs().sync_folder(&parent_of(evidence))?;
    }
    Ok(())
}

/// Removes the file of an upload that is not wanted any more. Not durably: a name that comes back is swept.
pub(super) fn remove(folder: &DataFolder, upload: Uuid) -> io::Result<()> {
    remove_if_there(&**folder.vfs(), &path(folder, upload)).map(|_| ())
}

/// The digest of a whole file, and its length.
pub(super) fn digest_of(vfs: &dyn Vfs, path: &Path) -> io::Result<(u64, Sha256Digest)> {
    let file = vfs.open(path)?;
    let length = vfs.file_length(path)?;
    let hash = hash_file(vfs, &file, path, length)?;
    Ok((length, Sha256Digest::from_bytes(hash.hasher.finalize().into())))
}

fn hash_file(vfs: &dyn Vfs, file: &File, path: &Path, length: u64) -> io::Result<HashState> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; READ_BUFFER];
    let mut at = 0;
    while at < length {
        let part = buffer.len().min(usize::try_from(length - at).unwrap_or(usize::MAX));
        match vfs.read_at(file, path, &mut buffer[..part], at)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => {
                hasher.update(&buffer[..count]);
                at += count as u64;
            }
        }
    }
    Ok(HashState { offset: length, hasher })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn new_spool() -> (tempfile::TempDir, DataFolder, Uuid, Spool) {
        let temporary = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(temporary.path()).unwrap();
        let upload = Uuid::from_u128(7);
        let spool = Spool::create(&folder, upload).unwrap();
        (temporary, folder, upload, spool)
    }

    #[test]
    fn the_digest_goes_on_whether_it_is_remembered_or_computed_again() {
        let (_temporary, folder, upload, mut spool) = new_spool();
        spool.append(&[Bytes::from_static(b"a chipped ")]).unwrap();
        spool.sync().unwrap();
        let known = spool.close();
        for known in [Some(known), None] {
            let mut spool = Spool::open(&folder, upload, 10, known).unwrap();
            spool.append(&[Bytes::from_static(b"mug")]).unwrap();
            assert_eq!(spool.digest(), Sha256Digest::of(b"a chipped mug"));
        }
    }

    #[test]
    fn what_was_taken_back_is_in_neither_the_file_nor_the_digest() {
        let (_temporary, folder, upload, mut spool) = new_spool();
        spool.append(&[Bytes::from_static(b"a chipped ")]).unwrap();
        let mark = spool.mark();
        spool.append(&[Bytes::from_static(b"mouse")]).unwrap();
        spool.sync().unwrap();
        spool.rewind(mark).unwrap();
        spool.append(&[Bytes::from_static(b"mug")]).unwrap();
        assert_eq!(spool.digest(), Sha256Digest::of(b"a chipped mug"));
        assert_eq!(fs::read(path(&folder, upload)).unwrap(), b"a chipped mug");
    }

    #[test]
    fn bytes_that_were_never_counted_are_seen_and_cut_off() {
        let (_temporary, folder, upload, mut spool) = new_spool();
        assert!(!spool.has_surplus());
        spool.append(&[Bytes::from_static(b"durable, garbage")]).unwrap();
        drop(spool);
        let mut spool = Spool::open(&folder, upload, 7, None).unwrap();
        assert!(spool.has_surplus());
        spool.cut_off_surplus().unwrap();
        assert!(!spool.has_surplus());
        assert_eq!(spool.digest(), Sha256Digest::of(b"durable"));
        assert_eq!(fs::metadata(path(&folder, upload)).unwrap().len(), 7);
    }
}
