//! Whether something covers the lens: a dark frame without edges, or a finger.
//!
//! A finger lies so close that nothing of it is in focus: a smooth, reddish area that reaches in from the edge of the
//! frame and fades into the scene without an outline. Walls, tables and cardboard can be smooth and reddish as well, but
//! what lies on them begins with an edge. Without colours only the dark frame is known.

use crate::chroma;
use crate::frame::ChromaPlanes;
use crate::policy::Policy;
use crate::report::{Exposure, Lens, rounded};
use crate::sharpness::SharpnessEvidence;
use crate::spare::room_for;
use crate::tiles::{Statistics, Tile};

/// Gradient energy per pixel above that of noise, in luma steps squared, up to which a tile is smooth: a ramp of 1.7
/// steps per pixel, steeper than the shade of any finger out of focus.
const SMOOTH: f64 = 24.0;
/// Gradient energy of white noise per pixel, in σ².
const GRADIENT_NOISE: f64 = 4.0;
/// How an area ends that is surely a finger.
const SURE: Fading = Fading { outline: 220.0, share: 0.75, around: 0.2, redder: 5.0 };
/// How an area ends that is likely one: less softly, but much redder than the rest.
const LIKELY: Fading = Fading { outline: 400.0, share: 1.2, around: 0.1, redder: 12.0 };
/// Gradient energy per pixel that the rest of the frame must have to be compared with.
const DETAIL: f64 = 25.0;
/// Share of the frame's outermost tiles that a finger must at least cover: it comes in from there.
const AT_EDGE: f64 = 0.25;
/// Steps of red difference above neutral in a frame without any edge: a finger on the lens, lit from behind.
const WHOLE_RED: f64 = 20.0;
/// Share of such a frame that must be as red.
const WHOLE_SHARE: f64 = 0.9;

/// Bounds on how an area differs from what is beside it. Own measurement on the shared photos: smooth backgrounds of a
/// third of the frame and more are 0.3 above `around`, or end at an outline of 1.1 times the rest and more.
struct Fading {
    /// Gradient energy per pixel beside the area, in luma steps squared.
    outline: f64,
    /// The same as a share of what the rest of the frame has.
    share: f64,
    /// By how much its share of the frame's outermost tiles may exceed its share of the frame: a finger comes in from one
    /// side, while a background lies all around a product.
    around: f64,
    /// Steps by which the area must be redder than the rest: warm light tints everything.
    redder: f64,
}

/// What a tile is to the search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Not smooth, or not of skin's colour.
    Scene,
    /// Could be a finger, not looked at yet.
    Smooth,
    /// Hangs together with the edge of the frame.
    Finger,
}

/// Buffers of the search, kept from frame to frame.
#[derive(Debug, Default)]
pub(crate) struct Spare {
    kinds: Vec<Kind>,
    stack: Vec<usize>,
}

impl Spare {
    /// Room for a frame with so many tiles, all of them smooth.
    pub(crate) fn make_room(&mut self, tiles: usize) {
        room_for(&mut self.kinds, tiles);
        room_for(&mut self.stack, tiles);
    }
}

/// Looks for something in front of the lens.
pub(crate) fn find(
    statistics: &Statistics,
    chroma: Option<&ChromaPlanes<'_>>,
    exposure: &Exposure,
    evidence: &SharpnessEvidence,
    policy: &Policy,
    spare: &mut Spare,
) -> Lens {
    let without_edges = evidence.coverage <= policy.blocked_max_edge_coverage;
    if without_edges && exposure.p98 < policy.blocked_p98_below {
        return Lens { blocked: true, covered: 1.0 };
    }
    let Some(chroma) = chroma else { return Lens::default() };
    if without_edges {
        let red = (0..statistics.tiles.len())
            .filter(|&index| is_skin(statistics, index, chroma, WHOLE_RED))
            .count() as f64;
        let blocked = red >= WHOLE_SHARE * statistics.tiles.len() as f64;
        return Lens { blocked, covered: if blocked { 1.0 } else { 0.0 } };
    }
    let area = finger(statistics, chroma, evidence.sigma, policy, spare);
    let covered = if area.is_within(&LIKELY) || area.is_within(&SURE) { area.share } else { 0.0 };
    Lens { blocked: area.is_within(&SURE), covered: rounded(covered) }
}

