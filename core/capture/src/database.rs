//! The queue's database: opening, migrating, and telling damage from every other error.
//!
//! It does not know what the tables mean; their statements stand where their subject is.

use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::Duration;

use clearshot_protocol::Timestamp;
use rusqlite::config::DbConfig;
use rusqlite::ffi::SQLITE_IOERR_SHMSIZE;
use rusqlite::{Connection, ErrorCode, TransactionBehavior};

use crate::error::CaptureError;

/// One file per version, in their order. A file that was released is never changed; a change is a new file.
const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/0001_queue.sql"),
    include_str!("../migrations/0002_clock_and_pace.sql"),
    include_str!("../migrations/0003_forgetting.sql"),
    include_str!("../migrations/0004_senders.sql"),
];

/// How long a statement waits for another process's transaction. None of ours takes 100 ms; a suspended process may.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// An open database, and which file it is.
#[derive(Debug)]
pub(crate) struct Database {
    pub(crate) connection: Connection,
    /// Device and number of the file. SQLite goes on with a file that has lost its name; a queue must not.
    file: (u64, u64),
}

impl Database {
    /// Opens the database, made if absent, and brings it to the latest version. Must be called under the folder's lock:
    /// two processes must not set the journal mode at the same time.
    pub(crate) fn open(path: &Path) -> Result<Self, CaptureError> {
        let connection = open(path)?;
        let file = file_at(path).map_err(|source| CaptureError::Folder { path: path.to_owned(), source })?;
        Ok(Self { connection, file })
    }

    /// Whether it is the file at this path. What cannot be known counts as yes.
    pub(crate) fn is_at(&self, path: &Path) -> bool {
        match file_at(path) {
            Ok(file) => file == self.file,
            Err(error) => error.kind() != io::ErrorKind::NotFound,
        }
    }

    /// Writes the journal back and closes it.
    pub(crate) fn close(self) -> Result<(), CaptureError> {
        self.connection.close().map_err(|(_, error)| error.into())
    }
}

fn file_at(path: &Path) -> io::Result<(u64, u64)> {
    std::fs::metadata(path).map(|metadata| (metadata.dev(), metadata.ino()))
}

/// Whether an open file is the one at this path.
pub(crate) fn is_file_at(file: &std::fs::File, path: &Path) -> io::Result<bool> {
    let open = file.metadata()?;
    match file_at(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        named => Ok(named? == (open.dev(), open.ino())),
    }
}

fn open(path: &Path) -> Result<Connection, CaptureError> {
    let mut connection = Connection::open(path)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // A database of a later version stays as it is, to the byte: closing must not write its journal back.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    let found: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let known = MIGRATIONS.len() as u32;
    if found > known {
        return Err(CaptureError::NewerDatabase { found, known });
    }
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
    set_pragmas(&connection)?;
    migrate(&mut connection, found as usize)?;
    check(&connection)?;
    Ok(connection)
}

fn set_pragmas(connection: &Connection) -> Result<(), CaptureError> {
    // One sync per commit, and readers never wait for a writer.
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // "Saved" means on the disk: in WAL mode, NORMAL may lose the last commits in a power cut.
    connection.pragma_update(None, "synchronous", "FULL")?;
    // On Apple's systems fsync does not reach the disk; these make SQLite use F_FULLFSYNC there.
    connection.pragma_update(None, "fullfsync", "ON")?;
    connection.pragma_update(None, "checkpoint_fullfsync", "ON")?;
    // A capture without its shot could not be explained to anybody.
    connection.pragma_update(None, "foreign_keys", "ON")?;
    // No temporary files in folders that we do not look after.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(())
}

fn migrate(connection: &mut Connection, from: usize) -> Result<(), CaptureError> {
    for (version, migration) in MIGRATIONS.iter().enumerate().skip(from) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(migration)?;
        transaction.pragma_update(None, "user_version", version as u32 + 1)?;
        transaction.commit()?;
    }
    Ok(())
}

