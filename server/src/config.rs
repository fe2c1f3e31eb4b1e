//! What a server is started with, and every limit it keeps.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clearshot_analysis::SubjectModel;
use clearshot_protocol::Timestamp;

use crate::vfs::{RealDisk, Vfs};

/// The largest JSON or form body in bytes. A return with 100 lines of the longest titles has about 60 KiB.
pub const JSON_BODY_LIMIT: usize = 128 * 1024;

/// The most bytes of a request's head. Tokens have about 300 bytes and upload metadata about 350.
pub const HEADER_LIMIT: usize = 32 * 1024;

/// The most bytes that are read from a connection at a time. It is what a silent connection holds of memory, beside some
/// KiB of its own; smaller ones cost more calls for each photo.
pub const READ_BUFFER: usize = 32 * 1024;

/// The most headers of a request: browsers behind proxies send about 40.
pub const HEADER_COUNT_LIMIT: usize = 96;

/// How long a client may take to send a request's head. Slower ones only hold a connection open.
pub const HEADER_TIMEOUT: Duration = Duration::from_secs(20);

/// How long a client may take to send a whole JSON or form body. The largest take 2 s at 512 kbit/s.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(20);

/// How long a client may take nothing of an answer before its connection is closed.
pub const SEND_TIMEOUT: Duration = Duration::from_mins(1);

/// The most connections at a time, where the system allows as many files. More are told to come back.
pub const CONNECTION_LIMIT: usize = 8192;

/// How long an upload may send nothing before the request ends and its bytes are kept. Longer than a phone's change
/// from Wi-Fi to mobile data, shorter than the 60 s after which common proxies give up.
pub const UPLOAD_IDLE_TIMEOUT: Duration = Duration::from_secs(45);

/// How often the pace of an upload is looked at: once a minute of waiting for it.
pub const UPLOAD_RATE_WINDOW: Duration = Duration::from_mins(1);

/// The fewest bytes that a window must bring: 273 bytes a second, a quarter of the slowest network that phones upload
/// over. Slower ones only hold a request open.
pub const UPLOAD_RATE_BYTES: u64 = 16 * 1024;

/// The most requests with bytes of uploads at a time. Each is a task, an open file and a socket.
pub const UPLOAD_REQUESTS: usize = 4096;

/// The most of them of one shopper. A phone has 3; browsers and tools of one person have some dozens.
pub const UPLOAD_REQUESTS_PER_CLIENT: usize = 64;

/// Bytes of all uploads that are gathered in memory before they are written: 256 full buffers.
pub const UPLOAD_MEMORY: usize = 64 * 1024 * 1024;

/// How long bytes wait in memory for more to come. What pauses longer is written, so that it holds no memory.
pub const WRITE_PAUSE: Duration = Duration::from_millis(250);

/// How long an upload that nobody goes on with is kept: a week's holiday without a network.
pub const UPLOAD_LIFETIME: Duration = Duration::from_hours(7 * 24);

/// How long it is remembered that an upload is gone (410), and not unknown (404).
pub const TOMBSTONE_LIFETIME: Duration = Duration::from_hours(30 * 24);

/// How long the photo of rejected evidence is kept for somebody who looks into why. It can never be shown to an agent,
/// and the phone keeps its own copy.
pub const REJECTED_LIFETIME: Duration = Duration::from_hours(7 * 24);

/// How often abandoned uploads are looked for.
pub const SWEEP_INTERVAL: Duration = Duration::from_mins(10);

/// How often the bytes of a slow upload are made durable while it lasts, so that a crash costs a slow uplink at most
/// this long. A fast upload is over before, and pays for one sync only.
pub const CHECKPOINT_INTERVAL: Duration = Duration::from_secs(5);

/// Bytes of an upload that are gathered before they are written. Large enough that system calls do not matter
/// (2 MB in 8 writes), small enough that 256 active uploads stay within [`UPLOAD_MEMORY`].
pub const WRITE_BUFFER: usize = 256 * 1024;

/// How long a shutdown waits for requests that have begun.
pub const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a console login link is good for.
pub const LOGIN_CODE_LIFETIME: Duration = Duration::from_mins(10);

/// How long a console login lasts: an agent's working day.
pub const CONSOLE_SESSION_LIFETIME: Duration = Duration::from_hours(12);