/// The largest area that could be a finger; an empty one when it is too small.
fn finger(
    statistics: &Statistics,
    chroma: &ChromaPlanes<'_>,
    sigma: f64,
    policy: &Policy,
    spare: &mut Spare,
) -> Area {
    let noise = GRADIENT_NOISE * sigma * sigma;
    let is_smooth = |tile: &Tile| per_pixel(tile) - noise <= SMOOTH;
    let tiles = &statistics.tiles;
    // Colour costs more than the sums that are there already: it is asked for only where it matters.
    let smooth = tiles.iter().filter(|tile| is_smooth(tile)).count() as f64;
    if smooth < policy.finger_area_from * tiles.len() as f64 {
        return Area::default();
    }
    spare.kinds.clear();
    spare.kinds.extend(tiles.iter().enumerate().map(|(index, tile)| {
        let candidate = is_smooth(tile) && is_skin(statistics, index, chroma, policy.finger_red_from);
        if candidate { Kind::Smooth } else { Kind::Scene }
    }));
    grow_from_edge(statistics, spare);
    let area = Area::of(statistics, chroma, noise, &spare.kinds);
    if area.share >= policy.finger_area_from { area } else { Area::default() }
}

fn per_pixel(tile: &Tile) -> f64 {
    tile.gradient() as f64 / f64::from(tile.n.max(1))
}

/// Redder than neutral, and not bluer: skin of any tone, in any light that a camera balances.
fn is_skin(statistics: &Statistics, index: usize, chroma: &ChromaPlanes<'_>, red_from: f64) -> bool {
    let (blue, red) = chroma::of_tile(statistics, index, chroma);
    red >= red_from && blue <= 0.0
}

fn neighbours(statistics: &Statistics, index: usize) -> [Option<usize>; 4] {
    [(-1, 0), (1, 0), (0, -1), (0, 1)].map(|(dx, dy)| statistics.neighbour(index, dx, dy))
}

fn is_at_edge(statistics: &Statistics, index: usize) -> bool {
    neighbours(statistics, index).contains(&None)
}

/// Marks the smooth tiles that hang together with the edge of the frame.
fn grow_from_edge(statistics: &Statistics, spare: &mut Spare) {
    let Spare { kinds, stack } = spare;
    stack.clear();
    for (index, kind) in kinds.iter_mut().enumerate() {
        if *kind == Kind::Smooth && is_at_edge(statistics, index) {
            *kind = Kind::Finger;
            stack.push(index);
        }
    }
    while let Some(index) = stack.pop() {
        for next in neighbours(statistics, index).into_iter().flatten() {
            if kinds[next] == Kind::Smooth {
                kinds[next] = Kind::Finger;
                stack.push(next);
            }
        }
    }
}

/// What tells a finger from a smooth background.
#[derive(Debug, Default)]
struct Area {
    /// Of the frame.
    share: f64,
    /// Of the frame's outermost tiles.
    at_edge: f64,
    /// Mean gradient energy per pixel above noise of the tiles beside it.
    outline: f64,
    /// The same of all other tiles.
    rest: f64,
    /// Steps of red difference above that of what is not covered.
    redder: f64,
}

impl Area {
    fn of(statistics: &Statistics, chroma: &ChromaPlanes<'_>, noise: f64, kinds: &[Kind]) -> Self {
        let (mut finger, mut outline, mut rest, mut red, mut other_red) =
            (0.0, Mean::default(), Mean::default(), Mean::default(), Mean::default());
        let (mut edge, mut finger_at_edge) = (0.0, 0.0);
        for (index, kind) in kinds.iter().enumerate() {
            let at_edge = f64::from(u8::from(is_at_edge(statistics, index)));
            edge += at_edge;
            let redness = chroma::of_tile(statistics, index, chroma).1;
            if *kind == Kind::Finger {
                finger += 1.0;
                finger_at_edge += at_edge;
                red.add(redness);
                continue;
            }
            other_red.add(redness);
            let energy = (per_pixel(&statistics.tiles[index]) - noise).max(0.0);
            let beside =
                neighbours(statistics, index).into_iter().flatten().any(|next| kinds[next] == Kind::Finger);
            if beside { outline.add(energy) } else { rest.add(energy) }
        }
        Self {
            share: finger / kinds.len().max(1) as f64,
            at_edge: finger_at_edge / f64::max(edge, 1.0),
            outline: outline.value(),
            rest: rest.value(),
            redder: red.value() - other_red.value(),
        }
    }

    fn is_within(&self, fading: &Fading) -> bool {
        let from_one_side = self.at_edge >= AT_EDGE && self.at_edge <= self.share + fading.around;
        let fades = self.outline <= fading.outline.min(fading.share * self.rest);
        from_one_side && fades && self.rest >= DETAIL && self.redder >= fading.redder
    }
}

#[derive(Debug, Default)]
struct Mean {
    sum: f64,
    count: f64,
}

impl Mean {
    fn add(&mut self, value: f64) {
        self.sum += value;
        self.count += 1.0;
    }

    fn value(&self) -> f64 {
        self.sum / self.count.max(1.0)
    }
}
