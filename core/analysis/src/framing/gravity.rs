//! How the camera is held, from gravity: by how much the picture is turned from level, and how steeply the camera
//! looks up or down.
//!
//! What gravity cannot say: whether the camera looks straight onto a label or a parcel. Those lie at any slant, so the
//! steepness alone is no fault.

/// Share of gravity that must lie in the plane of the picture for level to mean something: sin 30°. A camera that looks
/// down onto a table has no level.
const LEAST_IN_PLANE: f64 = 0.5;

/// How the camera is held.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Attitude {
    /// Degrees from level, 0 to 45.
    pub(super) roll_deg: Option<f64>,
    /// Degrees of the optical axis from the horizon, 0 to 90.
    pub(super) pitch_deg: Option<f64>,
}

/// From gravity along the phone's axes (x to the right and y upwards in the plane of the screen, z out of it), in any
/// unit and with either sign: phones disagree on it. The upright frame is turned against the phone by a multiple of
/// 90°, and so are the ways of holding it; the deviation from the nearest one is the deviation from level.
pub(super) fn attitude([x, y, z]: [f64; 3]) -> Attitude {
    let in_plane = x.hypot(y);
    let length = in_plane.hypot(z);
    if length <= 0.0 || !length.is_finite() {
        return Attitude::default();
    }
    let roll = x.abs().min(y.abs()).atan2(x.abs().max(y.abs())).to_degrees();
    Attitude {
        roll_deg: (in_plane >= LEAST_IN_PLANE * length).then_some(roll),
        pitch_deg: Some(z.abs().atan2(in_plane).to_degrees()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rounded(gravity: [f64; 3]) -> (Option<i32>, Option<i32>) {
        let Attitude { roll_deg, pitch_deg } = attitude(gravity);
        (roll_deg.map(|degrees| degrees.round() as i32), pitch_deg.map(|degrees| degrees.round() as i32))
    }

    #[test]
    fn level_is_level_whichever_way_the_phone_is_held_and_whichever_sign_it_counts_with() {
        for gravity in [[0.0, -9.81, 0.0], [0.0, 9.81, 0.0], [9.81, 0.0, 0.0], [-9.81, 0.0, 0.0]] {
            assert_eq!(rounded(gravity), (Some(0), Some(0)));
        }
    }

    #[test]
    fn a_turned_phone_is_tilted_by_as_much() {
        let (sin, cos) = 20f64.to_radians().sin_cos();
        assert_eq!(rounded([9.81 * sin, -9.81 * cos, 0.0]), (Some(20), Some(0)));
        assert_eq!(rounded([9.81 * cos, 9.81 * sin, 0.0]), (Some(20), Some(0)));
    }

    #[test]
    fn a_camera_that_looks_down_has_a_pitch_and_no_level() {
        assert_eq!(rounded([0.1, 0.2, -9.8]), (None, Some(89)));
        let (sin, cos) = 30f64.to_radians().sin_cos();
        assert_eq!(rounded([0.0, -9.81 * cos, 9.81 * sin]), (Some(0), Some(30)));
    }

    #[test]
    fn no_gravity_says_nothing() {
        for gravity in [[0.0; 3], [f64::NAN, 1.0, 1.0], [f64::INFINITY, 0.0, 0.0]] {
            assert_eq!(attitude(gravity), Attitude::default());
        }
    }
}
