//! Other people's clients send to our server, and our phone sends to other people's servers, each as a process of its
//! own. `interop/install` gets them, `interop/` has the scripts that run them.
//!
//! A client that knows nothing of captures still sends what a phone has sealed, so that its upload can be attached to a
//! return and accepted: our server then has opened it. The other people's servers know nothing of evidence; the scripts
//! answer that one question with the SHA-256 of the file that was stored.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::fault_proxy::FaultProxy;
use crate::harness::http::PATIENCE;
use crate::harness::invariants::{
    assert_all_accepted_once, assert_events_told_in_order, assert_offsets_never_decrease,
    sync_until_accepted, text,
};
use crate::harness::{Fault, Place, Scene};

/// How often a test looks whether something has happened.
const LOOK: Duration = Duration::from_millis(20);

/// The longest that our phone may need for all its photos, back-offs included.
const LIMIT: Duration = Duration::from_mins(3);

/// What tus-js-client calls the protocols that it speaks. The drafts -03 and -05 are interop versions 5 and 6.
const PROTOCOLS: [&str; 3] = ["tus-v1", "ietf-draft-03", "ietf-draft-05"];

#[test]
fn tus_js_client_aborts_and_goes_on_in_tus_and_in_both_of_its_drafts() {
    let Some(node) = Tool::node() else { return };
    let scene = Scene::with_photos(PROTOCOLS.len() as u64);
    for (photo, protocol) in SealedPhoto::all(&scene).iter().zip(PROTOCOLS) {
        let half = photo.length / 2;
        scene.proxy.inject("PATCH", Fault::Stall(Place::Body(half)));
        let mut client = node.start("tus_js_client.js", &photo.order(&scene, protocol));
        let place = text(&client.line()["address"]);
        scene.wait_for_bytes(&place, half);
        client.abort();
        let sent = client.lines_until("sent");
        client.ends_well();
        assert_eq!(sent, place, "{protocol}: it went on with the same upload");
        scene.attach(photo, &place);
        scene.assert_arrived(photo);
    }
    scene.assert_nothing_else_arrived();
    let said = scene.proxy.acknowledged();
    // The HEAD says the half, and the PATCH behind it sends the other one only.
    let halves = said.iter().filter(|said| said.status < 300 && said.offset > Some(0)).count();
    assert_eq!(halves, 2 * PROTOCOLS.len(), "{said:?}");
}

#[test]
fn tus_js_client_sends_bytes_and_metadata_with_the_creation_in_each_of_its_protocols() {
    let Some(node) = Tool::node() else { return };
    let scene = Scene::with_photos(PROTOCOLS.len() as u64);
    for (photo, protocol) in SealedPhoto::all(&scene).iter().zip(PROTOCOLS) {
        let mut order = photo.order(&scene, protocol);
        order["withBody"] = true.into();
        order["metadata"] = photo.metadata(&scene);
        let mut client = node.start("tus_js_client.js", &order);
        client.lines_until("sent");
        client.ends_well();
        scene.assert_arrived(photo);
    }
    scene.assert_nothing_else_arrived();
    assert_eq!(scene.proxy.acknowledged().len(), PROTOCOLS.len(), "a creation alone sends a photo");
}

#[test]
fn tuspy_goes_on_after_a_cut_with_and_without_metadata_and_checksums() {
    let Some(python) = Tool::python() else { return };
    let scene = Scene::with_photos(3);
    let photos = SealedPhoto::all(&scene);
    for (photo, (metadata, checksum)) in photos.iter().zip([(false, false), (true, false), (true, true)]) {
        scene.proxy.inject("PATCH", Fault::Cut(Place::Body(photo.length / 10)));
        scene.proxy.inject("PATCH", Fault::CutAnswer(0));
        let place = photo.send_by_tuspy(&python, &scene, metadata, checksum);
        if !metadata {
            scene.attach(photo, &place);
        }
        scene.assert_arrived(photo);
    }
    scene.assert_nothing_else_arrived();
    assert_eq!(scene.proxy.struck(), 6);
}

#[test]
fn a_byte_that_changes_under_way_is_refused_by_tuspys_checksum_and_sent_again() {
    let Some(python) = Tool::python() else { return };
    let scene = Scene::with_photos(1);
    let photo = &SealedPhoto::all(&scene)[0];
    scene.proxy.inject("PATCH", Fault::Flip(100));
    let place = photo.send_by_tuspy(&python, &scene, false, true);
    let refused = scene.proxy.acknowledged().iter().filter(|said| said.status == 460).count();
    assert_eq!(refused, 1);
    scene.attach(photo, &place);
    scene.assert_arrived(photo);
    scene.assert_nothing_else_arrived();
}