/// Reads every page once, so that damage shows while it can still be mended. The database has a few hundred bytes per
/// capture: 1 ms.
fn check(connection: &Connection) -> Result<(), CaptureError> {
    let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if verdict == "ok" {
        return Ok(());
    }
    let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
    Err(CaptureError::DatabaseDamaged(rusqlite::Error::SqliteFailure(code, Some(verdict))))
}

impl From<rusqlite::Error> for CaptureError {
    /// Only SQLite's own word that the file is damaged or no database counts as damage; nothing is ever moved or rebuilt
    /// on any other error.
    fn from(error: rusqlite::Error) -> Self {
        // The shared index beside the database could not grow: SQLite's only word for that is an I/O error.
        if error.sqlite_error().is_some_and(|error| error.extended_code == SQLITE_IOERR_SHMSIZE) {
            return Self::DiskFull(std::io::Error::other(error));
        }
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::DatabaseDamaged(error),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::DatabaseBusy(error),
            Some(ErrorCode::DiskFull) => Self::DiskFull(std::io::Error::other(error)),
            _ => Self::Database(error),
        }
    }
}

/// Reads a column of milliseconds.
pub(crate) fn time(millis: i64) -> Result<Timestamp, CaptureError> {
    Timestamp::from_millisecond(millis).map_err(|_| CaptureError::Row("a time"))
}

