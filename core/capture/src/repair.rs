//! What opening a store mends: files without a row, rows without a file, and everything that is damaged.
//!
//! Runs under the folder's lock, so that no photo is on its way into the vault. Files are moved before the rows change,
//! and every step can be cut off: the next opening finds what is left to do.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use clearshot_protocol::envelope::open_envelope;
use clearshot_protocol::manifest::Manifest;
use clearshot_protocol::{CaptureId, Sha256Digest, ShotId};
use rusqlite::{Transaction, params};

use crate::config::{AskPolicy, MeteredPolicy};
use crate::database::word;
use crate::error::CaptureError;
use crate::folder_lock::FolderLock;
use crate::planner::{self, Sealing};
use crate::queue::CaptureState;
use crate::row::CaptureRow;
use crate::store::CaptureStore;
use crate::vault::{Found, Vault, VaultHeader};

/// What opening a store found and mended. All empty on an ordinary day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RepairReport {
    /// Photos without a row, back in the queue.
    pub adopted: Vec<CaptureId>,
    /// Captures whose photo is gone or no longer whole: now `lost`.
    pub lost: Vec<CaptureId>,
    /// Captures that were `lost` and whose photo is back, whole.
    pub found: Vec<CaptureId>,
    /// Where damaged files and files that are nobody's were moved.
    pub quarantined: Vec<PathBuf>,
    /// Where second copies of photos that the vault has were moved.
    pub duplicates: Vec<PathBuf>,
    /// Files of a later version, left alone.
    pub newer: Vec<PathBuf>,
    /// How many photos that were never finished were removed.
    pub unfinished_removed: u32,
    /// Where a damaged database was moved; the queue was rebuilt from the vault.
    pub damaged_database: Option<PathBuf>,
}

impl RepairReport {
    /// Whether nothing had to be mended.
    pub fn is_clean(&self) -> bool {
        *self == Self::default()
    }
}

/// What the database says of a capture's file.
struct Known {
    state: CaptureState,
    discarded: bool,
    on_device: bool,
    length: u64,
    sha256: Sha256Digest,
}

/// A whole file that the database does not know.
struct Orphan {
    header: VaultHeader,
    manifest: Option<(Manifest, Sha256Digest)>,
}

/// Mends the folder.
pub(crate) fn repair(folder: &FolderLock<'_>, report: &mut RepairReport) -> Result<(), CaptureError> {
    let store = folder.store;
    let known = known(folder)?;
    let mut found = Findings { vault: &store.vault, report, unreadable: Vec::new() };
    found.remove_unfinished()?;
    let files = found.whole_files()?;

    let mut orphans = Vec::new();
    let mut back = Vec::new();
    let mut present: HashSet<CaptureId> =
        found.unreadable.iter().filter_map(|path| Vault::capture_at(path)).collect();
    for header in files {
        let path = store.vault.path(header.capture);
        match known.get(&header.capture) {
            Some(row) if row.length != header.length || row.sha256 != header.sha256 => {
                found.set_aside(&path);
            }
            Some(row) if row.on_device => {
                present.insert(header.capture);
            }
            // Deleting it was cut off.
            Some(row) if row.state == CaptureState::Accepted || row.discarded => {
                if store.vault.remove(header.capture).is_err() {
                    found.unreadable.push(path);
                }
            }
            known => match found.is_whole(&path, &header) {
                None => {}
                Some(false) => found.set_aside(&path),
                // It may have come by a copy, or just before its writer was killed.
                Some(true) if store.vault.make_durable(&path).is_err() => found.unreadable.push(path),
                Some(true) if known.is_some() => back.push(header.capture),
                Some(true) => {
                    orphans.push(Orphan { header, manifest: open_manifest(store, &path, &header) });
                }
            },
        }
    }
    let unreadable = std::mem::take(&mut found.unreadable);
    *store.unreadable.lock().unwrap_or_else(PoisonError::into_inner) = unreadable;
    let missing: Vec<_> =
        known.iter().filter(|(id, row)| row.on_device && !present.contains(id)).map(|(id, _)| *id).collect();
    // Also where a photo was begun and nothing of it is here: were it to come back after a power cut, it would be a
    // capture, at a place of the chain that the next one has taken by then.
    if !orphans.is_empty() || !back.is_empty() || folder.has_unfinished_photo()? {
        store.vault.sync_names()?;
    }
    if orphans.is_empty() && back.is_empty() && missing.is_empty() {
        return Ok(());
    }
    folder.write(|transaction| {
        let sealing = Sealing(&store.labels);
        // The chain and "which one is the newest" follow the ids.
        for orphan in &orphans {
            adopt(store, transaction, orphan)?;
            report.adopted.push(orphan.header.capture);
        }
        for capture in &back {
            planner::mark_found(transaction, &sealing, *capture)?;
            report.found.push(*capture);
        }
        for capture in &missing {
            let gone = "Its file is gone or damaged.";
            if planner::mark_lost(transaction, &sealing, *capture, "missing", gone)? == CaptureState::Lost {
                report.lost.push(*capture);
            }
        }
        report.lost.sort();
        Ok(())
    })
}

