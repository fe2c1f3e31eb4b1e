//! A server, a return on it, and a phone.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::harness::{Phone, Server, clearshot, detailed_photo};

/// The SKU of the return's one item.
pub(crate) const SKU: &str = "QUEUE-MUG";

/// One of each.
pub(crate) struct Scene {
    folder: tempfile::TempDir,
    pub(crate) server: Server,
    pub(crate) phone: Phone,
    pub(crate) return_id: String,
}

impl Scene {
    /// With an empty queue.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(&folder.path().join("server"));
        let return_id = server.open_return(&[SKU]);
        let phone = Phone::at(&folder.path().join("phone"));
        Self { folder, server, phone, return_id }
    }

    pub(crate) fn queue_folder(&self) -> PathBuf {
        self.folder.path().join("phone")
    }

    /// A photo's file; other seeds are other photos.
    pub(crate) fn photo(&self, seed: u64) -> PathBuf {
        let path = self.folder.path().join(format!("{seed}.jpg"));
        fs::File::create(&path).unwrap().write_all(&detailed_photo(seed)).unwrap();
        path
    }

    /// Captures photos of the item, with more arguments; the ids of the captures.
    pub(crate) fn capture(&self, arguments: &[&str], seeds: std::ops::Range<u64>) -> Vec<String> {
        let output = clearshot(&["capture", "--json", "--keep", "--shot", "defect", "--queue"])
            .arg(self.queue_folder())
            .args(["--server", &self.server.url()])
            .args(if arguments.contains(&"--return") { vec![] } else { vec!["--return", &self.return_id] })
            .args(if arguments.contains(&"--item") { vec![] } else { vec!["--item", SKU] })
            .args(arguments)
            .args(seeds.map(|seed| self.photo(seed)))
            .output()
            .unwrap();
        assert!(output.status.success(), "{}{}", stdout(&output), stderr(&output));
        json_lines(&output).iter().map(|line| text(&line["capture"])).collect()
    }

    /// `clearshot queue` with more arguments.
    pub(crate) fn queue(&self, arguments: &[&str]) -> Output {
        let mut command = clearshot(&["queue", "--queue"]);
        command.arg(self.queue_folder()).args(arguments).stdin(Stdio::null()).output().unwrap()
    }

    /// What the queue says of a capture.
    pub(crate) fn entry(&self, capture: &str) -> Value {
        let (entries, counters) = self.phone.queue();
        let of_states: u64 = ["queued", "uploading", "uploaded", "accepted", "rejected", "stalled", "lost"]
            .iter()
            .map(|state| counters[state].as_u64().unwrap())
            .sum();
        assert_eq!(counters["captured"].as_u64(), Some(of_states), "{counters}");
        assert_eq!(of_states as usize, entries.len());
        entries.into_iter().find(|entry| entry["capture"] == capture).unwrap()
    }

    /// What the shopper can do about a capture.
    pub(crate) fn choices(&self, capture: &str) -> Vec<String> {
        self.entry(capture)["choices"].as_array().unwrap().iter().map(text).collect()
    }

    /// `clearshot sync` to its end, with more arguments.
    pub(crate) fn sync(&self, arguments: &[&str]) -> Output {
        self.sync_to(&self.server.url(), &self.server.token("shopper"), 5, arguments).output().unwrap()
    }

    /// `clearshot sync` to a server, with so many seconds of patience; not yet started.
    pub(crate) fn sync_to(&self, server: &str, token: &str, patience: u32, arguments: &[&str]) -> Command {
        let mut command =
            clearshot(&["sync", "--patience", &patience.to_string(), "--server", server, "--queue"]);
        command.arg(self.queue_folder()).env("CLEARSHOT_TOKEN", token).args(arguments).stdin(Stdio::null());
        command
    }
}

/// The JSON objects that a program printed.
pub(crate) fn json_lines(output: &Output) -> Vec<Value> {
    stdout(output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
