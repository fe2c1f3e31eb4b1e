//! What the edges of a picture show, as numbers that depend neither on its exposure nor on its noise.

use serde::{Deserialize, Serialize};

use crate::report::Region;
use crate::spare::room_for;
use crate::tiles::{BLOCK, Statistics, TILE, Tile};

/// Share of all blocks, the strongest edges, on which the two scales are compared.
const STRONGEST: f64 = 0.05;
/// The same for the very strongest: a garment's outline and a label's print, without folds and shades, which are soft
/// by themselves.
const PEAK: f64 = 0.01;
/// Least number of blocks that either is taken over: one block is an accident.
const LEAST_BLOCKS: f64 = 12.0;
/// A block is an edge when its coarse gradient energy is so many times its noise.
const EDGE_OVER_NOISE: f64 = 9.0;
/// Least coarse gradient, in luma steps over four pixels, that counts as an edge: weaker ones are JPEG blocks.
const EDGE_FLOOR: f64 = 8.0;
/// So much further above the noise must a single block be to be asked how crisp it is: the noise left in its fine
/// energy is then a sixth of its coarse energy.
const CRISP_OVER_EDGE: f64 = 4.0;
/// The crispest edges are those above this share of all: a label's print is enough, a speck of dust is not.
const CRISP_SHARE: f64 = 0.95;
/// Pixels of the half plane under one block.
const COARSE_PIXELS: f64 = (BLOCK * BLOCK / 4) as f64;
/// Tiles with less than this share of the strongest tile's gradient have no say in the coherence.
const DIRECTION_SHARE: f64 = 0.1;
/// Share of the tiles, those with most gradient, on which the directions are balanced.
const BALANCED_SHARE: f64 = 0.2;
/// Added to the coarse structure of both directions, in luma steps squared per tile: a picture without structure has no
/// direction.
const COARSE_FLOOR: f64 = 1.0;
/// Least share of the structure that is called detail: below, rounding decides.
const LEAST_DETAIL: f64 = 0.003;
/// Blocks with an edge that a tapped region needs to be judged by itself: 640 pixels of outline.
const LEAST_REGION_EDGES: usize = 40;

/// The measurements behind the score; `fit/` is fitted on exactly these.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct SharpnessEvidence {
    /// Share of the picture that has edges, 0 to 1.
    pub coverage: f64,
    /// Fine over coarse gradient energy on the strongest 5 % of the picture, noise removed: about 1 (mush) to 3
    /// (crisp).
    pub ratio: f64,
    /// The same on the strongest 1 %.
    pub peak_ratio: f64,
    /// The same on single edges, 95th percentile: about 1.5 (nothing is crisp anywhere) to 20.
    pub crisp: f64,
    /// Root mean square of the coarse gradient on the strongest edges, in luma steps.
    pub contrast: f64,
    /// How much the strongest gradients agree in direction, 0 (not at all) to 1 (all parallel).
    pub coherence: f64,
    /// Detail in the direction that has least of it over detail in the direction that has most, each compared with the
    /// coarse structure in the same direction: 1 when they are alike, near 0 when a movement wiped one of them out.
    pub balance: f64,
    /// Noise, in luma steps.
    pub sigma: f64,
}

/// Buffers of a measurement, kept from frame to frame.
#[derive(Debug, Default)]
pub(crate) struct Spare {
    edges: Vec<Edge>,
    ratios: Vec<u32>,
    gradients: Vec<u64>,
}

impl Spare {
    /// Room for a frame that is all edges.
    pub(crate) fn make_room(&mut self, statistics: &Statistics) {
        let blocks = statistics.coarse.len();
        room_for(&mut self.edges, blocks);
        room_for(&mut self.ratios, blocks);
        room_for(&mut self.gradients, statistics.tiles.len());
    }
}

/// Gradient energies of a block with an edge.
#[derive(Debug, Clone, Copy)]
struct Edge {
    coarse: u32,
    fine: u32,
}

/// Measures the whole picture.
pub(crate) fn measure(statistics: &Statistics, sigma: f64, spare: &mut Spare) -> SharpnessEvidence {
    let blocks = statistics.inner_blocks();
    let tiles = || 0..statistics.tiles.len();
    measure_part(statistics, sigma, blocks, tiles, spare)
}

