//! Where the subject is, as far as edges tell: the box around most of the gradient energy.
//!
//! A finding, not a verdict: edges do not know what is the product. The relevance model's activation map will.

use crate::frame::Rotation;
use crate::report::{Framing, Region, rounded};
use crate::tiles::{Statistics, Tile};

/// Share of the gradient energy left out on each side of the box: a few edges of the background must not stretch it.
const TAIL: f64 = 0.05;
/// Mean gradient energy per pixel, in luma steps squared, below which nothing stands out.
const LEAST_ENERGY: f64 = 4.0;

/// Finds the subject, in fractions of the upright frame.
pub(crate) fn find(statistics: &Statistics, rotation: Rotation) -> Framing {
    // The square root keeps one hard edge from outvoting a textured product.
    let weight = |column: usize, row: usize| {
        (statistics.tiles[row * statistics.columns + column].gradient() as f64).sqrt()
    };
    let (columns, rows) = (statistics.columns, statistics.rows);
    let energy: u64 = statistics.tiles.iter().map(Tile::gradient).sum();
    let pixels = (statistics.width * statistics.height) as f64;
    if energy as f64 <= LEAST_ENERGY * pixels {
        return Framing { subject: None, fill: 0.0, centre_x: 0.5, centre_y: 0.5 };
    }
    let x = span(columns, |column| (0..rows).map(|row| weight(column, row)).sum());
    let y = span(rows, |row| (0..columns).map(|column| weight(column, row)).sum());
    let delivered = Region { x: x.start, y: y.start, width: x.end - x.start, height: y.end - y.start };
    let centre = rotation.upright(Region { x: x.centre, y: y.centre, width: 0.0, height: 0.0 });
    let subject = rotation.upright(delivered);
    Framing {
        subject: Some(Region {
            x: rounded(subject.x),
            y: rounded(subject.y),
            width: rounded(subject.width),
            height: rounded(subject.height),
        }),
        fill: rounded(subject.width * subject.height),
        centre_x: rounded(centre.x),
        centre_y: rounded(centre.y),
    }
}

/// Where a weight along one axis lies, in fractions of the axis.
struct Span {
    start: f64,
    end: f64,
    centre: f64,
}

fn span(len: usize, weight: impl Fn(usize) -> f64) -> Span {
    let total: f64 = (0..len).map(&weight).sum();
    let (mut seen, mut start, mut end, mut moment) = (0.0, None, len, 0.0);
    for index in 0..len {
        let here = weight(index);
        seen += here;
        moment += here * (index as f64 + 0.5);
        if start.is_none() && seen >= TAIL * total {
            start = Some(index);
        }
        if end == len && seen >= (1.0 - TAIL) * total {
            end = index + 1;
        }
    }
    let len = len as f64;
    Span { start: start.unwrap_or(0) as f64 / len, end: end as f64 / len, centre: moment / total / len }
}
