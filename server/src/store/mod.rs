//! The database: one SQLite file. One module per table; every change and the events that report it are one
//! transaction, which [others may share](group).
//!
//! Not responsible for files (`spool/`, `evidence/`), nor for deciding when a status changes ([`crate::lifecycle`]).

pub(crate) mod events;
pub(crate) mod evidence;
mod group;
pub(crate) mod logins;
pub(crate) mod returns;
pub(crate) mod uploads;

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use clearshot_protocol::Timestamp;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use sqlx::{Row as _, SqliteConnection};
use tokio::sync::watch;

use self::group::{Turn, Writer};
use crate::disk::create_private;
use crate::error::ServerError;
use crate::keys::Keys;

/// Connections that read. Reads are short; more would only wait for the same disk.
const READERS: u32 = 4;

/// How long a connection waits for another process's lock, such as `clearshot` making a login link beside a running
/// server.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// The database and what it needs to seal its columns and to wake those who wait for events.
pub(crate) struct Store {
    writer: Writer,
    reader: SqlitePool,
    pub(crate) keys: Arc<Keys>,
    latest: watch::Sender<i64>,
}

impl Store {
    /// Opens the file, or makes it, and brings its schema up to date.
    pub(crate) async fn open(path: &Path, keys: Arc<Keys>) -> Result<Self, ServerError> {
        // Made here, because SQLite would let everybody read it; its companion files take its mode.
        match create_private(path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(ServerError::Disk { path: path.to_owned(), source: error });
            }
            _ => {}
        }
        let options = SqliteConnectOptions::new()
            .filename(path)
            // Readers do not wait for the writer, nor the writer for them.
            .journal_mode(SqliteJournalMode::Wal)
            // A commit is on the disk when it returns: an acknowledged offset must survive a power cut.
            .synchronous(SqliteSynchronous::Full)
            // Off by default in SQLite; without it a photo could belong to no return.
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT)
            // Nothing of a removed row stays readable in the file.
            .pragma("secure_delete", "on")
            // Sorting never writes rows into a temporary file outside the data folder.
            .pragma("temp_store", "memory");
        let migrating = SqlitePoolOptions::new().max_connections(1).connect_with(options.clone()).await?;
        sqlx::migrate!("./migrations").run(&migrating).await?;
        let last: Option<i64> =
            sqlx::query("SELECT max(id) AS last FROM events").fetch_one(&migrating).await?.try_get("last")?;
        migrating.close().await;
        let (latest, _) = watch::channel(last.unwrap_or(0));
        // SQLite has one writer at a time. One connection that queues in here is fair and never sees SQLITE_BUSY.
        let writer = Writer::open(&options, latest.clone()).await?;
        // Waits for a commit of a server that was dropped in this process a moment ago: what is read after this stays.
        writer.take().await?.commit(None).await.map_err(ServerError::Commit)?;
        let reader = SqlitePoolOptions::new()
            .max_connections(READERS)
            // A file does not hang up; asking before each read would cost as much as the read.
            .test_before_acquire(false)
            .connect_with(options.read_only(true))
            .await?;
        Ok(Self { writer, reader, keys, latest })
    }

    /// Begins a change. It waits its turn: there is one at a time.
    pub(crate) async fn change(&self) -> Result<Change, ServerError> {
        Ok(Change { turn: self.writer.take().await?, keys: self.keys.clone(), last_event: None })
    }

    /// Tells when events were added: the value is the newest one's number.
    pub(crate) fn subscribe(&self) -> watch::Receiver<i64> {
        self.latest.subscribe()
    }

    /// Whether the database answers.
    pub(crate) async fn ping(&self) -> Result<(), ServerError> {
        sqlx::query("SELECT 1").execute(&self.reader).await?;
        Ok(())
    }

    /// Closes the file after the last change has ended.
    pub(crate) async fn close(&self) {
        self.reader.close().await;
        self.writer.close().await;
    }
}

/// A change of several rows. Dropped without [`Change::commit`], nothing of it has happened.
///
/// What it reads may be of a change that is not durable yet ([`group`]): whoever answers by what was read here commits
/// first, also where nothing was changed.
pub(crate) struct Change {
    turn: Turn,
    pub(crate) keys: Arc<Keys>,
    last_event: Option<i64>,
}

impl Change {
    fn connection(&mut self) -> &mut SqliteConnection {
        self.turn.connection()
    }

    /// Makes the change durable, then wakes those who wait for its events.
    pub(crate) async fn commit(self) -> Result<(), ServerError> {
        self.turn.commit(self.last_event).await.map_err(ServerError::Commit)
    }
}

fn millis(at: Timestamp) -> i64 {
    at.as_millisecond()
}

fn time(row: &SqliteRow, column: &'static str) -> Result<Timestamp, ServerError> {
    timestamp(row.try_get(column)?, column)
}

fn optional_time(row: &SqliteRow, column: &'static str) -> Result<Option<Timestamp>, ServerError> {
    row.try_get::<Option<i64>, _>(column)?.map(|at| timestamp(at, column)).transpose()
}

fn timestamp(millis: i64, column: &'static str) -> Result<Timestamp, ServerError> {
    Timestamp::from_millisecond(millis).map_err(|error| unreadable(column, &error))
}

fn bytes<const N: usize>(row: &SqliteRow, column: &'static str) -> Result<[u8; N], ServerError> {
    let bytes: &[u8] = row.try_get(column)?;
    bytes.try_into().map_err(|error| unreadable(column, &error))
}

fn optional_bytes<const N: usize>(
    row: &SqliteRow,
    column: &'static str,
) -> Result<Option<[u8; N]>, ServerError> {
    let bytes: Option<&[u8]> = row.try_get(column)?;
    bytes.map(|bytes| bytes.try_into().map_err(|error| unreadable(column, &error))).transpose()
}

fn word<T: std::str::FromStr<Err: std::fmt::Display>>(
    row: &SqliteRow,
    column: &'static str,
) -> Result<T, ServerError> {
    row.try_get::<&str, _>(column)?.parse().map_err(|error: T::Err| unreadable(column, &error))
}

fn json<T: serde::de::DeserializeOwned>(
    row: &SqliteRow,
    column: &'static str,
) -> Result<Option<T>, ServerError> {
    let text: Option<&str> = row.try_get(column)?;
    text.map(|text| serde_json::from_str(text).map_err(|error| unreadable(column, &error))).transpose()
}

fn unsigned(row: &SqliteRow, column: &'static str) -> Result<u64, ServerError> {
    u64::try_from(row.try_get::<i64, _>(column)?).map_err(|error| unreadable(column, &error))
}

fn to_json<T: serde::Serialize>(value: &T, column: &'static str) -> Result<String, ServerError> {
    serde_json::to_string(value).map_err(|error| unreadable(column, &error))
}

fn unreadable(column: &'static str, error: &dyn std::fmt::Display) -> ServerError {
    ServerError::Column { column, detail: error.to_string() }
}
