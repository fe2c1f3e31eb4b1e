//! Whose turn it is to write to an upload: the newest request's.
//!
//! Each request that wants an upload takes the next number, tells the one that is writing, and waits until that one
//! has kept what it has. Of several that wait, only the newest goes on. In memory: one process owns a data folder.
//!
//! The number goes on from the one that the upload's row has, and is written with every change of the row: whoever still
//! held an earlier turn, in this process or in one before, changes nothing any more.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard, watch};
use uuid::Uuid;

use super::spool::HashState;

/// Uploads that are remembered between their requests, each with about 300 bytes; beyond that, those that nobody uses
/// are forgotten, and a later request hashes their file again.
const REMEMBERED: usize = 4096;

/// All uploads that have been asked for.
#[derive(Default)]
pub(crate) struct Turns(Mutex<HashMap<Uuid, Arc<Slot>>>);

struct Slot {
    /// The number of the newest request.
    newest: watch::Sender<u64>,
    /// Held while writing; what is inside saves hashing the file anew for each request.
    hash: Arc<AsyncMutex<Option<HashState>>>,
}

/// The right to write, until it is dropped.
pub(super) struct Turn {
    number: u64,
    newest: watch::Receiver<u64>,
    hash: OwnedMutexGuard<Option<HashState>>,
}

/// A newer request came while this one waited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Overtaken;

impl Turns {
    /// Takes the next turn, which comes after the row's `generation`, and waits for whoever writes to end.
    pub(super) async fn take(&self, upload: Uuid, generation: u64) -> Result<Turn, Overtaken> {
        let slot = self.slot(upload);
        let mut number = 0;
        slot.newest.send_modify(|newest| {
            *newest = generation.max(*newest) + 1;
            number = *newest;
        });
        let newest = slot.newest.subscribe();
        let hash = slot.hash.clone().lock_owned().await;
        if *newest.borrow() == number { Ok(Turn { number, newest, hash }) } else { Err(Overtaken) }
    }

    /// Forgets an upload that wants no more bytes.
    pub(super) fn forget(&self, upload: Uuid) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&upload);
    }

    fn slot(&self, upload: Uuid) -> Arc<Slot> {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() >= REMEMBERED && !slots.contains_key(&upload) {
            // A turn holds the mutex inside the slot, a waiting request the slot.
            slots.retain(|_, slot| Arc::strong_count(slot) > 1 || Arc::strong_count(&slot.hash) > 1);
        }
        slots
            .entry(upload)
            .or_insert_with(|| {
                Arc::new(Slot { newest: watch::channel(0).0, hash: Arc::new(AsyncMutex::new(None)) })
            })
            .clone()
    }
}

impl Turn {
    /// Its number, to be written with what it changes.
    pub(super) fn generation(&self) -> u64 {
        self.number
    }

    /// Whether no request has had a turn before.
    pub(super) fn is_first(&self) -> bool {
        self.number == 1
    }

    /// Ends when a newer request wants the upload.
    pub(super) async fn overtaken(&mut self) {
        let number = self.number;
        // An error means that the slot was forgotten: nobody can come any more.
        if self.newest.wait_for(|newest| *newest != number).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// The hash of the bytes so far, left by the turn before.
    pub(super) fn take_hash(&mut self) -> Option<HashState> {
        self.hash.take()
    }

    /// Leaves the hash for the next turn.
    pub(super) fn leave_hash(&mut self, hash: HashState) {
        *self.hash = Some(hash);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn the_newest_of_several_that_wait_goes_on_and_the_others_are_told() {
        let turns = Arc::new(Turns::default());
        let id = Uuid::from_u128(1);
        let mut first = turns.take(id, 0).await.unwrap();
        let waiting: Vec<_> = (0..3)
            .map(|_| {
                let turns = turns.clone();
                tokio::spawn(async move { turns.take(id, 0).await.map(|turn| turn.number) })
            })
            .collect();
        // The first hears of it without being asked.
        tokio::time::timeout(Duration::from_secs(5), first.overtaken()).await.unwrap();
        while *first.newest.borrow() < 4 {
            tokio::task::yield_now().await;
        }
        drop(first);
        let mut winners = Vec::new();
        for one in waiting {
            winners.extend(one.await.unwrap());
        }
        assert_eq!(winners, [4]);
    }

    #[tokio::test]
    async fn turns_go_on_from_those_of_the_process_before() {
        let turns = Turns::default();
        assert_eq!(turns.take(Uuid::from_u128(1), 41).await.unwrap().generation(), 42);
        assert_eq!(turns.take(Uuid::from_u128(1), 7).await.unwrap().generation(), 43);
        for first in [true, false] {
            assert_eq!(turns.take(Uuid::from_u128(2), 0).await.unwrap().is_first(), first);
        }
    }

    #[tokio::test]
    async fn uploads_do_not_wait_for_each_other() {
        let turns = Turns::default();
        let _one = turns.take(Uuid::from_u128(1), 0).await.unwrap();
        tokio::time::timeout(Duration::from_secs(5), turns.take(Uuid::from_u128(2), 0))
            .await
            .unwrap()
            .unwrap();
    }

    #[tokio::test]
    async fn a_busy_upload_is_never_forgotten_for_want_of_room() {
        let turns = Turns::default();
        let busy = Uuid::from_u128(u128::MAX);
        let mut turn = turns.take(busy, 0).await.unwrap();
        for other in 0..2 * REMEMBERED as u128 {
            drop(turns.take(Uuid::from_u128(other), 0).await.unwrap());
        }
        assert!(turns.0.lock().unwrap().len() <= REMEMBERED + 1);
        let _ = tokio::time::timeout(Duration::from_millis(1), turns.take(busy, 0)).await;
        tokio::time::timeout(Duration::from_secs(5), turn.overtaken()).await.unwrap();
    }
}