/// Measures a region of the frame as delivered; none when it has too few edges to be judged by itself.
pub(crate) fn measure_region(
    statistics: &Statistics,
    region: Region,
    sigma: f64,
    spare: &mut Spare,
) -> Option<SharpnessEvidence> {
    let blocks = statistics.inner_blocks().filter(|&block| is_block_in(statistics, block, region));
    let tiles = || (0..statistics.tiles.len()).filter(|&tile| statistics.is_in(tile, region));
    let evidence = measure_part(statistics, sigma, blocks, tiles, spare);
    (spare.edges.len() >= LEAST_REGION_EDGES).then_some(evidence)
}

/// The gradient energy that noise alone puts into one block, on both scales.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BlockNoise {
    pub(crate) fine: f64,
    pub(crate) coarse: f64,
}

impl BlockNoise {
    /// White noise of variance σ² has gradient energy 4σ² per pixel and, averaged 2×2, σ²/4 per pixel of the original.
    pub(crate) fn of(sigma: f64) -> Self {
        let pixels = (BLOCK * BLOCK) as f64;
        Self { fine: 4.0 * sigma * sigma * pixels, coarse: sigma * sigma * pixels / 4.0 }
    }

    /// Coarse energy above which a block is an edge.
    pub(crate) fn edge_gate(self) -> f64 {
        self.gate(EDGE_OVER_NOISE)
    }

    fn gate(self, over_noise: f64) -> f64 {
        (over_noise * self.coarse).max(EDGE_FLOOR * EDGE_FLOOR * COARSE_PIXELS)
    }
}

fn is_block_in(statistics: &Statistics, block: usize, region: Region) -> bool {
    let middle = |index: usize, len: usize| (index as f64 + 0.5) * BLOCK as f64 / len as f64;
    let dx = middle(block % statistics.block_columns, statistics.width) - region.x;
    let dy = middle(block / statistics.block_columns, statistics.height) - region.y;
    (0.0..=region.width).contains(&dx) && (0.0..=region.height).contains(&dy)
}

fn measure_part<T: Iterator<Item = usize>>(
    statistics: &Statistics,
    sigma: f64,
    blocks: impl Iterator<Item = usize>,
    tiles: impl Fn() -> T,
    spare: &mut Spare,
) -> SharpnessEvidence {
    let noise = BlockNoise::of(sigma);
    let gate = noise.edge_gate();
    let Spare { edges, ratios, gradients } = spare;
    edges.clear();
    let mut count = 0;
    for block in blocks {
        count += 1;
        let coarse = statistics.coarse[block];
        if f64::from(coarse) > gate {
            edges.push(Edge { coarse, fine: statistics.fine[block] });
        }
    }
    let mut evidence = SharpnessEvidence {
        coverage: edges.len() as f64 / f64::from(count.max(1)),
        sigma,
        ..SharpnessEvidence::default()
    };
    if edges.is_empty() {
        return evidence;
    }
    ratios.clear();
    let crisp_gate = noise.gate(CRISP_OVER_EDGE * EDGE_OVER_NOISE);
    let crisp = edges.iter().filter(|edge| f64::from(edge.coarse) > crisp_gate);
    ratios.extend(crisp.map(|edge| {
        let ratio = (f64::from(edge.fine) - noise.fine).max(0.0) / (f64::from(edge.coarse) - noise.coarse);
        // Numbers that are not negative sort by their bits, and whole numbers sort faster.
        (ratio as f32).to_bits()
    }));
    let strongest = strongest(edges, f64::from(count) * STRONGEST);
    let scales = Scales::of(strongest, noise);
    evidence.ratio = scales.ratio;
    evidence.contrast = scales.contrast;
    evidence.peak_ratio = Scales::of(self::strongest(strongest, f64::from(count) * PEAK), noise).ratio;
    evidence.crisp =
        percentile(ratios, CRISP_SHARE).map_or(evidence.ratio, |ratio| f64::from(f32::from_bits(ratio)));
    evidence.coherence = coherence(statistics, &tiles);
    evidence.balance = balance(statistics, sigma, &tiles, gradients);
    evidence
}

