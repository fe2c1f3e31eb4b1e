//! A folder that plays the phone: the capture store, and beside it what a phone keeps elsewhere.
//!
//! A real phone keeps its device key in the Keystore or Secure Enclave, and has the service's public key from its app's
//! configuration. On the command line both lie in the folder: `device.key` (readable by its owner only) and
//! `service.json`.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, bail};
use clearshot_capture::{
    CaptureStore, DeviceKey, KeyWrap, KeyWrapError, RepairReport, StoreConfig, StoreKeys,
};
use clearshot_protocol::Timestamp;
use clearshot_protocol::api::ServiceView;
use clearshot_protocol::seal::Recipient;
use clearshot_upload::{PlainHttp, ServerAddress, Transport};
use serde::{Deserialize, Serialize};

/// How the phone reaches its service.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Service {
    /// Where the returns API is.
    pub(crate) server: String,
    /// Its public key.
    pub(crate) recipient: Recipient,
}

/// The folder of a phone.
pub(crate) struct Phone {
    folder: PathBuf,
}

impl Phone {
    pub(crate) fn at(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// The service that this phone was told of, if it was.
    pub(crate) fn service(&self) -> anyhow::Result<Option<Service>> {
        let path = self.service_path();
        match std::fs::read(&path) {
            Ok(json) => {
                Ok(Some(serde_json::from_slice(&json).with_context(|| format!("read {}", path.display()))?))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("read {}", path.display())),
        }
    }

    /// Remembers the service, so that the next capture needs no network. A phone stays with its service's key: photos
    /// in its queue are sealed to it.
    pub(crate) fn remember(&self, service: &Service) -> anyhow::Result<()> {
        if let Some(known) = self.service()?
            && known.recipient != service.recipient
        {
            bail!(
                "use {}: this queue's photos are sealed to another service's key ({}); take another --queue folder",
                service.server,
                known.recipient
            );
        }
        let service = Service { server: service.server.trim_end_matches('/').to_owned(), ..service.clone() };
        std::fs::create_dir_all(&self.folder).with_context(|| format!("make {}", self.folder.display()))?;
        replace(&self.service_path(), &serde_json::to_vec_pretty(&service)?)
    }

    /// Opens the queue. Says on standard error what had to be mended.
    pub(crate) fn open(&self) -> anyhow::Result<CaptureStore> {
        let service = self.service()?.ok_or_else(|| {
            anyhow!(
                "open the queue in {}: it does not know its service yet; begin it with clearshot capture … --server URL",
                self.folder.display()
            )
        })?;
        let keys = StoreKeys {
            device: DeviceKey::of_folder(&self.folder, &InClear)?.identity,
            service: service.recipient,
        };
        let (store, repaired) =
            CaptureStore::open(&self.folder, keys, StoreConfig::default(), Timestamp::now())?;
        for note in repair_notes(&repaired).into_iter().chain(unreadable_notes(&store.unreadable_files())) {
            eprintln!("note: {note}");
        }
        Ok(store)
    }

    fn service_path(&self) -> PathBuf {
        self.folder.join("service.json")
    }
}

/// Wraps nothing: on the command line the folder itself is what is trusted.
struct InClear;

impl KeyWrap for InClear {
    fn wrap(&self, key: &[u8]) -> Result<Vec<u8>, KeyWrapError> {
        Ok(key.to_vec())
    }

    fn unwrap(&self, wrapped: &[u8]) -> Result<Vec<u8>, KeyWrapError> {
        Ok(wrapped.to_vec())
    }
}

/// What was mended, a sentence each.
fn repair_notes(report: &RepairReport) -> Vec<String> {
    let RepairReport {
        adopted,
        lost,
        found,
        quarantined,
        duplicates,
        newer,
        unfinished_removed,
        damaged_database,
    } = report;
    let mut notes = Vec::new();
    if let Some(path) = damaged_database {
        notes
            .push(format!("the queue's database was damaged and rebuilt; the old one is {}", path.display()));
    }
    let mut counted = |count: usize, what: &str| {
        if count > 0 {
            notes.push(format!("{what}: {count}"));
        }
    };
    counted(adopted.len(), "photos without a row, back in the queue now");
    counted(found.len(), "lost photos that are back");
    counted(lost.len(), "photos that are no longer whole on this phone, lost now");
    counted(duplicates.len(), "second copies of photos, moved to quarantine/");
    counted(newer.len(), "files of a later version, left alone");
    counted(*unfinished_removed as usize, "photos that were never finished, removed now");
    notes.extend(
        quarantined.iter().map(|path| format!("a damaged or foreign file was moved to {}", path.display())),
    );
    notes
}

/// What the disk does not give at the moment, a sentence each.
fn unreadable_notes(files: &[PathBuf]) -> Vec<String> {
    files
        .iter()
        .map(|path| {
            format!("the disk does not give {} now; it was left as it is: restart the device", path.display())
        })
        .collect()
}

/// Replaces a file as a whole, durably.
fn replace(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    file.persist(path).with_context(|| format!("write {}", path.display()))?;
    File::open(folder)?.sync_all()?;
    Ok(())
}

/// Asks a server for its public key.
pub(crate) async fn ask_service(server: &str) -> anyhow::Result<Service> {
    let server = server.trim_end_matches('/').to_owned();
    let answer = http_client(&server)?
        .get(format!("{server}/v1/service"))
        .send()
        .await
        .and_then(reqwest::Response::error_for_status)
        .with_context(|| format!("reach {server}; is it a Clearshot server (clearshot serve)?"))?;
    let view: ServiceView = answer.json().await.with_context(|| format!("understand {server}'s answer"))?;
    let recipient = view.recipient.parse().with_context(|| format!("use {server}'s key"))?;
    Ok(Service { server, recipient })
}

/// An HTTP client for the returns API, with the uploader's own rules about TLS and redirects.
pub(crate) fn http_client(server: &str) -> anyhow::Result<reqwest::Client> {
    let address = ServerAddress::parse(server, PlainHttp::LoopbackOnly)?;
    Ok(Transport::default().client(&address)?)
}