#[test]
fn our_phone_goes_on_with_tus_node_server_where_it_was_cut() {
    let Some(node) = Tool::node() else { return };
    our_phone_goes_on_with(&node, "tus_server.js");
}

#[test]
fn our_phone_goes_on_with_the_python_server_resumable_upload_where_it_was_cut() {
    let Some(python) = Tool::python() else { return };
    our_phone_goes_on_with(&python, "resumable_upload_server.py");
}

/// Every creation is cut, so that its address is lost, and every first PATCH; one answer gets lost as well.
fn our_phone_goes_on_with(tool: &Tool, script: &str) {
    const PHOTOS: u64 = 4;
    const CUT: u64 = 40_000;
    let scene = Scene::with_photos(PHOTOS);
    let stored = scene.folder.path().join("stored");
    std::fs::create_dir(&stored).unwrap();
    let mut peer = tool.start(script, &json!(stored));
    let port = peer.line()["port"].as_u64().unwrap() as u16;
    let proxy = FaultProxy::to(([127, 0, 0, 1], port).into());
    for _ in 0..PHOTOS {
        proxy.inject("POST", Fault::Cut(Place::Body(CUT)));
        proxy.inject("PATCH", Fault::Cut(Place::Body(CUT)));
    }
    proxy.inject("PATCH", Fault::CutAnswer(0));
    sync_until_accepted(&scene.phone, &proxy.url(), "nobody-reads-it", LIMIT);

    assert_eq!(proxy.struck(), 2 * PHOTOS + 1);
    let gone_on_with = proxy.acknowledged().iter().filter(|said| said.offset == Some(CUT)).count();
    assert!(gone_on_with >= PHOTOS as usize, "it went on behind the cut: {:?}", proxy.acknowledged());
    for (capture, sha256) in &scene.saved {
        let evidence: Value = ureq::get(format!("http://127.0.0.1:{port}/v1/evidence/{capture}"))
            .call()
            .unwrap()
            .body_mut()
            .read_json()
            .unwrap();
        assert_eq!(evidence["sha256"], **sha256, "{script} stored other bytes");
    }
}

/// A photo that a phone has sealed, in a file without the vault's header.
struct SealedPhoto {
    capture: String,
    sha256: String,
    file: PathBuf,
    length: u64,
}

impl SealedPhoto {
    fn all(scene: &Scene) -> Vec<Self> {
        let (entries, _) = scene.phone.queue();
        let sealed = |entry: &Value| {
            let (capture, length) = (text(&entry["capture"]), entry["length"].as_u64().unwrap());
            let vault_file = std::fs::read(scene.phone.vault_file(&capture)).unwrap();
            let file = scene.folder.path().join(format!("{capture}.age"));
            let bytes = &vault_file[vault_file.len() - length as usize..];
            std::fs::File::create(&file).unwrap().write_all(bytes).unwrap();
            Self { sha256: scene.saved[&capture].clone(), capture, file, length }
        };
        entries.iter().map(sealed).collect()
    }

    /// What tus-js-client is told.
    fn order(&self, scene: &Scene, protocol: &str) -> Value {
        json!({
            "endpoint": format!("{}/v1/uploads", scene.proxy.url()),
            "token": scene.server.token("shopper"),
            "file": self.file,
            "protocol": protocol,
            "metadata": { "filename": "mug.jpg" },
            "store": scene.folder.path().join("addresses.json"),
            "withBody": false,
        })
    }

    /// What the client says of the capture when it knows of it.
    fn metadata(&self, scene: &Scene) -> Value {
        json!({
            "capture": self.capture,
            "return": scene.return_id,
            "item": scene.item(),
            "sha256": self.sha256,
        })
    }

    /// Sends it in two halves; the upload's address.
    fn send_by_tuspy(&self, python: &Tool, scene: &Scene, metadata: bool, checksum: bool) -> String {
        let order = json!({
            "endpoint": format!("{}/v1/uploads", scene.proxy.url()),
            "token": scene.server.token("shopper"),
            "file": self.file,
            "metadata": if metadata { self.metadata(scene) } else { json!({}) },
            "checksum": checksum,
            "retries": 3,
        });
        let mut client = python.start("tuspy_client.py", &order);
        let sent = client.lines_until("sent");
        client.ends_well();
        sent
    }
}

/// What these tests ask of our server.
impl Scene {
    fn item(&self) -> String {
        text(&self.server.get(&format!("/v1/returns/{}", self.return_id))["items"][0]["id"])
    }