/// The files of the vault, as they are gone through.
struct Findings<'a> {
    vault: &'a Vault,
    report: &'a mut RepairReport,
    /// What the disk does not give, or does not let go of: left alone.
    unreadable: Vec<PathBuf>,
}

impl Findings<'_> {
    fn remove_unfinished(&mut self) -> Result<(), CaptureError> {
        for path in self.vault.unfinished()? {
            match self.vault.remove_unfinished(&path) {
                Ok(()) => self.report.unfinished_removed += 1,
                Err(_) => self.unreadable.push(path),
            }
        }
        Ok(())
    }

    /// The headers of all files that are whole by their length and have the name that their header wants; everything
    /// else is set aside.
    fn whole_files(&mut self) -> Result<Vec<VaultHeader>, CaptureError> {
        let mut whole = Vec::new();
        let mut misnamed = Vec::new();
        for path in self.vault.files()? {
            match self.vault.inspect(&path) {
                Ok(Found::Whole(header)) if path == self.vault.path(header.capture) => whole.push(header),
                Ok(Found::Whole(header)) => misnamed.push((path, header)),
                Ok(Found::Damaged) => self.set_aside(&path),
                Ok(Found::Newer) => self.report.newer.push(path),
                Err(_) => self.unreadable.push(path),
            }
        }
        for (path, header) in misnamed {
            let holder = whole.iter().position(|holder| holder.capture == header.capture);
            self.rename_or_set_aside(path, header, holder, &mut whole);
        }
        Ok(whole)
    }

    /// A file under another name than its own takes its name, unless another whole file of the capture has it.
    fn rename_or_set_aside(
        &mut self,
        path: PathBuf,
        header: VaultHeader,
        holder: Option<usize>,
        whole: &mut Vec<VaultHeader>,
    ) {
        let wanted = self.vault.path(header.capture);
        if let Some(index) = holder {
            // Which of the two is the photo, only their content tells.
            let holds = self.is_whole(&wanted, &whole[index]);
            if holds == Some(false) && self.is_whole(&path, &header) == Some(true) {
                whole.swap_remove(index);
                self.set_aside(&wanted);
            } else {
                match self.vault.quarantine(&path) {
                    Ok(to) => self.report.duplicates.push(to),
                    Err(_) => self.unreadable.push(path),
                }
                return;
            }
        }
        // What has the name now cannot be read, or could not be moved.
        if self.unreadable.contains(&wanted) || self.vault.rename(&path, &wanted).is_err() {
            self.unreadable.push(path);
        } else {
            whole.push(header);
        }
    }

    fn set_aside(&mut self, path: &Path) {
        match self.vault.quarantine(path) {
            Ok(to) => self.report.quarantined.push(to),
            Err(_) => self.unreadable.push(path.to_owned()),
        }
    }

    /// Whether the content is that of the header; `None` when the disk does not give it.
    fn is_whole(&mut self, path: &Path, header: &VaultHeader) -> Option<bool> {
        let result = self.vault.has_digest(path, header.length, header.sha256);
        result.inspect_err(|_| self.unreadable.push(path.to_owned())).ok()
    }
}

