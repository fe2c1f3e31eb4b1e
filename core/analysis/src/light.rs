//! Light: enough of it, not too much, and from the right side. Judges the light, not the paint: a black shirt in a
//! lit room and a white wall behind it are both fine.

use crate::frame::FrameContext;
use crate::policy::Policy;
use crate::report::{Exposure, ExposureState, Region, rounded};
use crate::tiles::{CLIP_HIGH, Statistics, Tile};

/// Share of burnt-out pixels from which a tile counts as burnt out as a whole: flat, not just glinting.
pub(crate) const FLAT_CLIPPED: f64 = 0.9;
/// Without a tapped region the middle half of the frame, in both directions, stands for the subject.
const MIDDLE: Region = Region { x: 0.25, y: 0.25, width: 0.5, height: 0.5 };
/// Depth of the frame's border in tiles: a twentieth of a VGA frame on each side.
const BORDER: usize = 3;

/// Judges the exposure. Burnt out and backlit are asked of the region (as delivered, not upright), too dark of the whole
/// frame: in a small part of it shade cannot be told from dark paint.
pub(crate) fn judge(
    statistics: &Statistics,
    context: &FrameContext,
    region: Option<Region>,
    policy: &Policy,
) -> Exposure {
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
    Exposure {
        state,
        mean: rounded(frame.mean()),
        p50,
        p98,
        clipped_low: rounded(frame.share(frame.low)),
        clipped_high: rounded(frame.share(frame.high)),
    }
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
    // In a plane of a few pixels no tile may have its middle in the region.
    subject.n > 0
        && border.mean() - subject.mean() > policy.backlit_difference_above
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reduce::Grey;
    use crate::tiles::Kernels;

    /// White to the left of a column, and so grey to the right of it.
    fn half_white(width: usize, height: usize, grey: u8) -> Statistics {
        let mut plane = Grey::default();
        plane.resize(width, height);
        for (index, luma) in plane.data.iter_mut().enumerate() {
            *luma = if index % width < width / 2 { 255 } else { grey };
        }
        let mut statistics = Statistics::default();
        statistics.gather(&plane, Kernels::best());
        statistics
    }

    fn state(statistics: &Statistics, region: Option<Region>) -> ExposureState {
        judge(statistics, &FrameContext::default(), region, &Policy::default()).state
    }

    #[test]
    fn a_subject_in_the_dark_before_a_burnt_out_border_is_backlit_and_a_lit_one_is_not() {
        let region = Some(Region { x: 0.6, y: 0.3, width: 0.3, height: 0.4 });
        assert_eq!(state(&half_white(640, 480, 20), region), ExposureState::Backlit);
        assert_eq!(state(&half_white(640, 480, 80), region), ExposureState::Good);
    }

    #[test]
    fn a_burnt_out_half_is_too_bright_only_where_the_rest_is_bright_or_the_shopper_tapped_it() {
        let tapped = Some(Region { x: 0.1, y: 0.3, width: 0.3, height: 0.4 });
        assert_eq!(state(&half_white(640, 480, 100), None), ExposureState::Good);
        assert_eq!(state(&half_white(640, 480, 160), None), ExposureState::TooBright);
        assert_eq!(state(&half_white(640, 480, 100), tapped), ExposureState::TooBright);
    }

    #[test]
    fn a_strip_of_a_few_rows_has_no_subject_to_be_backlit() {
        assert_eq!(state(&half_white(640, 4, 100), None), ExposureState::Good);
    }
}
