//! How large the next photo is sent, by how long the last ones took.
//!
//! A photo that takes long to send is one that the shopper waits for, or that is cut off half-way. A smaller derivative
//! shows the defect all the same; one that is too large for the network shows nothing. Photos that are kept already stay
//! as they are.

use std::time::Duration;

use clearshot_analysis::DerivativeSpec;
use rusqlite::params;

use crate::error::CaptureError;
use crate::store::CaptureStore;

/// Long sides of upload derivatives in pixels, the largest first. Each has about 0.64 of the pixels of the one before; at
/// the last, a scratch of half a millimetre on a thing of 40 cm is still one and a half pixels wide.
const LONG_SIDES: [u32; 4] = [2_560, 2_048, 1_600, 1_280];

/// An upload that takes longer makes the next derivative smaller.
const SLOW: Duration = Duration::from_secs(15);

/// An upload that takes less time is quick. The next larger size takes at most 1.64 times as long: 6.6 s, far from slow.
const QUICK: Duration = Duration::from_secs(4);

/// So many quick uploads in a row make the next derivative larger again: one of them may be chance.
const QUICK_IN_A_ROW: u32 = 3;

impl CaptureStore {
    /// As what the next photo should be kept (by [`Self::judge`]), so that it can be sent in good time.
    pub fn next_derivative(&self) -> Result<DerivativeSpec, CaptureError> {
        let long_side = self.read(|connection| {
            Ok(connection.query_row("SELECT derivative_long_side FROM planner", [], |row| row.get(0))?)
        })?;
        let long_side = LONG_SIDES[place_of(long_side)];
        Ok(DerivativeSpec { long_side, ..DerivativeSpec::default() })
    }

    /// Takes how long sending all bytes of one photo took, without the time between tries. Decides
    /// [`Self::next_derivative`].
    pub fn note_upload_time(&self, took: Duration) -> Result<(), CaptureError> {
        self.write(|transaction| {
            let before: (u32, u32) = transaction.query_row(
                "SELECT derivative_long_side, quick_uploads FROM planner",
                [],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )?;
            let after = next(before, took);
            if after != before {
                transaction.execute(
                    "UPDATE planner SET derivative_long_side = ?1, quick_uploads = ?2",
                    params![after.0, after.1],
                )?;
            }
            Ok(())
        })
    }
}

/// The long side and the number of quick uploads in a row, after one more upload.
fn next((long_side, quick): (u32, u32), took: Duration) -> (u32, u32) {
    let place = place_of(long_side);
    if took > SLOW {
        (LONG_SIDES[(place + 1).min(LONG_SIDES.len() - 1)], 0)
    } else if took >= QUICK || place == 0 {
        (LONG_SIDES[place], 0)
    } else if quick + 1 < QUICK_IN_A_ROW {
        (LONG_SIDES[place], quick + 1)
    } else {
        (LONG_SIDES[place - 1], 0)
    }
}

/// The place of a long side in the list; of one that another version has written, that of the next smaller one.
fn place_of(long_side: u32) -> usize {
    LONG_SIDES.iter().position(|side| *side <= long_side).unwrap_or(LONG_SIDES.len() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(seconds: &[u64]) -> u32 {
        let begin = (LONG_SIDES[0], 0);
        seconds.iter().fold(begin, |state, seconds| next(state, Duration::from_secs(*seconds))).0
    }

    #[test]
    fn one_slow_upload_makes_the_next_photo_smaller_and_three_quick_ones_larger_again() {
        assert_eq!((after(&[]), after(&[15]), after(&[16])), (2_560, 2_560, 2_048));
        assert_eq!((after(&[16, 16]), after(&[16, 60, 16, 16, 16, 16])), (1_600, 1_280));
        assert_eq!((after(&[16, 1, 1]), after(&[16, 1, 1, 1])), (2_048, 2_560));
        assert_eq!(after(&[16, 1, 1, 5, 1, 1]), 2_048, "not in a row");
        assert_eq!(after(&[16, 16, 1, 1, 1, 1, 1]), 2_048, "the count begins anew with each size");
        assert_eq!(after(&[1, 1, 1, 1]), 2_560);
    }

    #[test]
    fn a_size_that_another_version_has_chosen_is_understood() {
        assert_eq!([4_000, 2_000, 900].map(|side| LONG_SIDES[place_of(side)]), [2_560, 1_600, 1_280]);
    }
}