/// So many of the strongest edges, in no order.
fn strongest(edges: &mut [Edge], wanted: f64) -> &mut [Edge] {
    let wanted = (wanted.max(LEAST_BLOCKS).ceil() as usize).clamp(1, edges.len());
    let first = edges.len() - wanted;
    edges.select_nth_unstable_by_key(first, |edge| edge.coarse);
    &mut edges[first..]
}

/// Both scales on some edges, without their noise.
struct Scales {
    ratio: f64,
    contrast: f64,
}

impl Scales {
    fn of(edges: &[Edge], noise: BlockNoise) -> Self {
        let (mut fine, mut coarse) = (0.0, 0.0);
        for edge in edges {
            fine += f64::from(edge.fine);
            coarse += f64::from(edge.coarse);
        }
        let taken = edges.len() as f64;
        let clean_coarse = (coarse - noise.coarse * taken).max(1.0);
        Self {
            ratio: (fine - noise.fine * taken).max(0.0) / clean_coarse,
            contrast: (clean_coarse / (taken * COARSE_PIXELS)).sqrt(),
        }
    }
}

fn percentile(values: &mut [u32], share: f64) -> Option<u32> {
    let index = (values.len().checked_sub(1)? as f64 * share) as usize;
    Some(*values.select_nth_unstable(index).1)
}

/// A symmetric matrix of two rows: summed products of gradients.
#[derive(Debug, Clone, Copy, Default)]
struct Tensor {
    xx: f64,
    yy: f64,
    xy: f64,
}

/// Coherence of the structure tensor (Bigün and Granlund 1987), summed over the tiles with the most gradient.
fn coherence<T: Iterator<Item = usize>>(statistics: &Statistics, tiles: &impl Fn() -> T) -> f64 {
    let strongest = tiles().map(|tile| statistics.tiles[tile].gradient()).max().unwrap_or(0) as f64;
    let mut sum = Tensor::default();
    for tile in tiles().map(|tile| &statistics.tiles[tile]) {
        if tile.gradient() as f64 >= DIRECTION_SHARE * strongest {
            sum.xx += f64::from(tile.gxx);
            sum.yy += f64::from(tile.gyy);
            sum.xy += f64::from(tile.gxy);
        }
    }
    let total = sum.xx + sum.yy;
    if total > 0.0 { ((sum.xx - sum.yy).powi(2) + 4.0 * sum.xy * sum.xy).sqrt() / total } else { 0.0 }
}

/// Compares the gradients of the pixels with those between whole tiles, direction by direction: the generalised
/// eigenvalues of the two structure tensors. What is striped by itself is so on both scales; a movement of less than a
/// tile wipes the fine one out in its direction and leaves the coarse one.
fn balance<T: Iterator<Item = usize>>(
    statistics: &Statistics,
    sigma: f64,
    tiles: &impl Fn() -> T,
    gradients: &mut Vec<u64>,
) -> f64 {
    let beside = |tile: usize, dx, dy| Some(&statistics.tiles[statistics.neighbour(tile, dx, dy)?]);
    let whole = |tile: &Tile| tile.n as usize == TILE * TILE;
    gradients.clear();
    gradients
        .extend(tiles().map(|tile| &statistics.tiles[tile]).filter(|tile| whole(tile)).map(Tile::gradient));
    if gradients.is_empty() {
        return 1.0;
    }
    let index = ((gradients.len() - 1) as f64 * (1.0 - BALANCED_SHARE)) as usize;
    let least = *gradients.select_nth_unstable(index).1;

    let (mut fine, mut coarse) = (Tensor::default(), Tensor::default());
    // White noise of variance σ² has gradient energy 2σ² in each direction.
    let noise = 2.0 * sigma * sigma;
    for index in tiles() {
        let tile = &statistics.tiles[index];
        if !whole(tile) || tile.gradient() < least {
            continue;
        }
        let (Some(left), Some(right), Some(above), Some(below)) =
            (beside(index, -1, 0), beside(index, 1, 0), beside(index, 0, -1), beside(index, 0, 1))
        else {
            continue;
        };
        let n = f64::from(tile.n);
        fine.xx += f64::from(tile.gxx) / n - noise;
        fine.yy += f64::from(tile.gyy) / n - noise;
        fine.xy += f64::from(tile.gxy) / n;
        let (gx, gy) = (right.mean() - left.mean(), below.mean() - above.mean());
        coarse.xx += gx * gx;
        coarse.yy += gy * gy;
        coarse.xy += gx * gy;
    }
    let [least, most] = detail_by_direction(fine, coarse);
    (least / most).sqrt()
}