fn known(folder: &FolderLock<'_>) -> Result<HashMap<CaptureId, Known>, CaptureError> {
    folder.read(|connection| {
        let mut statement =
            connection.prepare("SELECT id, state, on_device, length, sha256, discarded FROM captures")?;
        let mut rows = statement.query([])?;
        let mut known = HashMap::new();
        while let Some(row) = rows.next()? {
            let state = word(&row.get::<_, String>(1)?, "a state")?;
            let sha256 = Sha256Digest::from_bytes(row.get(4)?);
            let (on_device, length, discarded) = (row.get(2)?, row.get(3)?, row.get(5)?);
            let entry = Known { state, discarded, on_device, length, sha256 };
            known.insert(CaptureId::from_bytes(row.get(0)?), entry);
        }
        Ok(known)
    })
}

/// Absent when the photo was sealed with another device key: the service can open it all the same.
fn open_manifest(
    store: &CaptureStore,
    path: &Path,
    header: &VaultHeader,
) -> Option<(Manifest, Sha256Digest)> {
    let envelope = open_envelope(&store.keys.device, store.vault.open_sealed(path).ok()?).ok()?;
    let manifest = envelope.manifest;
    let ids = (manifest.capture, manifest.session, manifest.return_id, manifest.item.id, manifest.shot.id);
    let wanted = (header.capture, header.session, header.return_id, header.item, header.shot);
    (ids == wanted).then_some((manifest, envelope.manifest_sha256))
}

/// Makes the rows that a photo needs, as far as its file tells them.
fn adopt(store: &CaptureStore, transaction: &Transaction<'_>, orphan: &Orphan) -> Result<(), CaptureError> {
    let Orphan { header, manifest } = orphan;
    let manifest = manifest.as_ref();
    let (session, item, shot) = (header.session.as_bytes(), header.item.as_bytes(), header.shot.as_bytes());
    transaction.execute(
        "INSERT OR IGNORE INTO sessions (id, return_id, opened_at) VALUES (?1, ?2, ?3)",
        params![session, header.return_id.as_bytes(), header.saved_millis],
    )?;
    let sku = manifest
        .map(|(manifest, _)| store.seal_label("items.sku", header.item, &manifest.item.sku))
        .transpose()?;
    transaction.execute(
        "INSERT INTO items (session, id, position, sku, metered)
         VALUES (?1, ?2, (SELECT count(*) FROM items WHERE session = ?1), ?3, ?4)
         ON CONFLICT DO UPDATE SET sku = coalesce(sku, excluded.sku)",
        params![session, item, sku, MeteredPolicy::default().as_str()],
    )?;
    let role = manifest.map_or("other", |(manifest, _)| manifest.shot.role.as_str());
    let overview = manifest.and_then(|(manifest, _)| manifest.shot.overview).map(|id: ShotId| *id.as_bytes());
    transaction.execute(
        "INSERT OR IGNORE INTO shots (id, session, item, position, role, overview, required, ask_policy)
         VALUES (?1, ?2, ?3, (SELECT count(*) FROM shots WHERE session = ?2 AND item = ?3), ?4, ?5, 0, ?6)",
        params![shot, session, item, role, overview, AskPolicy::default().as_str()],
    )?;
    let metered: String = transaction.query_row(
        "SELECT metered FROM items WHERE session = ?1 AND id = ?2",
        params![session, item],
        |row| row.get(0),
    )?;
    let row = CaptureRow::of(header, manifest.map(|(manifest, digest)| (manifest, Some(*digest))));
    row.insert(transaction, &metered)
}
