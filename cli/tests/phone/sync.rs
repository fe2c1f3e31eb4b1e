//! `clearshot sync`: how many photos travel at a time, and what is printed.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::scene::{Scene, stderr, stdout};

/// More photos than travel at a time on any network.
const PHOTOS: u64 = 4;

/// A server that takes uploads and never answers them, and knows no other question.
struct SilentServer {
    url: String,
    uploads: Arc<AtomicUsize>,
}

impl SilentServer {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let uploads = Arc::new(AtomicUsize::new(0));
        let of_thread = Arc::clone(&uploads);
        thread::spawn(move || {
            for phone in listener.incoming().map_while(Result::ok) {
                let uploads = Arc::clone(&of_thread);
                thread::spawn(move || answer(&phone, &uploads));
            }
        });
        Self { url, uploads }
    }
}

fn answer(phone: &TcpStream, uploads: &AtomicUsize) {
    let request = BufReader::new(phone).lines().next().unwrap().unwrap();
    if request.contains("reconcile") {
        let mut to = phone;
        to.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
        return;
    }
    uploads.fetch_add(1, Ordering::SeqCst);
    // Held for longer than the test takes.
    thread::sleep(Duration::from_mins(1));
}

#[test]
fn three_photos_travel_at_a_time_two_where_it_costs_or_as_many_as_one_says() {
    let scene = Scene::new();
    scene.capture(&[], 0..PHOTOS);
    for (arguments, expected) in [(&[][..], 3), (&["--metered"], 2), (&["--metered", "--parallel", "4"], 4)] {
        let server = SilentServer::start();
        let mut sync = scene
            .sync_to(&server.url, "a.b.c", 60, arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let deadline = Instant::now() + Duration::from_secs(30);
        while server.uploads.load(Ordering::SeqCst) < expected && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(10));
        }
        // One more would come at once.
        thread::sleep(Duration::from_millis(200));
        assert_eq!(server.uploads.load(Ordering::SeqCst), expected, "{arguments:?}");
        sync.kill().unwrap();
        sync.wait().unwrap();
    }
}

#[test]
fn two_programs_share_the_photos_that_travel_at_a_time_and_one_goes_on_when_the_other_is_killed() {
    let scene = Scene::new();
    scene.capture(&[], 0..PHOTOS);
    let server = SilentServer::start();
    let arrive = |expected| {
        let deadline = Instant::now() + Duration::from_secs(30);
        while server.uploads.load(Ordering::SeqCst) < expected && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(server.uploads.load(Ordering::SeqCst), expected);
    };
    let start = || {
        let mut sync = scene.sync_to(&server.url, "a.b.c", 60, &[]);
        sync.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let mut first = start();
    arrive(3);
    let mut second = start();
    let said = BufReader::new(second.stderr.take().unwrap()).lines().next().unwrap().unwrap();
    assert!(said.ends_with("waiting for another program that is sending"), "{said}");
    arrive(3);
    first.kill().unwrap();
    first.wait().unwrap();
    arrive(3 + 3);
    second.kill().unwrap();
    second.wait().unwrap();
}

#[test]
fn without_a_terminal_each_thing_that_happens_is_a_line() {
    let scene = Scene::new();
    let captures = scene.capture(&[], 0..2);
    let output = scene.sync(&[]);
    assert!(output.status.success());
    let (progress, result) = (stderr(&output), stdout(&output));
    for capture in &captures {
        let of_photo: Vec<_> =
            progress.lines().filter(|line| line.starts_with(&capture[capture.len() - 8..])).collect();
        assert!(of_photo.len() >= 2 && of_photo.last().unwrap().ends_with("accepted"), "{progress}");
        assert!(of_photo.iter().any(|line| line.ends_with("is being sent")), "{progress}");
    }
    assert!(!progress.contains(['\r', '\u{1b}']), "{progress:?}");
    assert!(result.starts_with("nothing is left to send"), "{result}");
    assert_eq!(result.lines().count(), 2, "{result}");
}
