//! What goes wrong is said in a sentence that helps, and nothing is lost.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Output;

use crate::harness::{Phone, Server, clearshot, detailed_photo, run};

const SKU: &str = "REFUSED-MUG";

/// A server, and a phone with two photos in its queue.
struct Scene {
    folder: tempfile::TempDir,
    server: Server,
    phone: Phone,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(&folder.path().join("server"));
        let return_id = server.open_return(&[SKU]);
        let phone = Phone::at(&folder.path().join("phone"));
        let photos: Vec<PathBuf> = (0..2)
            .map(|seed| {
                let path = folder.path().join(format!("{seed}.jpg"));
                fs::File::create(&path).unwrap().write_all(&detailed_photo(seed)).unwrap();
                path
            })
            .collect();
        let paths: Vec<_> = photos.iter().map(PathBuf::as_path).collect();
        phone.capture(&server.url(), &return_id, SKU, "defect", &paths);
        Self { folder, server, phone }
    }

    fn queue_folder(&self) -> PathBuf {
        self.folder.path().join("phone")
    }

    fn vault_files(&self) -> Vec<PathBuf> {
        let mut files: Vec<_> = fs::read_dir(self.queue_folder().join("vault"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort();
        files
    }

    fn sync_with(&self, token: &str) -> Output {
        clearshot(&["sync", "--patience", "2", "--queue"])
            .arg(self.queue_folder())
            .args(["--server", &self.server.url(), "--token", token])
            .output()
            .unwrap()
    }

    fn counters(&self) -> serde_json::Value {
        self.phone.queue().1
    }
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_wrong_token_pauses_the_queue_and_a_right_one_sends_it() {
    let scene = Scene::new();
    let refused = scene.sync_with("no.such.token");
    assert_eq!(refused.status.code(), Some(1));
    assert!(stdout(&refused).contains("valid token"), "{}", stdout(&refused));
    assert_eq!(scene.counters()["captured"], 2);
    assert_eq!(scene.counters()["accepted"], 0);

    assert!(scene.sync_with(&scene.server.token("shopper")).status.success());
    assert_eq!(scene.counters()["accepted"], 2);
}

#[test]
fn a_photo_of_an_unknown_return_is_refused_and_its_neighbours_go_on() {
    let scene = Scene::new();
    let stray = detailed_photo(99);
    let path = scene.folder.path().join("stray.jpg");
    fs::File::create(&path).unwrap().write_all(&stray).unwrap();
    let unknown = "0198c5a0-7c3e-7d52-9f6b-2f6d0a4c1e77";
    scene.phone.capture(&scene.server.url(), unknown, SKU, "defect", &[path.as_path()]);

    scene.sync_with(&scene.server.token("shopper"));
    let counters = scene.counters();
    assert_eq!((&counters["captured"], &counters["accepted"]), (&3.into(), &2.into()), "{counters}");
    let (entries, _) = scene.phone.queue();
    let stray = entries.iter().find(|entry| entry["return"] == unknown).unwrap();
    assert!(stray["status"].as_str().unwrap().contains("return"), "{stray}");
    assert_eq!(stray["on_device"], true);
}

#[test]
fn an_edited_vault_file_is_set_aside_and_never_sent() {
    let scene = Scene::new();
    let file = &scene.vault_files()[0];
    let mut bytes = fs::read(file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::File::create(file).unwrap().write_all(&bytes).unwrap();
    scene.sync_with(&scene.server.token("shopper"));
    let counters = scene.counters();
    assert_eq!((&counters["accepted"], &counters["captured"]), (&1.into(), &2.into()), "{counters}");
}

#[test]
fn a_deleted_vault_file_is_reported_as_lost() {
    let scene = Scene::new();
    fs::remove_file(&scene.vault_files()[0]).unwrap();
    let output = run(&["queue", "--queue", scene.queue_folder().to_str().unwrap()]);
    assert!(stderr(&output).contains("lost"), "{}", stderr(&output));
    assert_eq!(scene.counters()["lost"], 1);
    scene.sync_with(&scene.server.token("shopper"));
    assert_eq!(scene.counters()["accepted"], 1);
}

#[test]
fn a_copied_vault_file_is_one_capture_still() {
    let scene = Scene::new();
    let file = &scene.vault_files()[0];
    fs::copy(file, file.with_file_name("0198c5a0-7c3e-7d52-9f6b-00000000abcd.sealed")).unwrap();
    assert_eq!(scene.counters()["captured"], 2);
    assert!(scene.sync_with(&scene.server.token("shopper")).status.success());
    assert_eq!(scene.counters()["accepted"], 2);
}

#[test]
fn a_queue_database_of_garbage_is_rebuilt_from_the_photos() {
    let scene = Scene::new();
    for name in ["queue.sqlite-wal", "queue.sqlite-shm"] {
        let _ = fs::remove_file(scene.queue_folder().join(name));
    }
    let database = scene.queue_folder().join("queue.sqlite");
    fs::File::create(&database).unwrap().write_all(&vec![0xA5; 20_000]).unwrap();
    let output = run(&["queue", "--queue", scene.queue_folder().to_str().unwrap()]);
    assert!(stderr(&output).contains("was damaged and rebuilt"), "{}", stderr(&output));
    assert!(scene.sync_with(&scene.server.token("shopper")).status.success());
    assert_eq!(scene.counters()["accepted"], 2);
}

#[test]
fn a_queue_that_cannot_be_written_says_so_and_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a-file");
    fs::File::create(&file).unwrap();
    let output = run(&["queue", "--queue", file.join("queue").to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).starts_with("error: failed to "), "{}", stderr(&output));
}

#[test]
fn a_queue_that_does_not_know_its_service_asks_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(&["queue", "--queue", folder.path().to_str().unwrap()]);
    assert!(stderr(&output).contains("begin it with clearshot capture"), "{}", stderr(&output));
}

#[test]
fn a_server_on_a_folder_that_another_one_uses_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let _server = Server::start(folder.path());
    let output = run(&["serve", "--listen", "127.0.0.1:0", "--data", folder.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("another"), "{}", stderr(&output));
}

#[test]
fn a_server_that_is_away_leaves_the_queue_as_it_was() {
    let mut scene = Scene::new();
    let token = scene.server.token("shopper");
    scene.server.kill();
    assert_eq!(scene.sync_with(&token).status.code(), Some(1));
    let counters = scene.counters();
    assert_eq!((&counters["captured"], &counters["lost"]), (&2.into(), &0.into()));
    assert!(scene.vault_files().iter().all(|file: &PathBuf| Path::exists(file)));
}
