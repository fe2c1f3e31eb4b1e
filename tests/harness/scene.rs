//! A phone with saved photos, a server, and a network with faults between them.

use std::path::PathBuf;
use std::time::Duration;

use super::fault_proxy::FaultProxy;
use super::invariants::{
    Saved, assert_all_accepted_once, assert_events_told_in_order, assert_nothing_lost,
    assert_offsets_never_decrease, capture_all, sync_until_accepted,
};
use super::{Phone, Server, detailed_photo};

const SKU: &str = "FAULTY-NET-1";

/// I4: the longest that a phone may need to get everything through. The longest back-offs, time-outs of 30 and 60 s and
/// a machine with much else to do fit in.
const LIMIT: Duration = Duration::from_mins(5);

/// All of it.
pub(crate) struct Scene {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) server: Server,
    pub(crate) proxy: FaultProxy,
    pub(crate) phone: Phone,
    pub(crate) return_id: String,
    pub(crate) saved: Saved,
}

impl Scene {
    /// A phone that has saved these photos and sent none.
    pub(crate) fn with(photos: &[Vec<u8>]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(&folder.path().join("server"));
        let return_id = server.open_return(&[SKU]);
        let proxy = FaultProxy::to(server.address);
        let phone = Phone::at(&folder.path().join("phone"));
        let saved =
            capture_all(&phone, &server.url(), &return_id, SKU, &folder.path().join("photos"), photos);
        assert_eq!(saved.len(), photos.len());
        Self { folder, server, proxy, phone, return_id, saved }
    }

    /// A phone that has saved so many good photos and sent none.
    pub(crate) fn with_photos(count: u64) -> Self {
        Self::with(&(0..count).map(detailed_photo).collect::<Vec<_>>())
    }

    /// Syncs through at least so many faults until everything is accepted, and checks all that must hold.
    pub(crate) fn survives(&self, faults: u64) {
        sync_until_accepted(&self.phone, &self.proxy.url(), &self.server.token("shopper"), LIMIT);
        assert!(self.proxy.struck() >= faults, "{} of {faults} faults struck", self.proxy.struck());
        self.assert_nothing_lost();
        assert_all_accepted_once(&self.phone, &self.server, &self.return_id, &self.saved);
        assert_offsets_never_decrease(&self.proxy.acknowledged());
        assert_events_told_in_order(&self.server, &self.return_id, &self.saved);
    }

    /// Everything that was saved is on the phone, or accepted with the same digest.
    pub(crate) fn assert_nothing_lost(&self) {
        assert_nothing_lost(&self.phone, &self.server, &self.return_id, &self.saved);
    }

    /// The smallest sealed photo, in bytes.
    pub(crate) fn smallest(&self) -> u64 {
        self.phone.queue().0.iter().map(|entry| entry["length"].as_u64().unwrap()).min().unwrap()
    }

    /// One `clearshot sync` that waits so many seconds for another try.
    pub(crate) fn sync_for(&self, seconds: u64) {
        self.sync_with(&["--patience", &seconds.to_string()]);
    }

    /// One `clearshot sync` with more arguments, however it ends.
    pub(crate) fn sync_with(&self, arguments: &[&str]) {
        let mut sync = self.phone.sync(&self.proxy.url(), &self.server.token("shopper"));
        let _ = sync.args(arguments).status().unwrap();
    }

    /// Where the server has its data.
    pub(crate) fn server_data(&self) -> PathBuf {
        self.folder.path().join("server")
    }

    /// Kills the server and starts it again.
    pub(crate) fn restart_server(&mut self) {
        self.server.kill();
        self.server = Server::start(&self.server_data());
        self.proxy.lead_to(self.server.address);
    }
}
