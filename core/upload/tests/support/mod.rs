//! A small real HTTP server, on a real socket, that does what a test tells it to: answer, cut, stall.
// Each test file uses its own part of it, and clippy does not see that this is test code.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::missing_panics_doc)]

pub mod queue;
pub mod tus;

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use clearshot_capture::{LeaseId, SealedFile, Step, UploadRequest};
use clearshot_protocol::upload::UploadMetadata;
use clearshot_protocol::{CaptureId, ReturnId, ReturnItemId, Sha256Digest, Timestamp};
use clearshot_upload::{AccessToken, PlainHttp, ServerAddress, StepPerformer, Timeouts, Transport};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// A request, as far as it arrived.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    pub method: String,
    pub path: String,
    pub headers: HashMap<String, String>,
    pub body: Vec<u8>,
    /// Also counts what is not kept in `body`.
    pub received: u64,
}

impl Seen {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

/// What to do with a request, decided when its head is there.
pub enum Reply {
    /// Reads the body, then answers.
    Answer(Box<dyn FnOnce(&Seen) -> String + Send>),
    /// Answers at once, reads nothing, and leaves the connection open: closing it with unread bytes would be a reset,
    /// which may overtake the answer.
    Early(String),
    /// Reads this many bytes of the body, lets the server know, and drops the connection.
    Cut(u64, Box<dyn FnOnce(&Seen) + Send>),
    /// Reads nothing of the body, and says nothing.
    Stall,
    /// Reads all of the body, and says nothing.
    Silence,
}

pub type Handler = Arc<dyn Fn(&Seen) -> Reply + Send + Sync>;

pub struct Server {
    pub url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    /// Answers the requests in turn with these replies.
    pub async fn scripted(replies: Vec<Reply>) -> Self {
        let replies = Mutex::new(VecDeque::from(replies));
        Self::with(Arc::new(move |seen| {
            let next = replies.lock().unwrap().pop_front();
            next.unwrap_or_else(|| panic!("no reply is left for {} {}", seen.method, seen.path))
        }))
        .await
    }

    pub async fn answering(answer: &str) -> Self {
        Self::scripted(vec![reply(answer)]).await
    }

    pub async fn with(handler: Handler) -> Self {
        Self::start(handler, None, true).await
    }

    /// Counts bodies without keeping them.
    pub async fn forgetful(handler: Handler) -> Self {
        Self::start(handler, None, false).await
    }

    pub async fn tls(handler: Handler, acceptor: TlsAcceptor) -> Self {
        Self::start(handler, Some(acceptor), true).await
    }

    async fn start(handler: Handler, tls: Option<TlsAcceptor>, keep_bodies: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let url = if tls.is_some() {
            format!("https://localhost:{port}")
        } else {
            format!("http://127.0.0.1:{port}")
        };
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (handler, log, tls) = (Arc::clone(&handler), Arc::clone(&log), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => serve(stream, &handler, &log, keep_bodies).await,
                        Some(tls) => match tls.accept(stream).await {
                            Ok(stream) => serve(stream, &handler, &log, keep_bodies).await,
                            Err(_) => None, // the client did not trust the certificate
                        },
                    }
                });
            }
        });
        Self { url, seen }
    }

    /// The requests so far, each as it stood when its reply was due.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub fn address(&self) -> ServerAddress {
        ServerAddress::parse(&self.url, PlainHttp::LoopbackOnly).unwrap()
    }

    pub fn performer(&self) -> StepPerformer {
        self.performer_with(&Transport::default())
    }

    pub fn performer_with(&self, transport: &Transport) -> StepPerformer {
        StepPerformer::new(self.address(), transport, Arc::new(now)).unwrap()
    }
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    handler: &Handler,
    log: &Mutex<Vec<Seen>>,
    keep_bodies: bool,
) -> Option<()> {
    let mut buffer = Vec::new();
    let head_end = loop {
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut buffer).await.ok()? == 0 {
            return None;
        }
    };
    let rest = buffer.split_off(head_end);
    let mut seen = parse_head(&String::from_utf8(buffer).unwrap());
    let length: u64 = seen.header("content-length").parse().unwrap_or(0);
    let reply = handler(&seen);
    let wanted = match &reply {
        Reply::Answer(_) | Reply::Silence => length,
        Reply::Cut(count, _) => *count,
        Reply::Early(_) | Reply::Stall => 0,
    };
    take(&mut seen, &rest, wanted, keep_bodies);
    let mut block = vec![0; 64 * 1024];
    while seen.received < wanted {
        let count = stream.read(&mut block).await.ok()?;
        if count == 0 {
            break;
        }
        take(&mut seen, &block[..count], wanted, keep_bodies);
    }
    log.lock().unwrap().push(seen.clone());
    match reply {
        Reply::Answer(answer) => stream.write_all(answer(&seen).as_bytes()).await.ok()?,
        Reply::Early(answer) => {
            stream.write_all(answer.as_bytes()).await.ok()?;
            std::future::pending::<()>().await;
        }
        Reply::Cut(_, note) => note(&seen),
        Reply::Stall | Reply::Silence => std::future::pending().await,
    }
    stream.shutdown().await.ok()
}

