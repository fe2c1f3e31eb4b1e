//! Where the subject is by the strength of the edges: the box around most of what stands out from the background.
//!
//! Edges do not know what is the product. So the box is called clear only when there is little outside it: a textured
//! cloth or a wooden floor never makes a fault.

use super::Found;
use crate::frame::Rotation;
use crate::report::{Region, Sides};
use crate::spare::room_for;
use crate::tiles::{Statistics, Tile};

/// Share of what stands out that is left out on each side of the box: a few edges of the background must not stretch it.
const TAIL: f64 = 0.05;
/// Mean gradient energy per pixel, in luma steps squared, below which nothing stands out.
const LEAST_ENERGY: f64 = 4.0;
/// Times the median tile's strength that the background's texture may have.
const OVER_BACKGROUND: f32 = 1.5;
/// Strength of the tiles outside the box, as a share of those inside, up to which the box is clear.
const CLEAR_OUTSIDE: f64 = 0.25;
/// Distance of the box from the side of the frame, as a fraction, within which it counts as touching: two tiles at VGA.
const TOUCHING: f64 = 0.03;

/// Buffers of the search, kept from frame to frame.
#[derive(Debug, Default)]
pub(crate) struct Spare {
    strengths: Vec<f32>,
    sorted: Vec<f32>,
    sums: Sums,
}

impl Spare {
    /// Room for a frame in which something stands out.
    pub(crate) fn make_room(&mut self, statistics: &Statistics) {
        let tiles = statistics.tiles.len();
        room_for(&mut self.strengths, tiles);
        room_for(&mut self.sorted, tiles);
        room_for(&mut self.sums.columns, statistics.columns);
        room_for(&mut self.sums.rows, statistics.rows);
    }
}

/// Strengths by column and by row.
#[derive(Debug, Default)]
struct Sums {
    columns: Vec<f32>,
    rows: Vec<f32>,
}

/// Finds the subject in the upright frame; none when nothing stands out.
pub(super) fn find(statistics: &Statistics, rotation: Rotation, spare: &mut Spare) -> Option<Found> {
    let energy: u64 = statistics.tiles.iter().map(Tile::gradient).sum();
    if energy as f64 <= LEAST_ENERGY * (statistics.width * statistics.height) as f64 {
        return None;
    }
    let Spare { strengths, sorted, sums } = spare;
    // The square root keeps one hard edge from outvoting a textured product.
    strengths.clear();
    strengths.extend(statistics.tiles.iter().map(|tile| (tile.gradient() as f32).sqrt()));
    sorted.clone_from(strengths);
    let middle = sorted.len() / 2;
    let background = OVER_BACKGROUND * *sorted.select_nth_unstable_by(middle, f32::total_cmp).1;

    let grid = Grid { columns: statistics.columns, strengths };
    let standing_out = grid.span(background, sums).filter(|span| grid.is_clear(span));
    let clear = standing_out.is_some();
    let span = standing_out.or_else(|| grid.span(0.0, sums))?;
    let subject = rotation.upright(span.region());
    let centre = rotation.upright(Region { x: span.x.centre, y: span.y.centre, width: 0.0, height: 0.0 });
    Some(Found {
        subject,
        centre: (centre.x, centre.y),
        touches: Sides {
            left: subject.x < TOUCHING,
            top: subject.y < TOUCHING,
            right: subject.x + subject.width > 1.0 - TOUCHING,
            bottom: subject.y + subject.height > 1.0 - TOUCHING,
        },
        clear,
    })
}

/// The strength of the edges by tile.
struct Grid<'a> {
    columns: usize,
    strengths: &'a [f32],
}

impl Grid<'_> {
    /// Where most of what is above the background lies; none when nothing is.
    fn span(&self, background: f32, sums: &mut Sums) -> Option<Span> {
        sums.columns.clear();
        sums.columns.resize(self.columns, 0.0);
        sums.rows.clear();
        for strengths in self.strengths.chunks_exact(self.columns) {
            let mut total = 0.0;
            for (sum, strength) in sums.columns.iter_mut().zip(strengths) {
                let above = (strength - background).max(0.0);
                *sum += above;
                total += above;
            }
            sums.rows.push(total);
        }
        Some(Span { x: axis(&sums.columns)?, y: axis(&sums.rows)? })
    }

    /// Whether there is little outside.
    fn is_clear(&self, span: &Span) -> bool {
        let (mut inside, mut outside) = ((0.0, 0.0), (0.0, 0.0));
        for (row, strengths) in self.strengths.chunks_exact(self.columns).enumerate() {
            for (column, &strength) in strengths.iter().enumerate() {
                let within = span.x.tiles.contains(&column) && span.y.tiles.contains(&row);
                let (sum, count) = if within { &mut inside } else { &mut outside };
                *sum += f64::from(strength);
                *count += 1.0;
            }
        }
        let mean = |(sum, count): (f64, f64)| sum / f64::max(count, 1.0);
        mean(outside) <= CLEAR_OUTSIDE * mean(inside)
    }
}

/// Where a weight lies in the frame as delivered.
struct Span {
    x: Axis,
    y: Axis,
}

impl Span {
    fn region(&self) -> Region {
        let (x, y) = (&self.x, &self.y);
        Region { x: x.start(), y: y.start(), width: x.end() - x.start(), height: y.end() - y.start() }
    }
}

/// Where a weight lies along one axis.
struct Axis {
    tiles: std::ops::Range<usize>,
    len: usize,
    /// Fraction of the axis.
    centre: f64,
}

impl Axis {
    fn start(&self) -> f64 {
        self.tiles.start as f64 / self.len as f64
    }

    fn end(&self) -> f64 {
        self.tiles.end as f64 / self.len as f64
    }
}

fn axis(weights: &[f32]) -> Option<Axis> {
    let (mut total, mut moment) = (0.0, 0.0);
    for (index, &weight) in weights.iter().enumerate() {
        total += f64::from(weight);
        moment += f64::from(weight) * (index as f64 + 0.5);
    }
    if total <= 0.0 {
        return None;
    }
    let (mut seen, mut start, mut end) = (0.0, None, weights.len());
    for (index, &weight) in weights.iter().enumerate() {
        seen += f64::from(weight);
        if start.is_none() && seen >= TAIL * total {
            start = Some(index);
        }
        if seen >= (1.0 - TAIL) * total {
            end = index + 1;
            break;
        }
    }
    let len = weights.len();
    Some(Axis { tiles: start.unwrap_or(0)..end, len, centre: moment / total / len as f64 })
}
