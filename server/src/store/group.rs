//! Group commit: changes that come at the same time share one wait for the disk.
//!
//! SQLite has one writer, and each commit waits for the disk. A change is a savepoint in a transaction that stays open
//! while others wait for their turn; it ends with the commit of all of them, and only then is told that it is durable.
//! Alone, a change is committed at once.
//!
//! A change ends by dropping its [`Turn`], with the word to keep it or without. What that means to SQLite is done by
//! whoever has the connection next: the next change, or the task that was begun to see to the commit. So nothing hangs
//! on a request that is cancelled at any point.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sqlx::{ConnectOptions as _, Executor as _};
use sqlx::{SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::runtime::Handle;
use tokio::sync::{Mutex, OwnedMutexGuard, oneshot, watch};

/// The most changes of one commit: about 10 ms of statements, as long as two waits for a common disk.
const GROUP: usize = 32;

/// The one connection that writes.
#[derive(Clone)]
pub(super) struct Writer {
    state: Arc<Mutex<State>>,
    /// Changes that wait for their turn.
    coming: Arc<AtomicUsize>,
}

struct State {
    connection: SqliteConnection,
    /// A transaction is open.
    begun: bool,
    /// The change before has ended, and this is still to be done.
    ending: Option<Ending>,
    /// Changes that are kept, once the transaction is committed.
    together: Vec<Kept>,
    /// The number of the newest event that is committed.
    latest: watch::Sender<i64>,
    closed: bool,
}

enum Ending {
    Keep(Kept),
    Undo,
}

/// A change that waits for its commit.
struct Kept {
    done: oneshot::Sender<Result<(), Arc<sqlx::Error>>>,
    /// The last event that it adds.
    event: Option<i64>,
}

/// The connection, for one change.
pub(super) struct Turn {
    state: OwnedMutexGuard<State>,
    writer: Writer,
}

impl Writer {
    pub(super) async fn open(
        options: &SqliteConnectOptions,
        latest: watch::Sender<i64>,
    ) -> Result<Self, sqlx::Error> {
        let connection = options.connect().await?;
        let state =
            State { connection, begun: false, ending: None, together: Vec::new(), latest, closed: false };
        Ok(Self { state: Arc::new(Mutex::new(state)), coming: Arc::default() })
    }

    /// Waits for the turn to change something; first come, first served.
    pub(super) async fn take(&self) -> Result<Turn, sqlx::Error> {
        let coming = Coming::begin(self);
        let mut state = self.state.clone().lock_owned().await;
        coming.arrived();
        if state.closed {
            return Err(sqlx::Error::PoolClosed);
        }
        state.end_previous().await;
        let mut turn = Turn { state, writer: self.clone() };
        let state = &mut *turn.state;
        // From here on there is something to undo, should this be cancelled.
        state.ending = Some(Ending::Undo);
        let begins = !state.begun;
        state.begun = true;
        // IMMEDIATE: takes the lock now and not half-way, where another process could have come between. Both words in
        // one call, because each call is a way to the connection's thread and back.
        let begin = if begins { "BEGIN IMMEDIATE; SAVEPOINT change" } else { "SAVEPOINT change" };
        if let Err(error) = state.connection.execute(begin).await {
            state.ending = None;
            if begins {
                state.begun = false;
                // An error here only says that nothing was begun.
                let _ = state.connection.execute("ROLLBACK").await;
            }
            return Err(error);
        }
        Ok(turn)
    }

    /// Commits what is under way, and refuses every change from now on.
    pub(super) async fn close(&self) {
        let mut state = self.state.lock().await;
        state.commit().await;
        state.closed = true;
        // So that the file alone is whole, for who copies it.
        let _ = state.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").await;
    }

    /// Sees to the commit of what has ended, unless somebody comes who will share it.
    fn settle(&self) {
        // Without a runtime the process is about to end, and nobody was told of anything.
        let Ok(runtime) = Handle::try_current() else { return };
        let writer = self.clone();
        runtime.spawn(async move {
            let mut state = writer.state.lock().await;
            let kept = usize::from(matches!(state.ending, Some(Ending::Keep(_))));
            if writer.coming.load(Ordering::Acquire) == 0 || state.together.len() + kept >= GROUP {
                state.commit().await;
            } else {
                state.end_previous().await;
            }
        });
    }
}

impl Turn {
    pub(super) fn connection(&mut self) -> &mut SqliteConnection {
        &mut self.state.connection
    }

    /// Ends the change; it is durable when this returns, and its events are told.
    pub(super) async fn commit(mut self, event: Option<i64>) -> Result<(), Arc<sqlx::Error>> {
        let (done, committed) = oneshot::channel();
        self.state.ending = Some(Ending::Keep(Kept { done, event }));
        drop(self);
        // An error means that the process is about to end.
        committed.await.unwrap_or_else(|_| Err(Arc::new(sqlx::Error::PoolClosed)))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.writer.settle();
    }
}

impl State {
    /// Does what the end of the change before means. Who comes next may leave while SQLite still does it, and takes nothing
    /// along: all is noted before it is waited for.
    async fn end_previous(&mut self) {
        let statement = match self.ending.take() {
            None => return,
            Some(Ending::Keep(kept)) => {
                self.together.push(kept);
                "RELEASE change"
            }
            Some(Ending::Undo) => "ROLLBACK TO change; RELEASE change",
        };
        if let Err(error) = self.connection.execute(statement).await {
            // SQLite has rolled back the whole transaction, as it does when the disk fails or is full.
            self.fail(error).await;
        }
    }

    /// Ends the change before, and commits it with all others.
    async fn commit(&mut self) {
        match self.ending.take() {
            // COMMIT releases what is saved.
            Some(Ending::Keep(kept)) => self.together.push(kept),
            other => {
                self.ending = other;
                self.end_previous().await;
            }
        }
        if !self.begun {
            return;
        }
        match self.connection.execute("COMMIT").await {
            Ok(_) => {
                self.begun = false;
                if let Some(event) = self.together.iter().filter_map(|kept| kept.event).max() {
                    self.latest.send_replace(event);
                }
                for kept in self.together.drain(..) {
                    // Whoever asked may have left.
                    let _ = kept.done.send(Ok(()));
                }
            }
            Err(error) => self.fail(error).await,
        }
    }

    /// Nothing of the transaction has happened.
    async fn fail(&mut self, error: sqlx::Error) {
        self.begun = false;
        let error = Arc::new(error);
        for kept in self.together.drain(..) {
            let _ = kept.done.send(Err(error.clone()));
        }
        // An error here only says that there is nothing to roll back any more.
        let _ = self.connection.execute("ROLLBACK").await;
    }
}

/// One that waits for its turn. When it leaves before, what was left to it to commit is seen to.
struct Coming<'a> {
    writer: &'a Writer,
    arrived: bool,
}

