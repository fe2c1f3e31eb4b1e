//! Every time and share of the guide, in one place.
//!
//! Apart from [`crate::Policy`]: that one decides what a photo is worth, on the phone and on the server, and is hashed into every
//! report. This one decides how the shopper is spoken to, and changes no verdict.

use serde::{Deserialize, Serialize};

use crate::policy::{PolicyError, checked_serde, in_bounds};

/// Every time and share of the guide. The default is the shipped one. Reading one from JSON checks every bound; a
/// field that is missing takes its default, one that is unknown is an error.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self", default, deny_unknown_fields)]
pub struct GuidePolicy {
    /// Nothing is said for so long from the first frame of a shot, in ms: the camera finds its exposure and focus first.
    /// Design §4.
    pub silent_ms: u32,
    /// A fault is shown at least so long, in ms: time to read it and to act. Design §4.
    pub fault_ms: u32,
    /// `soft` and `good` are shown at least so long, in ms. Design §4.
    pub neutral_ms: u32,
    /// After a gap of so many ms between two frames, what was before says nothing any more. Design §4.
    pub window_ms: u32,
    /// Weight that a frame keeps over a fifteenth of a second. Design §4: 0.95 a frame at 15 frames per second, so half of
    /// it after 0.9 s and a tenth at the end of the window.
    pub kept_weight: f64,
    /// Share of the weight from which a fault is shown. At 0.4 one that is there all the time wins 0.7 s after the first
    /// frame that has it, and one that comes and goes evenly still wins.
    pub share_to_show: f64,
    /// Share of the weight from which a fault that is shown goes on. The distance to `share_to_show` keeps two hints
    /// near the threshold from taking turns.
    pub share_to_stay: f64,
    /// So long, in ms, must 3 of the last 4 frames agree before they count: for `good` (design §4), for the end of a
    /// fault, and for glare that came with the torch.
    pub settled_ms: u32,
    /// `good` must hold so long, in ms, before a photo may be taken for the shopper: twice what `good` itself needs.
    pub auto_capture_ms: u32,
    /// After so long in the dark, in ms, the torch is suggested. Design §4. Where the lens seems covered it takes `fault_ms`
    /// longer, the time to uncover it.
    pub dark_ms: u32,
    /// Share of the area by which glare must grow after the torch went on for it to be withdrawn: glossy print answers a
    /// lamp beside the lens with a white spot. Design §4.
    pub glare_growth: f64,
    /// So long without progress, in ms, before an example picture is shown. Design §4.
    pub example_ms: u32,
    /// So long without good, in ms, before the photo may be taken anyway. Design §4.
    pub override_ms: u32,
}

impl Default for GuidePolicy {
    fn default() -> Self {
        Self {
            silent_ms: 800,
            fault_ms: 1_500,
            neutral_ms: 1_000,
            window_ms: 3_000,
            kept_weight: 0.95,
            share_to_show: 0.4,
            share_to_stay: 0.25,
            settled_ms: 400,
            auto_capture_ms: 800,
            dark_ms: 1_500,
            glare_growth: 0.01,
            example_ms: 6_000,
            override_ms: 10_000,
        }
    }
}

/// Longest of any time, in ms: a minute. The shopper is gone by then.
const LONGEST_MS: f64 = 60_000.0;

impl GuidePolicy {
    /// Checks every field against its bounds: times up to a minute, shares and weights between 0 and 1, no share to stay
    /// above the one to show, no window shorter than what must settle within it.
    pub fn validate(&self) -> Result<(), PolicyError> {
        let times = [
            ("silent_ms", self.silent_ms),
            ("fault_ms", self.fault_ms),
            ("neutral_ms", self.neutral_ms),
            ("settled_ms", self.settled_ms),
            ("auto_capture_ms", self.auto_capture_ms),
            ("dark_ms", self.dark_ms),
            ("example_ms", self.example_ms),
            ("override_ms", self.override_ms),
        ];
        for (field, time) in times {
            in_bounds(field, f64::from(time), 0.0, LONGEST_MS)?;
        }
        let longest_hold = self.settled_ms.max(self.auto_capture_ms).max(self.dark_ms);
        in_bounds("window_ms", f64::from(self.window_ms), f64::from(longest_hold), LONGEST_MS)?;
        in_bounds("kept_weight", self.kept_weight, 0.5, 0.999)?;
        in_bounds("share_to_show", self.share_to_show, 0.01, 1.0)?;
        in_bounds("share_to_stay", self.share_to_stay, 0.01, self.share_to_show)?;
        in_bounds("glare_growth", self.glare_growth, 0.0, 1.0)
    }
}

checked_serde!(GuidePolicy);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_policy_is_within_its_own_bounds_and_reads_back() {
        let policy = GuidePolicy::default();
        policy.validate().unwrap();
        let json = serde_json::to_string(&policy).unwrap();
        assert_eq!(serde_json::from_str::<GuidePolicy>(&json).unwrap(), policy);
    }

    #[test]
    fn an_unknown_field_and_a_value_out_of_bounds_are_refused() {
        let refused = |json| serde_json::from_str::<GuidePolicy>(json).is_err();
        assert!(refused(r#"{"fault":1}"#));
        assert!(refused(r#"{"fault_ms":60001}"#));
        assert!(refused(r#"{"share_to_stay":0.5}"#));
        assert!(refused(r#"{"window_ms":300}"#));
        assert!(GuidePolicy { kept_weight: f64::NAN, ..GuidePolicy::default() }.validate().is_err());
    }
}
