//! Glare: burnt-out, colourless blobs with a darker rim on every side. White paint is rarely burnt out, a coloured lamp
//! is not colourless, and a reflection ends where the surface that it lies on shows again, whichever way one leaves
//! it. A bright cloth or wall behind a dark item has a dark rim too, but only where the item begins: on its other
//! sides it fades, or meets the edge of the frame.

use crate::chroma;
use crate::frame::ChromaPlanes;
use crate::policy::Policy;
use crate::report::{Glare, Region, rounded};
use crate::spare::room_for;
use crate::tiles::{Statistics, Tile};

/// Share of burnt-out pixels from which a tile belongs to a blob.
const BURNT: f64 = 0.5;
/// Largest mean distance of chroma from neutral, in steps, that still counts as colourless: a mirrored window leaves
/// none, while cream paper and pale wood keep a tint of four and more even when their luma is burnt out.
const COLOURLESS: f64 = 3.0;
/// Mean luma up to which a neighbouring tile counts as rim: clearly below burnt out.
const RIM_BELOW: f64 = 215.0;
/// Width of a reflection's soft edge, share of its radius: so far out its rim is looked for.
const SOFT_EDGE: f64 = 0.35;
/// Share of the blob's outline that must have a rim, to its left as well as to its right, above and below; the rest is
/// its own soft fall-off, wide in a bright photo.
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
    /// Tiles of the blob that was taken last.
    blob: Vec<usize>,
    /// Tiles of all blobs that are glare.
    found: Vec<usize>,
}

impl Spare {
    /// Room for a frame with so many tiles, all of them burnt.
    pub(crate) fn make_room(&mut self, tiles: usize) {
        room_for(&mut self.burnt, tiles);
        for indices in [&mut self.stack, &mut self.blob, &mut self.found] {
            room_for(indices, tiles);
        }
    }

    /// Indices of the tiles that the last [`find`] found under glare.
    pub(crate) fn found(&self) -> &[usize] {
        &self.found
    }
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
    spare.found.clear();
    let mut area = 0.0;
    for index in 0..spare.burnt.len() {
        if !spare.burnt[index] {
            continue;
        }
        take_blob(statistics, index, spare);
        let blob = Blob::of(statistics, region, spare);
        let covered = blob.pixels as f64 / in_question.max(1) as f64;
        if blob.is_rimmed() && (policy.glare_area_from..=policy.glare_area_to).contains(&covered) {
            area += covered;
            spare.found.extend_from_slice(&spare.blob);
        }
    }
    Glare { present: area > 0.0, area: rounded(area.min(1.0)) }
}

fn is_burnt(tile: &Tile) -> bool {
    f64::from(tile.clip_high) >= BURNT * f64::from(tile.n)
}

fn is_colourless(statistics: &Statistics, index: usize, planes: &ChromaPlanes<'_>) -> bool {
    let (blue, red) = chroma::of_tile(statistics, index, planes);
    blue.abs() <= COLOURLESS && red.abs() <= COLOURLESS
}

/// A connected set of burnt tiles.
#[derive(Default)]
struct Blob {
    /// Its pixels inside the region.
    pixels: u64,
    /// Sides of its tiles on its outline, per direction of [`NEIGHBOURS`].
    outline: [u32; NEIGHBOURS.len()],
    /// Those from which a rim tile is reached before the soft edge must have ended.
    rim: [u32; NEIGHBOURS.len()],
    /// Those that face the edge of the frame, in all directions.
    edge: u32,
}

impl Blob {
    /// Looks at the outline of the tiles that were taken last.
    fn of(statistics: &Statistics, region: Region, spare: &Spare) -> Self {
        let mut blob = Self::default();
        let radius = (spare.blob.len() as f64 / std::f64::consts::PI).sqrt();
        let reach = 1 + (SOFT_EDGE * radius) as usize;
        for &index in &spare.blob {
            if statistics.is_in(index, region) {
                blob.pixels += u64::from(statistics.tiles[index].n);
            }
            for (direction, (dx, dy)) in NEIGHBOURS.into_iter().enumerate() {
                let mut outwards = std::iter::successors(Some(index), |&at| statistics.neighbour(at, dx, dy))
                    .skip(1)
                    .map(|at| &statistics.tiles[at])
                    .take(reach)
                    .peekable();
                match outwards.peek() {
                    None => {
                        blob.outline[direction] += 1;
                        blob.edge += 1;
                    }
                    Some(next) if is_burnt(next) => {}
                    Some(_) => {
                        blob.outline[direction] += 1;
                        blob.rim[direction] += u32::from(outwards.any(|tile| tile.mean() < RIM_BELOW));
                    }
                }
            }
        }
        blob
    }

    fn is_rimmed(&self) -> bool {
        let mut directions = self.rim.iter().zip(&self.outline);
        let all_around = directions.all(|(&rim, &outline)| f64::from(rim) >= RIM_SHARE * f64::from(outline));
        all_around && f64::from(self.edge) <= EDGE_SHARE * f64::from(self.outline.iter().sum::<u32>())
    }
}

/// Collects the burnt tiles that hang together with one and strikes them off.
fn take_blob(statistics: &Statistics, start: usize, spare: &mut Spare) {
    let Spare { burnt, stack, blob, .. } = spare;
    blob.clear();
    stack.clear();
    stack.push(start);
    burnt[start] = false;
    while let Some(index) = stack.pop() {
        blob.push(index);
        for (dx, dy) in NEIGHBOURS {
            if let Some(next) = statistics.neighbour(index, dx, dy).filter(|&next| burnt[next]) {
                burnt[next] = false;
                stack.push(next);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reduce::Grey;
    use crate::tiles::Kernels;

    /// A white disc on mid-grey, a fifth of the frame wide, whose edge is soft over so much of its radius.
    fn disc(softness: f64) -> Statistics {
        let mut plane = Grey::default();
        plane.resize(640, 480);
        for (index, luma) in plane.data.iter_mut().enumerate() {
            let distance = ((index % 640) as f64 - 320.0).hypot((index / 640) as f64 - 240.0) / 128.0;
            let depth = ((1.0 - distance) / softness + 0.5).clamp(0.0, 1.0);
            *luma = (110.0 + 145.0 * depth).round() as u8;
        }
        let mut statistics = Statistics::default();
        statistics.gather(&plane, Kernels::best());
        statistics
    }

    fn found(statistics: &Statistics) -> Glare {
        find(statistics, None, None, &Policy::default(), &mut Spare::default())
    }

    #[test]
    fn a_large_reflection_is_seen_through_its_wide_soft_edge() {
        let glare = found(&disc(0.3));
        assert!(glare.present && (0.08..0.17).contains(&glare.area), "{glare:?}");
    }

    #[test]
    fn what_fades_over_its_whole_size_is_no_reflection() {
        assert!(!found(&disc(1.9)).present);
    }
}
