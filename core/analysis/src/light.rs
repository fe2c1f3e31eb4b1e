//! Light: enough of it, not too much, and from the right side. Judges the light, not the paint: a black shirt in a
//! lit room and a white wall behind it are both fine.

use crate::frame::FrameContext;
use crate::policy::Policy;
use crate::report::{Exposure, ExposureState, Region, rounded};
use crate::sharpness::SharpnessEvidence;
use crate::tiles::{CLIP_HIGH, Statistics, Tile};

/// Share of burnt-out pixels from which a tile counts as burnt out as a whole: flat, not just glinting.
pub(crate) const FLAT_CLIPPED: f64 = 0.9;
/// Without a tapped region the middle half of the frame, in both directions, stands for the subject.
const MIDDLE: Region = Region { x: 0.25, y: 0.25, width: 0.5, height: 0.5 };
/// Depth of the frame's border in tiles: a twentieth of a VGA frame on each side.
const BORDER: usize = 3;

/// Judges the exposure, and whether something covers the lens.
pub(crate) fn judge(
    statistics: &Statistics,
    evidence: &SharpnessEvidence,
    context: &FrameContext,
    region: Option<Region>,
    policy: &Policy,
) -> (Exposure, bool) {
    let frame = Sums::of(statistics.tiles.iter());
    let p50 = f64::from(statistics.histogram.percentile(0.5));
    let p98 = f64::from(statistics.histogram.percentile(0.98));
    let state = if is_dark(p50, p98, context, policy) {
        ExposureState::TooDark
    } else if is_burnt(statistics, region, policy) {
        ExposureState::TooBright
    } else if is_backlit(statistics, region.unwrap_or(MIDDLE), policy) {
        ExposureState::Backlit
    } else {
        ExposureState::Good
    };
    let exposure = Exposure {
        state,
        mean: rounded(frame.mean()),
        p50,
        p98,
        clipped_low: rounded(frame.share(frame.low)),
        clipped_high: rounded(frame.share(frame.high)),
    };
    let flat = evidence.coverage <= policy.blocked_max_edge_coverage;
    (exposure, flat && p98 < policy.blocked_p98_below)
}

fn is_dark(p50: f64, p98: f64, context: &FrameContext, policy: &Policy) -> bool {
    let dark = p98 < policy.dark_p98_below && p50 < policy.dark_p50_below;
    let dim = p98 < policy.dim_p98_below && p50 < policy.dim_p50_below;
    dark || dim && ev100(context).is_some_and(|ev| ev < policy.dim_ev100_below)
}

/// Exposure value at ISO 100 (ISO 2720): log2(N² / t) − log2(ISO / 100).
fn ev100(context: &FrameContext) -> Option<f64> {
    let (aperture, time, iso) = (context.aperture?, context.exposure_time_s?, context.iso?);
    let ev = (aperture * aperture / time).log2() - (iso / 100.0).log2();
    ev.is_finite().then_some(ev)
}

/// Burnt out over a flat area, and the rest is bright as well: a blown white background behind a well-lit subject is
/// no fault of the light.
fn is_burnt(statistics: &Statistics, region: Option<Region>, policy: &Policy) -> bool {
    let burnt = |tile: &&Tile| f64::from(tile.clip_high) >= FLAT_CLIPPED * f64::from(tile.n);
    let share = |tiles: &mut dyn Iterator<Item = &Tile>| {
        let (mut all, mut flat) = (0.0, 0.0);
        for tile in tiles {
            all += f64::from(tile.n);
            flat += if burnt(&tile) { f64::from(tile.n) } else { 0.0 };
        }
        if all > 0.0 { flat / all } else { 0.0 }
    };
    let in_frame = share(&mut statistics.tiles.iter()) > policy.bright_frame_area_above;
    let in_region = region
        .is_some_and(|region| share(&mut statistics.tiles_in(region)) > policy.bright_region_area_above);
    in_region || in_frame && median_below_clip(statistics) > policy.bright_rest_p50_above
}

/// Median of the pixels that are not burnt out; 255 when all are.
fn median_below_clip(statistics: &Statistics) -> f64 {
    let rest = &statistics.histogram.0[..usize::from(CLIP_HIGH)];
    let total: u64 = rest.iter().map(|&count| u64::from(count)).sum();
    let mut seen = 0;
    let median = rest.iter().position(|&count| {
        seen += u64::from(count);
        2 * seen >= total && total > 0
    });
    median.unwrap_or(255) as f64
}

/// The border of the frame far brighter than the subject, burnt out over a part of it, and the subject in the dark.
fn is_backlit(statistics: &Statistics, region: Region, policy: &Policy) -> bool {
    let subject = Sums::of(statistics.tiles_in(region));
    let (columns, rows) = (statistics.columns, statistics.rows);
    let border = Sums::of(statistics.tiles.iter().enumerate().filter_map(|(index, tile)| {
        let (x, y) = (index % columns, index / columns);
        let inside = x >= BORDER && x + BORDER < columns && y >= BORDER && y + BORDER < rows;
        (!inside).then_some(tile)
    }));
    border.mean() - subject.mean() > policy.backlit_difference_above
        && border.share(border.high) > policy.backlit_border_clipped_above
        && subject.mean() < policy.backlit_subject_below
}

/// Sums over some tiles.
#[derive(Default)]
struct Sums {
    n: u64,
    luma: u64,
    low: u64,
    high: u64,
}

impl Sums {
    fn of<'a>(tiles: impl Iterator<Item = &'a Tile>) -> Self {
        tiles.fold(Self::default(), |sums, tile| Self {
            n: sums.n + u64::from(tile.n),
            luma: sums.luma + u64::from(tile.sum),
            low: sums.low + u64::from(tile.clip_low),
            high: sums.high + u64::from(tile.clip_high),
        })
    }

    fn share(&self, count: u64) -> f64 {
        count as f64 / self.n.max(1) as f64
    }

    fn mean(&self) -> f64 {
        self.share(self.luma)
    }
}
