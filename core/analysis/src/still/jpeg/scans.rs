//! Which coefficients of which planes the scans of a JPEG bring: what is missing at the end of the file was cut off.

use super::{StillError, corrupt, truncated};

/// Scans a JPEG may have. libjpeg writes 10 for a progressive colour picture, jpeg-encoder 12, mozjpeg's search for the
/// best script no more than 15; each costs a pass over all coefficients, so that a small file of thousands would keep a
/// phone busy for minutes.
pub(super) const MAX_SCANS: usize = 32;

/// Coefficients of a block.
const COEFFICIENTS: usize = 64;

/// Mark of a coefficient that no scan has brought.
const MISSING: u8 = u8::MAX;

/// What the scans up to here have brought.
pub(super) struct Coverage {
    progressive: bool,
    scans: usize,
    planes: Vec<Plane>,
}

struct Plane {
    id: u8,
    /// Whether more than one block of it stands in a unit.
    has_several_blocks: bool,
    /// Lowest bit that each coefficient is known to.
    bits: [u8; COEFFICIENTS],
}

impl Coverage {
    /// For a frame of these planes: number and sampling, as the frame header lists them.
    pub(super) fn new(progressive: bool, planes: impl Iterator<Item = (u8, u8)>) -> Self {
        let plane = |(id, sampling)| Plane {
            id,
            has_several_blocks: sampling != 0x11,
            bits: [MISSING; COEFFICIENTS],
        };
        let planes = planes.map(plane).collect();
        Self { progressive, scans: 0, planes }
    }

    /// Takes the header of the next scan.
    pub(super) fn add(&mut self, payload: &[u8]) -> Result<(), StillError> {
        let damaged = || corrupt("a scan header is damaged");
        self.scans += 1;
        if self.scans > MAX_SCANS {
            return Err(StillError::UnsupportedFormat("JPEG of more than 32 scans is not supported"));
        }
        let (&count, rest) = payload.split_first().ok_or_else(damaged)?;
        let (planes, rest) = rest.split_at_checked(2 * usize::from(count)).ok_or_else(damaged)?;
        let &[first, last, bits] = rest.first_chunk().ok_or_else(damaged)?;
        // A sequential scan brings all of a plane, whatever these fields say.
        let (first, last, lowest) = if self.progressive {
            (usize::from(first), usize::from(last), bits & 15)
        } else {
            (0, COEFFICIENTS - 1, 0)
        };
        let (planes, _) = planes.as_chunks::<2>();
        // zune-jpeg puts the blocks of such a scan in wrong places when a plane has several in a unit.
        let some = (2..self.planes.len()).contains(&planes.len());
        for &[id, _] in planes {
            let plane = self.planes.iter_mut().find(|plane| plane.id == id).ok_or_else(damaged)?;
            if some && plane.has_several_blocks {
                return Err(StillError::UnsupportedFormat(
                    "JPEG that interleaves only some planes is not supported",
                ));
            }
            plane.bits.get_mut(first..=last).ok_or_else(damaged)?.fill(lowest);
        }
        Ok(())
    }

    /// Whether the picture is all there. It does not see a file that was cut within the last of several scans and then
    /// given an end: that loses the finest detail of a progressive one, and the rest of the last plane of another.
    pub(super) fn check(&self) -> Result<(), StillError> {
        let complete = self.planes.iter().all(|plane| plane.bits == [0; COEFFICIENTS]);
        if complete { Ok(()) } else { Err(truncated()) }
    }
}
