//! The folder of each run, and what makes runs alike: what one server leaves behind, on the disk or in memory, is not to
//! slow the next one down.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Context as _;

/// Bytes written at a time while memory is made ready.
const BLOCK: usize = 256 * 1024;

/// Where all servers store; removed when dropped.
pub(crate) struct Disk {
    folder: PathBuf,
    runs: AtomicUsize,
}

impl Disk {
    /// Begins with nothing of runs before.
    pub(crate) fn open(folder: &Path) -> anyhow::Result<Self> {
        let folder = std::path::absolute(folder)?.join("stored");
        match fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("remove {}", folder.display()));
            }
            _ => {}
        }
        fs::create_dir_all(&folder)?;
        Ok(Self { folder, runs: AtomicUsize::new(0) })
    }

    /// An empty folder for a run that stores so many bytes.
    ///
    /// Memory for them is made ready: a virtual machine's host takes memory back that has been free for a moment, and to give
    /// it again costs whoever touches it first up to three times the CPU time of the upload.
    pub(crate) fn next_run(&self, bytes: usize) -> anyhow::Result<Folder> {
        let file = self.folder.join("memory");
        let mut memory = File::create(&file)?;
        let block = vec![0; BLOCK];
        for _ in 0..bytes.div_ceil(BLOCK) {
            memory.write_all(&block)?;
        }
        memory.set_len(0)?;
        let folder = self.folder.join(self.runs.fetch_add(1, Ordering::Relaxed).to_string());
        fs::create_dir(&folder)?;
        Ok(Folder(folder))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            eprintln!("note: could not remove {}: {error}", self.folder.display());
        }
    }
}

/// A run's folder. Its files are emptied when it is dropped, and stay until all runs are over: ext4 gives the number of a file that
/// was removed to no other for minutes, and looks at each of them again for every file that is made.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = empty(&self.0) {
            eprintln!("note: could not empty {}: {error}", self.0.display());
        }
        // What this server has left to the system to write is not to disturb the next one.
        rustix::fs::sync();
    }
}

fn empty(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            empty(&entry.path())?;
        } else {
            File::options().write(true).truncate(true).open(entry.path())?;
        }
    }
    Ok(())
}