    /// Waits until exactly so many bytes of an upload are in the spool.
    fn wait_for_bytes(&self, place: &str, bytes: u64) {
        let file = self.server_data().join("spool").join(place.rsplit('/').next().unwrap());
        wait_until("half of the upload is in the spool", || {
            std::fs::metadata(&file).is_ok_and(|metadata| metadata.len() == bytes)
        });
    }

    /// Says that an upload is this photo.
    fn attach(&self, photo: &SealedPhoto, place: &str) {
        let url = format!("{}/v1/returns/{}/evidence", self.server.url(), self.return_id);
        let answer = ureq::post(url)
            .header("Authorization", format!("Bearer {}", self.server.token("shopper")))
            .send_json(json!({
                "upload": place.rsplit('/').next().unwrap(),
                "capture": photo.capture,
                "item": self.item(),
                "sha256": photo.sha256,
            }))
            .unwrap();
        assert_eq!(answer.status(), 201);
    }

    /// Waits until the server has opened the photo and accepted it; what it keeps is what was sealed.
    fn assert_arrived(&self, photo: &SealedPhoto) {
        let path = format!("/v1/evidence/{}", photo.capture);
        let mut evidence = Value::Null;
        wait_until("the server's word on the photo", || {
            evidence = self.server.get(&path);
            ["accepted", "rejected", "quarantined"].iter().any(|end| evidence["status"] == *end)
        });
        assert_eq!(evidence["status"], "accepted", "{evidence}");
        assert_eq!(evidence["sha256"], *photo.sha256);
        let last_byte = &photo.capture[photo.capture.len() - 2..];
        let kept = self.server_data().join(format!("evidence/{last_byte}/{}.age", photo.capture));
        assert!(std::fs::read(kept).unwrap() == std::fs::read(&photo.file).unwrap(), "other bytes are kept");
    }

    /// At the end: every photo once, every event, and no offset that went back.
    fn assert_nothing_else_arrived(&self) {
        assert_all_accepted_once(&self.phone, &self.server, &self.return_id, &self.saved);
        assert_events_told_in_order(&self.server, &self.return_id, &self.saved);
        assert_offsets_never_decrease(&self.proxy.acknowledged());
    }
}

fn wait_until(what: &str, mut happened: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !happened() {
        assert!(Instant::now() < deadline, "it never came: {what}");
        thread::sleep(LOOK);
    }
}

/// Node or Python with the packages that `interop/install` gets.
struct Tool {
    program: PathBuf,
    modules: PathBuf,
}

impl Tool {
    fn node() -> Option<Self> {
        let modules = installed("node/node_modules")?;
        Some(Self { program: "node".into(), modules })
    }

    fn python() -> Option<Self> {
        Some(Self { program: installed("python/bin/python")?, modules: PathBuf::new() })
    }

    /// Starts a script of `interop/` with one argument: a text as it is, anything else as JSON.
    fn start(&self, script: &str, argument: &Value) -> Peer {
        let mut child = Command::new(&self.program)
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/interop").join(script))
            .arg(argument.as_str().map_or_else(|| argument.to_string(), str::to_owned))
            .env("NODE_PATH", &self.modules)
            .env("NODE_NO_WARNINGS", "1")
            .env("NO_PROXY", "127.0.0.1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (printed, lines) = channel();
        let output = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| printed.send(line)));
        Peer { child, lines }
    }
}

/// What `interop/install` put there; `None` with a note where it was not run.
fn installed(path: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/interop").join(path);
    if path.exists() {
        return Some(path);
    }
    assert!(std::env::var_os("CI").is_none(), "CI needs {}: run tests/interop/install", path.display());
    println!("skipped: {} is absent (tests/interop/install)", path.display());
    None
}

/// A process of other people's code. Killed when dropped.
struct Peer {
    child: Child,
    lines: Receiver<String>,
}

impl Peer {
    /// The next JSON object that it prints.
    fn line(&mut self) -> Value {
        let line = self.lines.recv_timeout(PATIENCE).expect("the process prints another line");
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("it printed no JSON: {line:?}"))
    }

    /// Reads until it prints an object with this key; the text there.
    fn lines_until(&mut self, key: &str) -> String {
        loop {
            let line = self.line();
            if let Some(value) = line.get(key) {
                return text(value);
            }
        }
    }

    /// The line on its input that says: abort.
    fn abort(&mut self) {
        self.child.stdin.as_mut().unwrap().write_all(b"abort\n").unwrap();
    }

    fn ends_well(&mut self) {
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
