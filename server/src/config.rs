//! What a server is started with, and every limit it keeps.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clearshot_protocol::Timestamp;

/// The largest JSON or form body in bytes. A return with 100 lines of the longest titles has about 60 KiB.
pub const JSON_BODY_LIMIT: usize = 128 * 1024;

/// The most bytes of a request's head. Tokens have about 300 bytes and upload metadata about 350.
pub const HEADER_LIMIT: usize = 32 * 1024;

/// The most headers of a request: browsers behind proxies send about 40.
pub const HEADER_COUNT_LIMIT: usize = 96;

/// How long a client may take to send a request's head. Slower ones only hold a connection open.
pub const HEADER_TIMEOUT: Duration = Duration::from_secs(20);

/// How long an upload may send nothing before the request ends and its bytes are kept. Longer than a phone's change
/// from Wi-Fi to mobile data, shorter than the 60 s after which common proxies give up.
pub const UPLOAD_IDLE_TIMEOUT: Duration = Duration::from_secs(45);

/// How often the bytes of a slow upload are made durable while it lasts, so that a crash costs a slow uplink at most
/// this long. A fast upload is over before, and pays for one sync only.
pub const CHECKPOINT_INTERVAL: Duration = Duration::from_secs(5);

/// Bytes of an upload that are gathered before they are written. Large enough that system calls do not matter
/// (2 MB in 8 writes), small enough that 256 active uploads stay below 64 MiB.
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
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// How many photos are re-checked at a time. Each takes a thread and about 40 MB for a 12-megapixel photo.
    pub recheck_workers: usize,
    /// The clock.
    pub clock: Clock,
    /// Time-out of an upload that sends nothing; see [`UPLOAD_IDLE_TIMEOUT`].
    pub upload_idle_timeout: Duration,
}

impl ServerConfig {
    /// The defaults: the system's clock, and half of the cores for re-checks.
    pub fn new(data: impl Into<PathBuf>, listen: SocketAddr) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            data: data.into(),
            listen,
            recheck_workers: cores.div_ceil(2),
            clock: Clock::system(),
            upload_idle_timeout: UPLOAD_IDLE_TIMEOUT,
        }
    }
}