/// A duration in milliseconds, as columns have it.
pub(crate) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// Reads a column that holds one of our words.
pub(crate) fn word<T: std::str::FromStr>(text: &str, what: &'static str) -> Result<T, CaptureError> {
    text.parse().map_err(|_| CaptureError::Row(what))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_named_as_such_however_sqlite_says_it() {
        for code in [rusqlite::ffi::SQLITE_FULL, SQLITE_IOERR_SHMSIZE] {
            let error = rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None);
            assert_eq!(CaptureError::from(error).code(), "disk_full");
        }
        let error = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_IOERR_READ);
        assert_eq!(CaptureError::from(rusqlite::Error::SqliteFailure(error, None)).code(), "database");
    }

    const ONE_SESSION: &str =
        "INSERT INTO sessions (id, return_id, opened_at) VALUES (zeroblob(16), zeroblob(16), 7)";

    /// What the schema is, as SQLite tells it.
    fn schema(connection: &Connection) -> Vec<String> {
        let mut statement =
            connection.prepare("SELECT sql FROM sqlite_schema WHERE sql NOT NULL ORDER BY name").unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    #[test]
    fn the_database_of_every_version_opens_and_becomes_the_latest() {
        let folder = tempfile::tempdir().unwrap();
        let fresh = schema(&open(&folder.path().join("fresh.sqlite")).unwrap());
        for version in 0..=MIGRATIONS.len() {
            let path = folder.path().join(format!("{version}.sqlite"));
            let old = Connection::open(&path).unwrap();
            for migration in &MIGRATIONS[..version] {
                old.execute_batch(migration).unwrap();
            }
            old.pragma_update(None, "user_version", version as u32).unwrap();
            if version > 0 {
                old.execute(ONE_SESSION, []).unwrap();
            }
            drop(old);

            let connection = open(&path).unwrap();
            assert_eq!(schema(&connection), fresh, "from version {version}");
            let rows: i64 =
                connection.query_row("SELECT count(*) FROM sessions", [], |row| row.get(0)).unwrap();
            assert_eq!(rows, i64::from(version > 0));
        }
    }

    /// A database of the first version with a session, its journal not written back, as a running program has it.
    fn old_database(folder: &Path) -> Connection {
        let old = Connection::open(folder.join("queue.sqlite")).unwrap();
        old.pragma_update(None, "journal_mode", "WAL").unwrap();
        old.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).unwrap();
        old.execute_batch(MIGRATIONS[0]).unwrap();
        old.pragma_update(None, "user_version", 1).unwrap();
        old.execute(ONE_SESSION, []).unwrap();
        old
    }

    /// Opens a copy of the database, as after a kill; with its journal cut to `journal` bytes where that is given.
    fn open_copy(folder: &Path, journal: Option<u64>) -> Connection {
        let copy = tempfile::tempdir().unwrap();
        for name in ["queue.sqlite", "queue.sqlite-wal"] {
            std::fs::copy(folder.join(name), copy.path().join(name)).unwrap();
        }
        if let Some(length) = journal {
            let wal = std::fs::OpenOptions::new().write(true).open(copy.path().join("queue.sqlite-wal"));
            wal.unwrap().set_len(length).unwrap();
        }
        open(&copy.path().join("queue.sqlite")).unwrap()
    }

    #[test]
    fn a_migration_that_was_killed_after_any_statement_or_write_is_done_by_the_next_opening() {
        let fresh_folder = tempfile::tempdir().unwrap();
        let fresh = schema(&open(&fresh_folder.path().join("fresh.sqlite")).unwrap());
        let is_latest = |connection: &Connection, what: &str| {
            assert_eq!(schema(connection), fresh, "{what}");
            let count = |sql| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
            assert_eq!(
                (count("SELECT count(*) FROM sessions"), count("SELECT count(*) FROM planner")),
                (1, 1)
            );
        };

        // Between its statements.
        let statements: Vec<_> =
            MIGRATIONS[1..].iter().flat_map(|migration| migration.split_inclusive(';')).collect();
        for done in 0..=statements.len() {
            let folder = tempfile::tempdir().unwrap();
            let old = old_database(folder.path());
            old.pragma_update(None, "cache_size", 1).unwrap(); // what is not committed goes to the journal, too
            old.execute_batch("BEGIN IMMEDIATE").unwrap();
            old.execute_batch(&statements[..done].concat()).unwrap();
            is_latest(&open_copy(folder.path(), None), &format!("after {done} statements"));
        }

        // In the middle of what its commit writes.
        let folder = tempfile::tempdir().unwrap();
        let mut old = old_database(folder.path());
        let journal = || std::fs::metadata(folder.path().join("queue.sqlite-wal")).unwrap().len();
        let before = journal();
        migrate(&mut old, 1).unwrap();
        let after = journal();
        assert!(after > before);
        for cut in (before..=after).step_by(509) {
            is_latest(&open_copy(folder.path(), Some(cut)), &format!("after {cut} bytes of the journal"));
        }
    }

    #[test]
    fn a_newer_database_is_refused_and_left_as_it_is_to_the_byte() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("queue.sqlite");
        let future = open(&path).unwrap();
        future.pragma_update(None, "user_version", 99).unwrap();
        drop(future);
        let before = std::fs::read(&path).unwrap();

        let error = open(&path).unwrap_err();
        assert!(matches!(error, CaptureError::NewerDatabase { found: 99, .. }), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }

    #[test]
    fn commits_are_synced_and_readers_do_not_wait() {
        let folder = tempfile::tempdir().unwrap();
        let connection = open(&folder.path().join("queue.sqlite")).unwrap();
        let text = |name| connection.pragma_query_value(None, name, |row| row.get::<_, String>(0)).unwrap();
        let number = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(text("journal_mode"), "wal");
        assert_eq!((number("synchronous"), number("foreign_keys")), (2, 1));
        assert_eq!((number("fullfsync"), number("checkpoint_fullfsync")), (1, 1));
    }

    #[test]
    fn only_sqlites_own_word_counts_as_damage() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("queue.sqlite");
        std::fs::copy("/proc/self/exe", &path).unwrap();
        assert!(matches!(open(&path), Err(CaptureError::DatabaseDamaged(_))));
        assert!(
            matches!(open(folder.path()), Err(CaptureError::Database(_))),
            "a folder is no damaged database"
        );
    }
}
