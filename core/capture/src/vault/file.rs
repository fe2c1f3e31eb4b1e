//! The bytes of one file of the vault: writing it whole, reading it, checking it.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek as _, SeekFrom, Write};
use std::path::Path;

use clearshot_protocol::{CaptureId, DigestWriter, Sha256Digest};

use super::header::{HEADER_LENGTH, HeaderError, VaultHeader};
use super::vfs::Vfs;
use super::write_error;
use crate::error::CaptureError;

/// Bytes gathered before they are written, and read at a time: one chunk of the age format and its tag fit.
const BUFFER: usize = 128 * 1024;

/// Takes a photo's sealed bytes on their way to the disk.
pub(crate) type SealedWriter<'a> = BufWriter<FileWriter<'a>>;

/// What a file of the vault turned out to be.
#[derive(Debug)]
pub(crate) enum Found {
    /// A header, and as many bytes behind it as it says.
    Whole(VaultHeader),
    /// Written by a later version.
    Newer,
    /// Anything else.
    Damaged,
}

/// Makes a file with a header and the bytes that `seal` writes, and syncs it. `seal` returns the header.
pub(super) fn write_whole(
    vfs: &dyn Vfs,
    path: &Path,
    seal: impl FnOnce(&mut SealedWriter<'_>) -> Result<VaultHeader, CaptureError>,
) -> Result<VaultHeader, CaptureError> {
    let file = vfs.create_new(path).map_err(write_error)?;
    let mut writer = BufWriter::with_capacity(BUFFER, FileWriter { vfs, file: &file, path, at: 0 });
    // The header holds the digest of what follows it: room first, the content when it is known.
    writer.write_all(&[0; HEADER_LENGTH]).map_err(write_error)?;
    let header = seal(&mut writer)?;
    writer.flush().map_err(write_error)?;
    drop(writer);
    vfs.write_at(&file, path, &header.to_bytes(), 0).map_err(write_error)?;
    vfs.sync(&file, path).map_err(write_error)?;
    Ok(header)
}

/// Reads a file's header, and checks its length against it.
pub(super) fn inspect(vfs: &dyn Vfs, path: &Path) -> io::Result<Found> {
    let Some(length) = vfs.file_length(path)?.and_then(|length| length.checked_sub(HEADER_LENGTH as u64))
    else {
        return Ok(Found::Damaged);
    };
    let mut bytes = [0; HEADER_LENGTH];
    FileReader::open(vfs, path, 0)?.read_exact(&mut bytes)?;
    Ok(match VaultHeader::from_bytes(&bytes) {
        Ok(header) if header.length == length => Found::Whole(header),
        Ok(_) | Err(HeaderError::Damaged) => Found::Damaged,
        Err(HeaderError::Newer) => Found::Newer,
    })
}

/// Opens a file where its sealed bytes begin.
pub(super) fn open_sealed(vfs: &dyn Vfs, path: &Path) -> io::Result<File> {
    let mut file = vfs.open(path)?;
    file.seek(SeekFrom::Start(HEADER_LENGTH as u64))?;
    Ok(file)
}

/// Whether the sealed bytes of a file are those of the digest.
pub(super) fn has_digest(vfs: &dyn Vfs, path: &Path, length: u64, sha256: Sha256Digest) -> io::Result<bool> {
    let mut hasher = DigestWriter::new(io::sink());
    let mut reader = FileReader::open(vfs, path, HEADER_LENGTH as u64)?;
    let mut block = vec![0; BUFFER];
    loop {
        match reader.read(&mut block)? {
            0 => break,
            count => hasher.write_all(&block[..count])?,
        }
    }
    let (_, read, digest) = hasher.finish();
    Ok(read == length && digest == sha256)
}

/// The capture whose file has this name.
pub(super) fn named_after(path: &Path, extension: &str) -> Option<CaptureId> {
    path.file_name()?.to_str()?.strip_suffix(extension)?.strip_suffix('.')?.parse().ok()
}

/// Writes to a file, one block after the other.
#[derive(Debug)]
pub(crate) struct FileWriter<'a> {
    vfs: &'a dyn Vfs,
    file: &'a File,
    path: &'a Path,
    at: u64,
}

impl Write for FileWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.vfs.write_at(self.file, self.path, bytes, self.at)?;
        self.at += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Reads a file, one block after the other.
struct FileReader<'a> {
    vfs: &'a dyn Vfs,
    file: File,
    path: &'a Path,
    at: u64,
}

impl<'a> FileReader<'a> {
    fn open(vfs: &'a dyn Vfs, path: &'a Path, at: u64) -> io::Result<Self> {
        Ok(Self { vfs, file: vfs.open(path)?, path, at })
    }
}

impl Read for FileReader<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let count = self.vfs.read_at(&self.file, self.path, bytes, self.at)?;
        self.at += count as u64;
        Ok(count)
    }
}