impl<'a> Coming<'a> {
    fn begin(writer: &'a Writer) -> Self {
        writer.coming.fetch_add(1, Ordering::AcqRel);
        Self { writer, arrived: false }
    }

    fn arrived(mut self) {
        self.arrived = true;
    }
}

impl Drop for Coming<'_> {
    fn drop(&mut self) {
        self.writer.coming.fetch_sub(1, Ordering::AcqRel);
        if !self.arrived {
            self.writer.settle();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::poll;
    use sqlx::Row as _;
    use sqlx::sqlite::SqliteJournalMode;

    use super::*;

    async fn writer(folder: &tempfile::TempDir) -> Writer {
        let path = folder.path().join("test.sqlite");
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal);
        let writer = Writer::open(&options, watch::channel(0).0).await.unwrap();
        let mut turn = writer.take().await.unwrap();
        turn.connection().execute("CREATE TABLE numbers (number INTEGER PRIMARY KEY)").await.unwrap();
        turn.commit(None).await.unwrap();
        writer
    }

    async fn add(writer: &Writer, number: i64) -> Result<(), Arc<sqlx::Error>> {
        write(writer, Some(number)).await
    }

    /// Without a number it gets the next one, as an event does.
    async fn write(writer: &Writer, number: Option<i64>) -> Result<(), Arc<sqlx::Error>> {
        let mut turn = writer.take().await?;
        let insert = sqlx::query("INSERT INTO numbers VALUES (?)").bind(number);
        let number = insert.execute(turn.connection()).await?.last_insert_rowid();
        turn.commit(Some(number)).await
    }

    async fn numbers(folder: &tempfile::TempDir) -> Vec<i64> {
        let options = SqliteConnectOptions::new().filename(folder.path().join("test.sqlite"));
        let mut connection = options.connect().await.unwrap();
        let rows = sqlx::query("SELECT number FROM numbers ORDER BY number").fetch_all(&mut connection);
        rows.await.unwrap().iter().map(|row| row.get(0)).collect()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn many_changes_at_once_are_all_there_when_they_are_told_so() {
        let folder = tempfile::tempdir().unwrap();
        let writer = writer(&folder).await;
        let changes: Vec<_> = (0..200)
            .map(|_| {
                let writer = writer.clone();
                tokio::spawn(async move { write(&writer, None).await })
            })
            .collect();
        for change in changes {
            change.await.unwrap().unwrap();
        }
        assert_eq!(numbers(&folder).await, (1..=200).collect::<Vec<_>>());
        assert_eq!(*writer.state.lock().await.latest.borrow(), 200);
    }

    #[tokio::test]
    async fn a_change_that_waits_with_others_is_not_told_before_the_commit_and_is_committed_with_them() {
        let folder = tempfile::tempdir().unwrap();
        let writer = writer(&folder).await;
        let mut first = writer.take().await.unwrap();
        sqlx::query("INSERT INTO numbers VALUES (1)").execute(first.connection()).await.unwrap();
        // The second waits already, so that the first is left to it.
        let (writing, going_on) = (writer.clone(), oneshot::channel::<()>());
        let second = tokio::spawn(async move {
            let mut turn = writing.take().await.unwrap();
            sqlx::query("INSERT INTO numbers VALUES (2)").execute(turn.connection()).await.unwrap();
            going_on.1.await.unwrap();
            turn.commit(None).await
        });
        while writer.coming.load(Ordering::Acquire) == 0 {
            tokio::task::yield_now().await;
        }
        let mut first = tokio::spawn(first.commit(None));
        let early = tokio::time::timeout(Duration::from_millis(50), &mut first).await;
        assert!(early.is_err() && numbers(&folder).await.is_empty());
        going_on.0.send(()).unwrap();
        first.await.unwrap().unwrap();
        second.await.unwrap().unwrap();
        assert_eq!(numbers(&folder).await, [1, 2]);
    }

    #[tokio::test]
    async fn a_change_that_is_dropped_leaves_nothing_and_takes_nobody_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let writer = writer(&folder).await;
        add(&writer, 1).await.unwrap();
        let mut dropped = writer.take().await.unwrap();
        sqlx::query("INSERT INTO numbers VALUES (2)").execute(dropped.connection()).await.unwrap();
        let (waiting, third) = (writer.clone(), 3);
        let waiting = tokio::spawn(async move { add(&waiting, third).await });
        while writer.coming.load(Ordering::Acquire) == 0 {
            tokio::task::yield_now().await;
        }
        drop(dropped);
        waiting.await.unwrap().unwrap();
        assert!(add(&writer, 1).await.is_err(), "a number is there once");
        add(&writer, 4).await.unwrap();
        assert_eq!(numbers(&folder).await, [1, 3, 4]);
    }

    #[tokio::test]
    async fn one_who_leaves_the_queue_leaves_nobody_waiting() {
        let folder = tempfile::tempdir().unwrap();
        let writer = writer(&folder).await;
        let mut first = writer.take().await.unwrap();
        sqlx::query("INSERT INTO numbers VALUES (1)").execute(first.connection()).await.unwrap();
        let leaving = writer.clone();
        let leaving = tokio::spawn(async move { add(&leaving, 2).await });
        while writer.coming.load(Ordering::Acquire) == 0 {
            tokio::task::yield_now().await;
        }
        leaving.abort();
        tokio::time::timeout(Duration::from_secs(20), first.commit(None)).await.unwrap().unwrap();
        assert_eq!(numbers(&folder).await, [1]);
    }

    #[tokio::test]
    async fn one_who_leaves_when_it_is_their_turn_takes_no_change_along() {
        let folder = tempfile::tempdir().unwrap();
        let writer = writer(&folder).await;
        for number in 0..20 {
            let mut first = writer.take().await.unwrap();
            sqlx::query("INSERT INTO numbers VALUES (?)")
                .bind(number)
                .execute(first.connection())
                .await
                .unwrap();
            let mut leaving = Box::pin(writer.take());
            assert!(poll!(&mut leaving).is_pending());
            let mut first = Box::pin(first.commit(None));
            assert!(poll!(&mut first).is_pending());
            // Its turn has come, and it begins to end the change before.
            let _ = poll!(&mut leaving);
            drop(leaving);
            tokio::time::timeout(Duration::from_secs(20), first).await.unwrap().unwrap();
        }
        assert_eq!(numbers(&folder).await, (0..20).collect::<Vec<_>>());
    }
}
