//! Glare: burnt-out, colourless blobs with a darker rim on every side. White paint is rarely burnt out, a coloured lamp
//! is not colourless, and a reflection ends where the surface that it lies on shows again, whichever way one leaves
//! it. A bright cloth or wall behind a dark item has a dark rim too, but only where the item begins: on its other
//! sides it fades, or meets the edge of the frame.

use crate::frame::{ChromaPlanes, SamplePlane};
use crate::policy::Policy;
use crate::report::{Glare, Region, rounded};
use crate::tiles::{Statistics, TILE, Tile};

/// Share of burnt-out pixels from which a tile belongs to a blob.
const BURNT: f64 = 0.5;
/// Largest mean distance of chroma from neutral, in steps, that still counts as colourless: a mirrored window leaves
/// none, while cream paper and pale wood keep a tint of four and more even when their luma is burnt out.
const COLOURLESS: f64 = 3.0;
/// Mean luma up to which a neighbouring tile counts as rim: clearly below burnt out.
const RIM_BELOW: f64 = 215.0;
/// Share of the blob's neighbours that must be rim, to its left as well as to its right, above and below; the rest is its
/// own soft fall-off, wide in a bright photo.
const RIM_SHARE: f64 = 0.25;
/// Largest share of the blob's outline that may lie on the frame's edge: more is background.
const EDGE_SHARE: f64 = 0.25;
/// Neighbours of a tile: left, right, above, below.
const NEIGHBOURS: [(isize, isize); 4] = [(-1, 0), (1, 0), (0, -1), (0, 1)];

/// Buffers of the search, kept from frame to frame.
#[derive(Debug, Default)]
pub(crate) struct Spare {
    burnt: Vec<bool>,
    stack: Vec<usize>,
}

/// Looks for glare in the region, or in the whole frame when there is none. The region is as delivered, not upright.
pub(crate) fn find(
    statistics: &Statistics,
    chroma: Option<&ChromaPlanes<'_>>,
    region: Option<Region>,
    policy: &Policy,
    spare: &mut Spare,
) -> Glare {
    let whole = Region { x: 0.0, y: 0.0, width: 1.0, height: 1.0 };
    let region = region.unwrap_or(whole);
    let in_question: u64 = statistics.tiles_in(region).map(|tile| u64::from(tile.n)).sum();
    spare.burnt.clear();
    spare.burnt.extend(statistics.tiles.iter().enumerate().map(|(index, tile)| {
        is_burnt(tile) && chroma.is_none_or(|chroma| is_colourless(statistics, index, chroma))
    }));
    let mut area = 0.0;
    for index in 0..spare.burnt.len() {
        if !spare.burnt[index] {
            continue;
        }
        let blob = take_blob(statistics, region, index, spare);
        let covered = blob.pixels as f64 / in_question.max(1) as f64;
        if blob.is_rimmed() && (policy.glare_area_from..=policy.glare_area_to).contains(&covered) {
            area += covered;
        }
    }
    Glare { present: area > 0.0, area: rounded(area.min(1.0)) }
}

fn is_burnt(tile: &Tile) -> bool {
    f64::from(tile.clip_high) >= BURNT * f64::from(tile.n)
}

/// Looks at five chroma samples of the tile: its middle and half way to its corners.
fn is_colourless(statistics: &Statistics, index: usize, chroma: &ChromaPlanes<'_>) -> bool {
    const SPOTS: [(f64, f64); 5] = [(0.5, 0.5), (0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)];
    let (column, row) = (index % statistics.columns, index / statistics.columns);
    let distance = |plane: &SamplePlane<'_>| {
        let total: f64 = SPOTS
            .iter()
            .map(|(dx, dy)| {
                let x = (column as f64 + dx) * TILE as f64 / statistics.width as f64;
                let y = (row as f64 + dy) * TILE as f64 / statistics.height as f64;
                f64::from(sample(plane, x, y)) - 128.0
            })
            .sum();
        (total / SPOTS.len() as f64).abs()
    };
    distance(&chroma.u) <= COLOURLESS && distance(&chroma.v) <= COLOURLESS
}

fn sample(plane: &SamplePlane<'_>, x: f64, y: f64) -> u8 {
    let column = ((x * plane.width as f64) as usize).min(plane.width - 1);
    let row = ((y * plane.height as f64) as usize).min(plane.height - 1);
    plane.row(row)[column * plane.pixel_stride]
}

/// A connected set of burnt tiles.
#[derive(Default)]
struct Blob {
    /// Its pixels inside the region.
    pixels: u64,
    /// Sides of its tiles on its outline, per direction of [`NEIGHBOURS`].
    outline: [u32; NEIGHBOURS.len()],
    /// Those that face a rim tile.
    rim: [u32; NEIGHBOURS.len()],
    /// Those that face the edge of the frame, in all directions.
    edge: u32,
}

impl Blob {
    fn is_rimmed(&self) -> bool {
        let mut directions = self.rim.iter().zip(&self.outline);
        let all_around = directions.all(|(&rim, &outline)| f64::from(rim) >= RIM_SHARE * f64::from(outline));
        all_around && f64::from(self.edge) <= EDGE_SHARE * f64::from(self.outline.iter().sum::<u32>())
    }
}

/// Collects the blob around a tile and strikes it off.
fn take_blob(statistics: &Statistics, region: Region, start: usize, spare: &mut Spare) -> Blob {
    let Spare { burnt, stack } = spare;
    let mut blob = Blob::default();
    stack.clear();
    stack.push(start);
    burnt[start] = false;
    while let Some(index) = stack.pop() {
        let tile = &statistics.tiles[index];
        if statistics.is_in(index, region) {
            blob.pixels += u64::from(tile.n);
        }
        for (direction, (dx, dy)) in NEIGHBOURS.into_iter().enumerate() {
            match statistics.neighbour(index, dx, dy) {
                None => {
                    blob.outline[direction] += 1;
                    blob.edge += 1;
                }
                Some(next) if burnt[next] => {
                    burnt[next] = false;
                    stack.push(next);
                }
                // Tiles of this very blob are struck off already; they are burnt all the same.
                Some(next) if is_burnt(&statistics.tiles[next]) => {}
                Some(next) => {
                    blob.outline[direction] += 1;
                    blob.rim[direction] += u32::from(statistics.tiles[next].mean() < RIM_BELOW);
                }
            }
        }
    }
    blob
}
