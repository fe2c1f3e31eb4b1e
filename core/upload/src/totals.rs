//! How far all photos together are. Pure: events in, numbers out.

use std::collections::HashMap;

use clearshot_capture::{CaptureState, QueueEntry};
use clearshot_protocol::CaptureId;

use crate::PhotoProgress;

/// How far every photo of a synchronisation is.
#[derive(Debug, Default)]
pub struct Totals {
    photos: HashMap<CaptureId, Position>,
}

#[derive(Debug, Clone, Copy)]
struct Position {
    sent: u64,
    total: u64,
}

impl Totals {
    /// Begins with what the queue has left to do: a photo that was cut begins where it was cut.
    pub fn of(entries: &[QueueEntry]) -> Self {
        let is_left = |entry: &&QueueEntry| {
            let state = entry.state;
            entry.on_device
                && matches!(state, CaptureState::Queued | CaptureState::Uploading | CaptureState::Uploaded)
        };
        let position = |entry: &QueueEntry| Position { sent: entry.offset, total: entry.length };
        Self {
            photos: entries.iter().filter(is_left).map(|entry| (entry.capture, position(entry))).collect(),
        }
    }

    /// Notes how far a photo is now; says how far it has ever come.
    pub fn note(&mut self, photo: &PhotoProgress) -> u64 {
        let position = self.photos.entry(photo.capture).or_insert(Position { sent: 0, total: photo.total });
        position.sent = position.sent.max(photo.sent).min(position.total);
        position.sent
    }

    /// Bytes of all photos that were sent, now or before.
    pub fn sent(&self) -> u64 {
        self.photos.values().map(|position| position.sent).sum()
    }

    /// Bytes of all photos.
    pub fn total(&self) -> u64 {
        self.photos.values().map(|position| position.total).sum()
    }
}

#[cfg(test)]
mod tests {
    use crate::Phase;

    use super::*;

    fn moved(capture: u8, sent: u64) -> PhotoProgress {
        PhotoProgress {
            capture: CaptureId::from_bytes([capture; 16]),
            sent,
            total: 100,
            phase: Phase::Sending,
        }
    }

    #[test]
    fn a_photo_goes_on_from_where_it_was_and_no_byte_counts_twice() {
        let mut totals = Totals::default();
        let cut = Position { sent: 60, total: 100 };
        totals.photos.insert(CaptureId::from_bytes([1; 16]), cut);
        totals.photos.insert(CaptureId::from_bytes([2; 16]), Position { sent: 0, total: 100 });
        assert_eq!((totals.sent(), totals.total()), (60, 200));
        assert_eq!(totals.note(&moved(1, 0)), 60, "the uploader has not heard of the offset yet");
        assert_eq!(totals.note(&moved(1, 80)), 80);
        totals.note(&moved(2, 40));
        totals.note(&moved(2, 20));
        assert_eq!(totals.sent(), 120);
    }

    #[test]
    fn a_photo_that_another_program_took_meanwhile_counts_too() {
        let mut totals = Totals::default();
        totals.note(&moved(7, 10));
        assert_eq!((totals.sent(), totals.total()), (10, 100));
    }
}
