//! Where the rows of a stored picture go upright, as its EXIF orientation says.
//!
//! A row of a picture that lies on its side becomes a column. Written at once, each of its pixels would touch another line of
//! the cache; so rows are collected, and squares are turned while they are there.

use crate::reduce::Grey;

/// Rows that are turned at once. A strip of as many rows of the master stays in a first-level cache of 32 KB or little
/// more, and a row of a square fills a quarter of a cache line.
const STRIP: usize = 16;

/// EXIF orientation as "swap the axes, then mirror".
#[derive(Debug, Clone, Copy)]
pub(super) struct Turn {
    transposed: bool,
    mirrored_x: bool,
    mirrored_y: bool,
}

impl Turn {
    /// EXIF 2.32, tag 0x0112: which edge of the upright picture row 0 and column 0 are.
    pub(super) fn from_exif(orientation: u8) -> Self {
        let (transposed, mirrored_x, mirrored_y) = match orientation {
            2 => (false, true, false),
            3 => (false, true, true),
            4 => (false, false, true),
            5 => (true, false, false),
            6 => (true, true, false),
            7 => (true, true, true),
            8 => (true, false, true),
            _ => (false, false, false),
        };
        Self { transposed, mirrored_x, mirrored_y }
    }
}

/// Takes the rows of a stored plane from the first to the last and puts them into the upright one.
pub(super) struct Placer {
    turn: Turn,
    plane: Grey,
    /// Rows that there will be.
    height: usize,
    /// Rows collected, when they are to become columns.
    strip: Vec<u8>,
}

impl Placer {
    /// For a stored plane of this size.
    pub(super) fn new(turn: Turn, width: usize, height: usize) -> Self {
        let mut plane = Grey::default();
        let strip = if turn.transposed {
            plane.resize(height, width);
            Vec::with_capacity(STRIP * width)
        } else {
            plane.resize(width, height);
            Vec::new()
        };
        Self { turn, plane, height, strip }
    }

    /// Takes row `y`. Kept apart from the averaging before it, which the compiler vectorises worse when it sees both.
    #[inline(never)]
    pub(super) fn place(&mut self, row: &[u8], y: usize) {
        if self.turn.transposed {
            self.strip.extend_from_slice(row);
            if self.strip.len() == STRIP * row.len() || y + 1 == self.height {
                self.place_strip(row.len(), y);
                self.strip.clear();
            }
        } else {
            let y = if self.turn.mirrored_y { self.height - 1 - y } else { y };
            let out = self.plane.row_mut(y);
            out.copy_from_slice(row);
            if self.turn.mirrored_x {
                out.reverse();
            }
        }
    }

    /// The upright plane; rows that never came are black.
    pub(super) fn into_plane(self) -> Grey {
        self.plane
    }

    /// Turns the rows collected, of `length` pixels each, the last of which is row `y`.
    fn place_strip(&mut self, length: usize, y: usize) {
        let count = self.strip.len() / length;
        let first = y + 1 - count;
        let x = if self.turn.mirrored_x { self.height - 1 - y } else { first };
        let columns = self.plane.data.chunks_exact_mut(self.height).enumerate();
        for (line, out) in columns {
            let from = if self.turn.mirrored_y { length - 1 - line } else { line };
            let out = &mut out[x..x + count];
            if let Ok(out) = <&mut [u8; STRIP]>::try_from(&mut *out) {
                // The usual case, of a length that the compiler knows.
                *out = std::array::from_fn(|row| self.strip[row * length + from]);
            } else {
                out.iter_mut().enumerate().for_each(|(row, out)| *out = self.strip[row * length + from]);
            }
            if self.turn.mirrored_x {
                out.reverse();
            }
        }
    }
}
