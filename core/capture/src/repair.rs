//! What opening a store mends: files without a row, rows without a file, and everything that is damaged.
//!
//! Runs under the folder's lock, so that no photo is on its way into the vault. Files are moved before the rows change,
//! and every step can be cut off: the next opening finds what is left to do.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use clearshot_protocol::envelope::open_envelope;
use clearshot_protocol::manifest::Manifest;
use clearshot_protocol::{CaptureId, Sha256Digest, ShotId, Timestamp};
use rusqlite::{Transaction, params};

use crate::config::{AskPolicy, MeteredPolicy};
use crate::database::word;
use crate::error::CaptureError;
use crate::planner::{self, Sealing};
use crate::queue::CaptureState;
use crate::row::CaptureRow;
use crate::store::CaptureStore;
use crate::vault::{self, Found, Vault, VaultHeader};

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
    on_device: bool,
    length: u64,
    sha256: Sha256Digest,
}

/// A whole file that the database does not know.
struct Orphan {
    header: VaultHeader,
    manifest: Option<(Manifest, Sha256Digest)>,
}

/// Mends the folder. The caller holds its lock.
pub(crate) fn repair(
    store: &CaptureStore,
    report: &mut RepairReport,
    now: Timestamp,
) -> Result<(), CaptureError> {
    report.unfinished_removed = store.vault.remove_unfinished()?;
    let known = known(store)?;
    let files = whole_files(store, report)?;

    let mut orphans = Vec::new();
    let mut back = Vec::new();
    let mut present = Vec::new();
    for header in files {
        let path = store.vault.path(header.capture);
        match known.get(&header.capture) {
            Some(row) if row.length != header.length || row.sha256 != header.sha256 => {
                report.quarantined.push(store.vault.quarantine(&path)?);
            }
            Some(row) if row.on_device => present.push(header.capture),
            // Deleting it was cut off.
            Some(row) if row.state == CaptureState::Accepted => store.vault.remove(header.capture)?,
            known => {
                if !has_digest(&path, &header)? {
                    report.quarantined.push(store.vault.quarantine(&path)?);
                } else if known.is_some() {
                    back.push(header.capture);
                } else {
                    orphans.push(Orphan { header, manifest: open_manifest(store, &path, &header) });
                }
            }
        }
    }
    let missing: Vec<_> =
        known.iter().filter(|(id, row)| row.on_device && !present.contains(id)).map(|(id, _)| *id).collect();
    if orphans.is_empty() && back.is_empty() && missing.is_empty() {
        return Ok(());
    }
    store.write(|transaction| {
        let sealing = Sealing(&store.labels);
        // The chain and "which one is the newest" follow the ids.
        for orphan in &orphans {
            adopt(store, transaction, orphan)?;
            report.adopted.push(orphan.header.capture);
        }
        for capture in &back {
            planner::mark_found(transaction, &sealing, *capture, now)?;
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

/// The headers of all files that are whole by their length and have the name that their header wants; everything else is
/// set aside.
fn whole_files(store: &CaptureStore, report: &mut RepairReport) -> Result<Vec<VaultHeader>, CaptureError> {
    let mut headers = Vec::new();
    for path in store.vault.files()? {
        match vault::inspect(&path)? {
            Found::Newer => report.newer.push(path),
            Found::Damaged => report.quarantined.push(store.vault.quarantine(&path)?),
            Found::Whole(header) => {
                let wanted = store.vault.path(header.capture);
                if path == wanted {
                    headers.push(header);
                } else if fs::symlink_metadata(&wanted).is_ok() {
                    report.duplicates.push(store.vault.quarantine(&path)?);
                } else {
                    Vault::rename(&path, &wanted)?;
                    headers.push(header);
                }
            }
        }
    }
    Ok(headers)
}

fn known(store: &CaptureStore) -> Result<HashMap<CaptureId, Known>, CaptureError> {
    store.read(|connection| {
        let mut statement =
            connection.prepare("SELECT id, state, on_device, length, sha256 FROM captures")?;
        let mut rows = statement.query([])?;
        let mut known = HashMap::new();
        while let Some(row) = rows.next()? {
            let state = word(&row.get::<_, String>(1)?, "a state")?;
            let sha256 = Sha256Digest::from_bytes(row.get(4)?);
            let entry = Known { state, on_device: row.get(2)?, length: row.get(3)?, sha256 };
            known.insert(CaptureId::from_bytes(row.get(0)?), entry);
        }
        Ok(known)
    })
}

fn has_digest(path: &Path, header: &VaultHeader) -> Result<bool, CaptureError> {
    vault::has_digest(path, header.length, header.sha256)
        .map_err(|source| CaptureError::Read { capture: header.capture, source })
}

/// Absent when the photo was sealed with another device key: the service can open it all the same.
fn open_manifest(
    store: &CaptureStore,
    path: &Path,
    header: &VaultHeader,
) -> Option<(Manifest, Sha256Digest)> {
    let envelope = open_envelope(&store.keys.device, vault::open_sealed(path).ok()?).ok()?;
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
