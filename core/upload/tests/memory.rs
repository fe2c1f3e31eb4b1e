//! Memory does not grow with the photo. Alone in its program, so that nothing else moves the figure.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)] // clippy does not see that the helpers are test code

mod support;

use std::fs::File;
use std::io::Write as _;
use std::sync::Arc;

use clearshot_capture::{Outcome, SealedFile, UploadRequest};
use support::*;

const LENGTH: u64 = 60 * 1024 * 1024;
/// Blocks, the library's and the test server's buffers, thread stacks; far less than the file.
const ROOM_KIB: u64 = 12 * 1024;

/// The most memory that this process ever had resident (`VmHWM` of `proc_pid_status(5)`).
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn large_file(length: u64) -> SealedFile {
    let mut file: File = tempfile::tempfile().unwrap();
    for _ in 0..length / 1024 {
        file.write_all(&[0x5A; 1024]).unwrap();
    }
    SealedFile { file, start: 0, length }
}

#[tokio::test]
async fn sixty_mebibytes_are_sent_in_a_few_of_memory() {
    let handler: Handler = Arc::new(|_| {
        Reply::Answer(Box::new(|seen| {
            tus("204 No Content", &format!("Upload-Offset: {}\r\n", seen.received))
        }))
    });
    let server = Server::forgetful(handler).await;
    let performer = server.performer();
    let send = |length: u64| {
        let step = step(
            length,
            UploadRequest::Append { location: "/v1/uploads/u1".to_owned(), offset: 0, body: length },
        );
        let performer = performer.clone();
        async move {
            performer.perform(&step, Some(large_file(length)), &token("t1"), Arc::new(|_| {})).await.unwrap()
        }
    };
    // The first one warms pools and buffers up.
    assert_eq!(send(4 * 1024 * 1024).await, Outcome::Offset { offset: 4 * 1024 * 1024 });
    let before = peak_kib();
    assert_eq!(send(LENGTH).await, Outcome::Offset { offset: LENGTH });
    let grown = peak_kib() - before;
    assert!(grown < ROOM_KIB, "the peak grew by {grown} KiB");
}