fn take(seen: &mut Seen, bytes: &[u8], wanted: u64, keep: bool) {
    let bytes = &bytes[..bytes.len().min((wanted - seen.received) as usize)];
    seen.received += bytes.len() as u64;
    if keep {
        seen.body.extend_from_slice(bytes);
    }
}

fn parse_head(head: &str) -> Seen {
    let mut lines = head.lines();
    let mut first = lines.next().unwrap().split(' ');
    let (method, path) = (first.next().unwrap().to_owned(), first.next().unwrap().to_owned());
    let headers = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    Seen { method, path, headers, ..Seen::default() }
}

pub fn reply(answer: &str) -> Reply {
    let answer = answer.to_owned();
    Reply::Answer(Box::new(move |_| answer))
}

pub fn cut(after: u64) -> Reply {
    Reply::Cut(after, Box::new(|_| {}))
}

/// An answer of the upload protocol: a status line and headers.
pub fn tus(status: &str, headers: &str) -> String {
    http(status, &format!("Tus-Resumable: 1.0.0\r\n{headers}"), "")
}

pub fn http(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

pub fn problem(status: &str, code: &str, headers: &str) -> String {
    let number = &status[..3];
    let body = format!(
        r#"{{"type":"https://clearshot.dev/problems/{code}","title":"T","status":{number},"detail":"because of {code}"}}"#
    );
    http(status, &format!("{headers}Content-Type: application/problem+json\r\n"), &body)
}

pub fn now() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

pub fn token(text: &str) -> AccessToken {
    AccessToken::new(text).unwrap()
}

pub fn short_timeouts() -> Transport {
    let short = std::time::Duration::from_millis(300);
    Transport::default().with_timeouts(Timeouts { connect: short, stall: short, answer: short })
}

pub fn capture() -> CaptureId {
    "0198c5a0-7c3e-7d52-9f6b-000000000001".parse().unwrap()
}

/// Bytes that differ everywhere, so that a wrong offset shows.
pub fn bytes(length: usize) -> Vec<u8> {
    (0..length as u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).take(length).collect()
}

/// A vault file with a header before the sealed bytes.
pub fn sealed(bytes: &[u8]) -> SealedFile {
    use std::io::Write as _;
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(b"header of the vault file").unwrap();
    let start = 24;
    file.write_all(bytes).unwrap();
    SealedFile { file, start, length: bytes.len() as u64 }
}

pub fn step(length: u64, request: UploadRequest) -> Step {
    let leased_until = now() + std::time::Duration::from_mins(10);
    Step { lease: LeaseId(1), leased_until, capture: capture(), length, request }
}

pub fn create(bytes: &[u8]) -> Step {
    create_with(bytes, bytes.len() as u64)
}

pub fn create_with(bytes: &[u8], body: u64) -> Step {
    let return_id: ReturnId = "0198c5a0-7c3e-7d52-9f6b-2f6d0a4c1e77".parse().unwrap();
    let item = ReturnItemId::of(return_id, "MUG-350");
    let metadata = UploadMetadata { capture: capture(), return_id, item, sha256: Sha256Digest::of(bytes) };
    step(bytes.len() as u64, UploadRequest::Create { metadata, body })
}

pub fn append(length: u64, offset: u64, body: u64) -> Step {
    step(length, UploadRequest::Append { location: "/v1/uploads/u1".to_owned(), offset, body })
}

pub fn ask_offset(length: u64) -> Step {
    step(length, UploadRequest::AskOffset { location: "/v1/uploads/u1".to_owned() })
}

/// Performs a step with a token and without watching it.
pub async fn perform(performer: &StepPerformer, step: &Step, bytes: &[u8]) -> clearshot_capture::Outcome {
    performer.perform(step, Some(sealed(bytes)), &token("t1"), Arc::new(|_| {})).await.unwrap()
}
