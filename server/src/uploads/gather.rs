//! Bytes that wait to be written, as the network brought them: they are not copied on their way to the disk.

use std::io;

use bytes::Bytes;
use tokio::sync::OwnedSemaphorePermit;

use super::budget::Budget;
use super::spool::Spool;
use crate::config::{READ_BUFFER, WRITE_BUFFER};

/// A piece smaller than this is copied behind its neighbours: kept as it is, it would hold the whole buffer that it was
/// read into, up to [`READ_BUFFER`], for a few bytes.
const SMALL_PIECE: usize = READ_BUFFER / 2;

/// Pieces of a body, and the memory that they were granted.
#[derive(Default)]
pub(super) struct Gathered {
    pieces: Vec<Bytes>,
    /// Small pieces that came last.
    copied: Vec<u8>,
    length: usize,
    granted: Option<OwnedSemaphorePermit>,
}

impl Gathered {
    pub(super) fn add(&mut self, piece: Bytes, budget: &Budget) {
        // Nothing, as of a part that is there already, asks for no memory.
        if piece.is_empty() {
            return;
        }
        if self.granted.is_none() {
            self.granted = budget.buffer();
        }
        self.length += piece.len();
        if piece.len() < SMALL_PIECE {
            self.copied.extend_from_slice(&piece);
        } else {
            self.seal_copied();
            self.pieces.push(piece);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Without memory of its own it is full with the first bytes.
    pub(super) fn is_full(&self) -> bool {
        self.length >= WRITE_BUFFER || (self.granted.is_none() && !self.is_empty())
    }

    /// Appends everything to the spool. Blocking.
    pub(super) fn write(mut self, spool: &mut Spool) -> io::Result<()> {
        self.seal_copied();
        spool.append(&self.pieces)
    }

    fn seal_copied(&mut self) {
        if !self.copied.is_empty() {
            self.pieces.push(std::mem::take(&mut self.copied).into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::budget::BudgetLimits;
    use super::*;

    fn pieces(gathered: &mut Gathered) -> Vec<Bytes> {
        gathered.seal_copied();
        gathered.pieces.clone()
    }

    #[test]
    fn large_pieces_are_kept_as_they_came_and_small_ones_hold_no_more_than_they_are() {
        let budget = Budget::new(BudgetLimits { requests: 1, per_client: 1 });
        let large = Bytes::from(vec![7; SMALL_PIECE]);
        let of_a_whole_buffer = Bytes::from(vec![1; READ_BUFFER]);
        let mut gathered = Gathered::default();
        gathered.add(of_a_whole_buffer.slice(..2), &budget);
        gathered.add(of_a_whole_buffer.slice(2..5), &budget);
        gathered.add(large.clone(), &budget);
        gathered.add(of_a_whole_buffer.slice(5..6), &budget);
        let pieces = pieces(&mut gathered);
        assert_eq!(pieces.iter().map(Bytes::len).collect::<Vec<_>>(), [5, SMALL_PIECE, 1]);
        assert_eq!(pieces[1].as_ptr(), large.as_ptr());
        assert!(of_a_whole_buffer.is_unique(), "a small piece holds the buffer that it came in");
        assert_eq!(gathered.length, SMALL_PIECE + 6);
    }

    #[test]
    fn it_is_full_with_a_buffer_of_bytes_or_with_any_when_there_is_no_memory_to_spare() {
        let budget = Budget::new(BudgetLimits { requests: 1, per_client: 1 });
        let mut gathered = Gathered::default();
        gathered.add(vec![0; WRITE_BUFFER - 1].into(), &budget);
        assert!(!gathered.is_full());
        gathered.add(vec![0; 1].into(), &budget);
        assert!(gathered.is_full());
        let mut taken = Vec::new();
        while let Some(share) = budget.buffer() {
            taken.push(share);
        }
        let mut without = Gathered::default();
        without.add(Bytes::new(), &budget);
        assert!(!without.is_full());
        drop(taken.pop());
        without.add(Bytes::new(), &budget);
        assert!(without.granted.is_none(), "nothing holds no memory");
        taken.extend(budget.buffer());
        without.add(vec![0; 1].into(), &budget);
        assert!(without.is_full());
    }
}