/// Least and most of fine over coarse energy in any direction: the eigenvalues of coarse⁻¹ · fine.
fn detail_by_direction(fine: Tensor, coarse: Tensor) -> [f64; 2] {
    let (xx, yy) = (coarse.xx + COARSE_FLOOR, coarse.yy + COARSE_FLOOR);
    let determinant = (xx * yy - coarse.xy * coarse.xy).max(f64::MIN_POSITIVE);
    let trace = (yy * fine.xx + xx * fine.yy - 2.0 * coarse.xy * fine.xy) / determinant;
    let product = (fine.xx * fine.yy - fine.xy * fine.xy) / determinant;
    let spread = (trace * trace / 4.0 - product).max(0.0).sqrt();
    [trace / 2.0 - spread, trace / 2.0 + spread].map(|detail| detail.max(LEAST_DETAIL))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reduce::Grey;
    use crate::tiles::Kernels;

    /// Squares of 20 pixels, black and white but not burnt out, with ramps of so many pixels between them along x.
    fn squares(ramp: usize) -> Grey {
        let mut plane = Grey::default();
        plane.resize(640, 480);
        for y in 0..480 {
            for x in 0..640 {
                let covered: usize =
                    (0..ramp).map(|step| usize::from(((x + step) / 20 + y / 20) % 2 == 0)).sum();
                plane.data[y * 640 + x] = (40 + 160 * covered / ramp) as u8;
            }
        }
        plane
    }

    fn gathered(plane: &Grey) -> Statistics {
        let mut statistics = Statistics::default();
        statistics.gather(plane, Kernels::best());
        statistics
    }

    fn measured(plane: &Grey) -> SharpnessEvidence {
        measure(&gathered(plane), 0.0, &mut Spare::default())
    }

    #[test]
    fn a_movement_along_one_axis_takes_the_detail_of_that_axis_only() {
        let (sharp, moved) = (measured(&squares(1)), measured(&squares(8)));
        assert!(sharp.balance > 0.9, "{sharp:?}");
        assert!(moved.balance < 0.6 * sharp.balance, "{moved:?}");
        assert!(moved.ratio < sharp.ratio);
    }

    #[test]
    fn stripes_are_no_movement_because_they_run_one_way_on_every_scale() {
        let mut stripes = Grey::default();
        stripes.resize(640, 480);
        for (index, luma) in stripes.data.iter_mut().enumerate() {
            let (x, y) = (index % 640, index / 640);
            *luma = if x % 46 < 23 { 60 } else { 180 } + u8::from(y % 64 < 32) * 12;
        }
        let evidence = measured(&stripes);
        assert!(evidence.coherence > 0.9 && evidence.balance > 0.3, "{evidence:?}");
    }

    #[test]
    fn a_region_is_measured_by_its_own_edges_and_an_empty_one_not_at_all() {
        let (sharp, moved) = (squares(1), squares(8));
        let mut plane = squares(1);
        for y in 0..480 {
            plane.data[y * 640 + 320..(y + 1) * 640].copy_from_slice(&moved.row(y)[320..]);
        }
        for luma in plane.data.chunks_exact_mut(640).take(240).flat_map(|row| &mut row[..320]) {
            *luma = 100;
        }
        let statistics = gathered(&plane);
        let in_region = |x, y| {
            let region = Region { x, y, width: 0.4, height: 0.4 };
            measure_region(&statistics, region, 0.0, &mut Spare::default())
        };
        let (crisp, soft) = (in_region(0.05, 0.55).unwrap(), in_region(0.55, 0.55).unwrap());
        assert!((crisp.ratio / measured(&sharp).ratio - 1.0).abs() < 0.1, "{crisp:?}");
        assert!((soft.ratio / measured(&moved).ratio - 1.0).abs() < 0.1, "{soft:?}");
        assert_eq!(in_region(0.05, 0.05), None);
    }
}
