//! Every threshold of the verdict, in one place: serialisable, bounded, versioned and hashed, so that a report can
//! say by which rules it was made.
//!
//! Not in here: the constants of the measurements themselves. They stand in their modules, because changing one
//! changes what the numbers mean.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

/// Declares the policy once: fields, documentation, bounds and defaults cannot drift apart.
macro_rules! policy {
    ($($(#[doc = $doc:literal])+ $field:ident: $default:literal in $min:literal..=$max:literal;)+) => {
        /// Every threshold of the verdict. The default is the shipped policy.
        ///
        /// Reading one from JSON checks every bound; a field that is missing takes its default, one that is unknown
        /// is an error.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(remote = "Self", default, deny_unknown_fields)]
        pub struct Policy {
            /// Version of this set of thresholds, from 1. Raised with every change of a default.
            pub version: u32,
            $($(#[doc = $doc])+ pub $field: f64,)+
        }

        impl Default for Policy {
            fn default() -> Self {
                Self { version: 1, $($field: $default,)+ }
            }
        }

        impl Policy {
            /// Checks every threshold against its bounds.
            pub fn validate(&self) -> Result<(), PolicyError> {
                $(in_bounds(stringify!($field), self.$field, $min, $max)?;)+
                in_bounds("version", f64::from(self.version), 1.0, f64::from(u32::MAX))?;
                self.check_order()
            }
        }
    };
}

policy! {
    /// Share of the frame with edges below which sharpness is `unknown`: a plain black T-shirt is not blurred.
    /// Design §4.
    min_edge_coverage: 0.01 in 0.0..=0.5;
    /// Score from which a photo is `sharp`. Own measurement: every sharp photo of the shared set is above.
    sharp_from: 0.45 in 0.0..=1.0;
    /// Score below which a photo with many edges is `blurred`. Own measurement: above most sharp garments, below
    /// which seven of eleven out-of-focus photos lie (`tests/photos.rs`).
    blurred_below: 0.222 in 0.0..=1.0;
    /// Score below which a photo with few edges is `blurred`: a Gaussian blur of σ = 2 px at VGA lies below on every
    /// photo measured. Hems and folds are soft by themselves.
    few_edges_blurred_below: 0.114 in 0.0..=1.0;
    /// Score below which a photo with many edges that all point one way is `blurred`: one direction has lost its
    /// detail although the other lifts the score.
    motion_blurred_below: 0.354 in 0.0..=1.0;
    /// Edge coverage up to which a photo has few edges, share of the frame.
    few_edges: 0.25 in 0.0..=1.0;
    /// As `few_edges` when the edges all point one way: blur by motion shows in their direction as well, so fewer are
    /// needed to be sure.
    motion_few_edges: 0.05 in 0.0..=1.0;
    /// Edge coverage from which a photo has many edges, share of the frame.
    many_edges: 0.35 in 0.0..=1.0;
    /// Coherence of the gradients (0 to 1) from which they count as one direction. Own measurement: sharp photos
    /// stay below 0.3, photos blurred by motion reach 0.5 to 0.97.
    motion_coherence: 0.6 in 0.0..=1.0;
    /// Length of the streak, in pixels of a VGA frame, from which the gyroscope's word is motion.
    motion_streak_px: 1.5 in 0.1..=100.0;
    /// Luma below which the 98th percentile must lie for `too_dark`: white paper, three stops underexposed, reaches
    /// 99 on any camera with an sRGB curve; the dimmest correctly exposed dark subject measured has 113. (The
    /// design's first guess, 150, refused one in five of them.)
    dark_p98_below: 104.0 in 0.0..=255.0;
    /// Luma below which the median must lie as well: a bright wall three stops underexposed has 65.
    dark_p50_below: 70.0 in 0.0..=255.0;
    /// As `dark_p98_below` when the sensor says that the scene is dim. Design §4.
    dim_p98_below: 150.0 in 0.0..=255.0;
    /// As `dark_p50_below` when the sensor says that the scene is dim. Design §4.
    dim_p50_below: 60.0 in 0.0..=255.0;
    /// Exposure value at ISO 100 below which a scene is dim: street light at night is 2, a lit hallway 4.
    dim_ev100_below: 2.0 in -10.0..=20.0;
    /// Flat burnt-out share of the tapped region above which it is `too_bright`. Design §4.
    bright_region_area_above: 0.03 in 0.0..=1.0;
    /// Flat burnt-out share of the frame above which it is `too_bright`, if the rest is bright as well. Design §4.
    bright_frame_area_above: 0.08 in 0.0..=1.0;
    /// Median luma of what is not burnt out above which the rest counts as bright: mid-grey is 118. A dark item
    /// before a blown white background stays good.
    bright_rest_p50_above: 128.0 in 0.0..=255.0;
    /// Luma by which the border must be brighter than the subject for `backlit`. Design §4 says 60; black garments
    /// before white walls reach 150, so this asks for more, together with the two below.
    backlit_difference_above: 110.0 in 0.0..=255.0;
    /// Burnt-out share of the border above which the light comes from behind.
    backlit_border_clipped_above: 0.3 in 0.0..=1.0;
    /// Mean luma of the subject below which its detail is lost against the light.
    backlit_subject_below: 40.0 in 0.0..=255.0;
    /// Smallest glare worth a retake, share of the region or frame. Design §4 says 0.003; glints on solder and glossy
    /// print reach 0.006 of a good photo and hide nothing.
    glare_area_from: 0.012 in 0.0..=1.0;
    /// Largest area that still is a reflection, share of the region or frame; more is over-exposure. Design §4.
    glare_area_to: 0.25 in 0.0..=1.0;
    /// 98th percentile of luma below which a frame without edges means a covered lens.
    blocked_p98_below: 40.0 in 0.0..=255.0;
    /// Edge coverage up to which a dark frame counts as one without edges, share of the frame.
    blocked_max_edge_coverage: 0.001 in 0.0..=1.0;
}

/// Why a policy is refused. Reads on after "failed to".
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// The text is not a policy.
    #[error("read the policy")]
    Json(#[from] serde_json::Error),
    /// A threshold is out of its bounds, or not a number.
    #[error("accept {field} = {value}: it must be {min} to {max}")]
    OutOfRange {
        /// The field's name in the JSON.
        field: &'static str,
        /// Its value.
        value: f64,
        /// Smallest value allowed.
        min: f64,
        /// Largest value allowed.
        max: f64,
    },
}

impl Policy {
    /// Reads and checks a policy.
    pub fn from_json(text: &str) -> Result<Self, PolicyError> {
        let mut json = serde_json::Deserializer::from_str(text);
        // The derived, unchecked reading; the public one would hide the typed error in a text.
        let policy = Self::deserialize(&mut json)?;
        json.end()?;
        policy.validate()?;
        Ok(policy)
    }

    /// The one JSON text of this policy: compact, fields in their order of declaration.
    pub fn canonical_json(&self) -> String {
        let mut text = Vec::new();
        // Writing numbers and field names into memory cannot fail.
        let _ = Self::serialize(self, &mut serde_json::Serializer::new(&mut text));
        String::from_utf8(text).unwrap_or_default()
    }

    /// SHA-256 of the canonical JSON, in hex.
    pub fn hash(&self) -> String {
        hex::encode(Sha256::digest(self.canonical_json()))
    }

    /// Pairs of thresholds that must not cross.
    fn check_order(&self) -> Result<(), PolicyError> {
        in_bounds("blurred_below", self.blurred_below, 0.0, self.sharp_from)?;
        in_bounds("few_edges_blurred_below", self.few_edges_blurred_below, 0.0, self.sharp_from)?;
        in_bounds("motion_blurred_below", self.motion_blurred_below, 0.0, self.sharp_from)?;
        in_bounds("few_edges", self.few_edges, 0.0, self.many_edges)?;
        in_bounds("motion_few_edges", self.motion_few_edges, 0.0, self.many_edges)?;
        in_bounds("glare_area_from", self.glare_area_from, 0.0, self.glare_area_to)
    }
}

fn in_bounds(field: &'static str, value: f64, min: f64, max: f64) -> Result<(), PolicyError> {
    if (min..=max).contains(&value) {
        Ok(())
    } else {
        Err(PolicyError::OutOfRange { field, value, min, max })
    }
}

impl Serialize for Policy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for Policy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let policy = Self::deserialize(deserializer)?;
        policy.validate().map_err(serde::de::Error::custom)?;
        Ok(policy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_policy_is_within_its_own_bounds() {
        Policy::default().validate().unwrap();
    }

    #[test]
    fn the_canonical_json_reads_back_as_the_same_policy() {
        let policy = Policy { sharp_from: 0.5, ..Policy::default() };
        assert_eq!(Policy::from_json(&policy.canonical_json()).unwrap(), policy);
        assert_eq!(serde_json::to_string(&policy).unwrap(), policy.canonical_json());
    }

    #[test]
    fn a_missing_field_takes_its_default_and_an_unknown_one_is_refused() {
        assert_eq!(Policy::from_json("{}").unwrap(), Policy::default());
        assert!(matches!(Policy::from_json(r#"{"sharp_form":1}"#), Err(PolicyError::Json(_))));
    }

    #[test]
    fn a_threshold_out_of_bounds_is_named_with_its_range() {
        let error = Policy::from_json(r#"{"dark_p98_below":256}"#).unwrap_err();
        assert_eq!(error.to_string(), "accept dark_p98_below = 256: it must be 0 to 255");
        assert!(serde_json::from_str::<Policy>(r#"{"dark_p98_below":256}"#).is_err());
        let nan = Policy { sharp_from: f64::NAN, ..Policy::default() };
        assert!(matches!(nan.validate(), Err(PolicyError::OutOfRange { field: "sharp_from", .. })));
    }

    #[test]
    fn thresholds_that_cross_are_refused() {
        let crossed = Policy { blurred_below: 0.6, sharp_from: 0.5, ..Policy::default() };
        assert!(matches!(crossed.validate(), Err(PolicyError::OutOfRange { field: "blurred_below", .. })));
    }

    #[test]
    fn the_hash_changes_with_any_threshold_and_with_nothing_else() {
        let policy = Policy::default();
        assert_eq!(policy.hash(), policy.clone().hash());
        assert_ne!(policy.hash(), Policy { few_edges: 0.2, ..Policy::default() }.hash());
        insta::assert_snapshot!(policy.hash());
    }
}
