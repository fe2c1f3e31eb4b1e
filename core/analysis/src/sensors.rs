//! What the sensors said, as far as it can be believed: a value that no camera and no phone can have is as good as
//! none. Everything behind this module takes its numbers as they are.

use crate::frame::FrameContext;
use crate::report::Region;

/// Exposure times of cameras, in seconds: from an electronic shutter to night modes.
const EXPOSURE_TIMES_S: [f64; 2] = [1e-7, 120.0];
/// ISO numbers of cameras.
const ISO_NUMBERS: [f64; 2] = [1.0, 1e7];
/// Apertures of cameras, as f-numbers.
const APERTURES: [f64; 2] = [0.5, 64.0];
/// Turn rates that a gyroscope can tell, in radians per second: 2,000° per second is the widest range of a phone's.
const TURN_RATES: [f64; 2] = [0.0, 35.0];
/// Shortest focus distances of lenses, in metres. 0 is how some phones say that the lens does not focus at all.
const FOCUS_DISTANCES_M: [f64; 2] = [0.001, 10.0];
/// Length of gravity in m/s² within which the phone is held and not thrown or shaken: half to one and a half times 9.81.
const GRAVITIES: [f64; 2] = [4.9, 14.7];
/// Shortest side of a tapped region, as a fraction of the frame: three tiles at VGA, the least that has statistics. A
/// smaller one grows around its middle.
const LEAST_REGION_SIDE: f64 = 0.05;
/// Pixels of a VGA-class frame per radian at the 60° horizontal field of view of a phone's main camera.
const PIXELS_PER_RADIAN: f64 = 611.0;

/// The context without the values that cannot be, and with the region cut to the frame.
pub(crate) fn believed(context: &FrameContext) -> FrameContext {
    let within = |value: Option<f64>, [min, max]: [f64; 2]| value.filter(|value| (min..=max).contains(value));
    FrameContext {
        exposure_time_s: within(context.exposure_time_s, EXPOSURE_TIMES_S),
        iso: within(context.iso, ISO_NUMBERS),
        aperture: within(context.aperture, APERTURES),
        gyro_rate: within(context.gyro_rate.map(f64::abs), TURN_RATES),
        gravity: context.gravity.filter(|gravity| within(Some(length(*gravity)), GRAVITIES).is_some()),
        min_focus_m: within(context.min_focus_m, FOCUS_DISTANCES_M),
        region: context.region.and_then(inside),
        ..*context
    }
}

/// Length of the streak that the phone's turning draws during the exposure, in pixels of a VGA-class frame. From a
/// believed context.
pub(crate) fn streak_px(context: &FrameContext) -> Option<f64> {
    Some(context.gyro_rate? * context.exposure_time_s? * PIXELS_PER_RADIAN)
}

/// Whether a region names an area at all: finite numbers, and sides above zero.
pub(crate) fn is_area(region: Region) -> bool {
    let Region { x, y, width, height } = region;
    [x, y, width, height].iter().all(|value| value.is_finite()) && width > 0.0 && height > 0.0
}

/// The part of a region that lies in the frame; none when that is nothing.
pub(crate) fn inside(region: Region) -> Option<Region> {
    if !is_area(region) {
        return None;
    }
    let (x, width) = inside_axis(region.x, region.width)?;
    let (y, height) = inside_axis(region.y, region.height)?;
    Some(Region { x, y, width, height })
}

fn inside_axis(start: f64, len: f64) -> Option<(f64, f64)> {
    let (from, to) = (start.max(0.0), (start + len).min(1.0));
    if from >= to {
        return None;
    }
    let grown = (to - from).max(LEAST_REGION_SIDE);
    let from = (f64::midpoint(from, to) - grown / 2.0).clamp(0.0, 1.0 - grown);
    Some((from, grown))
}

fn length(vector: [f64; 3]) -> f64 {
    vector.iter().map(|part| part * part).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_sensor_can_say_counts_as_not_said() {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, 0.0, 1e300] {
            let context = FrameContext {
                exposure_time_s: Some(bad),
                iso: Some(bad),
                aperture: Some(bad),
                gravity: Some([bad, 0.0, 0.0]),
                min_focus_m: Some(bad),
                region: Some(Region { x: 0.0, y: 0.0, width: bad, height: 0.1 }),
                ..FrameContext::default()
            };
            let expected = FrameContext {
                // A region that is far too wide still covers the frame.
                region: (bad > 1e299 && bad.is_finite()).then_some(Region {
                    x: 0.0,
                    y: 0.0,
                    width: 1.0,
                    height: 0.1,
                }),
                ..FrameContext::default()
            };
            assert_eq!(believed(&context), expected, "{bad}");
        }
        assert_eq!(
            believed(&FrameContext { gyro_rate: Some(f64::NAN), ..FrameContext::default() }).gyro_rate,
            None
        );
    }

    #[test]
    fn what_a_sensor_can_say_is_kept() {
        let context = FrameContext {
            exposure_time_s: Some(0.033),
            iso: Some(400.0),
            aperture: Some(1.8),
            gyro_rate: Some(-0.5),
            gravity: Some([0.1, -9.8, 0.3]),
            min_focus_m: Some(0.08),
            region: Some(Region { x: 0.25, y: 0.25, width: 0.5, height: 0.5 }),
            ..FrameContext::default()
        };
        assert_eq!(believed(&context), FrameContext { gyro_rate: Some(0.5), ..context });
        assert!((streak_px(&believed(&context)).unwrap() - 0.5 * 0.033 * PIXELS_PER_RADIAN).abs() < 1e-9);
    }

    #[test]
    fn a_region_is_cut_to_the_frame_and_never_smaller_than_three_tiles() {
        let cut = |x, width| {
            inside(Region { x, y: 0.5, width, height: 0.2 }).map(|region| (region.x, region.width))
        };
        assert_eq!(cut(-0.25, 0.5), Some((0.0, 0.25)));
        assert_eq!(cut(1.0, 0.5), None);
        assert_eq!(cut(-3.0, 1.0), None);
        let (x, width) = cut(0.999, 0.01).unwrap();
        assert!((width - LEAST_REGION_SIDE).abs() < 1e-12 && (x - 0.95).abs() < 1e-12);
    }
}