/// How often an event stream without events says that it is alive: proxies close silent connections after 30–60 s.
pub const SSE_KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Where "now" comes from: the one place at which the server reads the clock.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self(Arc::new(Timestamp::now))
    }

    /// A clock of the caller's, for tests.
    pub fn from_fn(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The time in whole milliseconds: what the database keeps, so that an answer does not change once it is stored.
    pub fn now(&self) -> Timestamp {
        let now = (self.0)();
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock(…)")
    }
}

/// What a server is started with.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// The folder that holds everything: `clearshot.sqlite`, `spool/`, `evidence/`, `keys/`. Made when absent.
    pub data: PathBuf,
    /// The disk that the folder is on: the machine's, or one that tests have.
    pub disk: Arc<dyn Vfs>,
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// How many photos are re-checked at a time. Each takes a thread and about 40 MB for a 12-megapixel photo.
    pub recheck_workers: usize,
    /// The relevance model that the re-check asks.
    pub model: ModelSource,
    /// The clock.
    pub clock: Clock,
    /// How slow an upload may be.
    pub upload_pace: UploadPace,
    /// Time after which the bytes of a slow upload are made durable while it lasts; see [`CHECKPOINT_INTERVAL`].
    pub checkpoint_interval: Duration,
    /// Requests with bytes of uploads at a time; see [`UPLOAD_REQUESTS`].
    pub upload_requests: usize,
    /// Those of one shopper; see [`UPLOAD_REQUESTS_PER_CLIENT`].
    pub upload_requests_per_client: usize,
    /// Connections at a time; see [`CONNECTION_LIMIT`].
    pub connections: usize,
    /// Time for a whole JSON or form body; see [`BODY_TIMEOUT`].
    pub body_timeout: Duration,
    /// Time between two looks for abandoned uploads; see [`SWEEP_INTERVAL`].
    pub sweep_interval: Duration,
    /// Time for requests that have begun when a shutdown does; see [`DRAIN_TIMEOUT`].
    pub drain_timeout: Duration,
}

/// Which relevance model the re-check asks of what a photo is.
#[derive(Clone)]
pub enum ModelSource {
    /// The one within this program; none in a build without the feature `relevance`.
    Bundled,
    /// This ONNX file, as models/train writes them. When it cannot be used, the server does not start.
    File(PathBuf),
    /// A signed update of the bundled one. When it is not to be trusted, not newer or not there, the bundled one goes on
    /// and the log says why.
    Update {
        /// The update's file.
        path: PathBuf,
        /// The Ed25519 public key by which it is told from a forgery, 64 hexadecimal digits.
        key: String,
    },
    /// One of the caller's, run by whatever the caller likes.
    Given(Arc<dyn SubjectModel>),
    /// None: photos are judged for their light, focus and framing only.
    Off,
}

impl fmt::Debug for ModelSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bundled => f.write_str("Bundled"),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::Update { path, key } => {
                f.debug_struct("Update").field("path", path).field("key", key).finish()
            }
            Self::Given(model) => f.debug_tuple("Given").field(&model.sha256()).finish(),
            Self::Off => f.write_str("Off"),
        }
    }
}

/// How slow an upload may be before its request ends with 408. Its bytes are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UploadPace {
    /// The longest silence.
    pub idle: Duration,
    /// The time of waiting after which the bytes are counted.
    pub window: Duration,
    /// The fewest bytes that a window must bring.
    pub bytes_per_window: u64,
}

impl Default for UploadPace {
    fn default() -> Self {
        Self { idle: UPLOAD_IDLE_TIMEOUT, window: UPLOAD_RATE_WINDOW, bytes_per_window: UPLOAD_RATE_BYTES }
    }
}

impl ServerConfig {
    /// The defaults: the system's clock, the bundled model, and half of the cores for re-checks.
    pub fn new(data: impl Into<PathBuf>, listen: SocketAddr) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            data: data.into(),
            disk: Arc::new(RealDisk),
            listen,
            recheck_workers: cores.div_ceil(2),
            model: ModelSource::Bundled,
            clock: Clock::system(),
            upload_pace: UploadPace::default(),
            checkpoint_interval: CHECKPOINT_INTERVAL,
            upload_requests: UPLOAD_REQUESTS,
            upload_requests_per_client: UPLOAD_REQUESTS_PER_CLIENT,
            connections: CONNECTION_LIMIT,
            body_timeout: BODY_TIMEOUT,
            sweep_interval: SWEEP_INTERVAL,
            drain_timeout: DRAIN_TIMEOUT,
        }
    }
}
