//! The verdict and its reasons: the one list of reason codes that phone, manifest, server and console share.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What analysis says of a frame or a still.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The photo can be used as evidence.
    Good,
    /// The shopper is asked for another one; the reasons say why.
    Retake,
}

impl Verdict {
    /// The stable code on the wire: `good` or `retake`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Retake => "retake",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// Why a photo should be taken again. Ordered by what the shopper should be told first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Something covers the lens.
    LensBlocked,
    /// Too little light reached the sensor.
    TooDark,
    /// The product is not what the photo shows.
    Irrelevant,
    /// The photo shows a person, not the product.
    Person,
    /// The photo was taken from a screen.
    Screen,
    /// The product leaves the frame.
    CutOff,
    /// The product fills too much of the frame.
    TooClose,
    /// The product fills too little of the frame.
    TooFar,
    /// The camera is held at an angle.
    Tilted,
    /// Large parts of the photo are burnt out.
    TooBright,
    /// The light comes from behind the product.
    Backlit,
    /// A reflection hides part of the product.
    Glare,
    /// A defect could not be judged, out of focus or moved.
    Blurred,
    /// The shopper already took this photo.
    Duplicate,
}

impl Reason {
    /// Every reason, in the order in which the shopper should be told.
    pub const ALL: [Self; 14] = [
        Self::LensBlocked,
        Self::TooDark,
        Self::Irrelevant,
        Self::Person,
        Self::Screen,
        Self::CutOff,
        Self::TooClose,
        Self::TooFar,
        Self::Tilted,
        Self::TooBright,
        Self::Backlit,
        Self::Glare,
        Self::Blurred,
        Self::Duplicate,
    ];

    /// The stable code on the wire, in the manifest and in the database.
    pub fn code(self) -> &'static str {
        match self {
            Self::LensBlocked => "lens_blocked",
            Self::TooDark => "too_dark",
            Self::Irrelevant => "irrelevant",
            Self::Person => "person",
            Self::Screen => "screen",
            Self::CutOff => "cut_off",
            Self::TooClose => "too_close",
            Self::TooFar => "too_far",
            Self::Tilted => "tilted",
            Self::TooBright => "too_bright",
            Self::Backlit => "backlit",
            Self::Glare => "glare",
            Self::Blurred => "blurred",
            Self::Duplicate => "duplicate",
        }
    }

    /// One sentence for the shopper that says what to do about it.
    pub fn hint(self) -> &'static str {
        match self {
            Self::LensBlocked => "Something covers the lens; move your fingers or wipe it.",
            Self::TooDark => "Move to a brighter place or turn on the light.",
            Self::Irrelevant => "Point the camera at the item you are returning.",
            Self::Person => "Photograph the item itself, without people in the picture.",
            Self::Screen => "Photograph the item itself, not a picture of it on a screen.",
            Self::CutOff => "Step back a little so that the whole item is in the picture.",
            Self::TooClose => "Move the camera back a little.",
            Self::TooFar => "Move the camera closer to the item.",
            Self::Tilted => "Hold the phone straight.",
            Self::TooBright => "Move out of the direct light.",
            Self::Backlit => "Turn around so that the light falls on the item from your side.",
            Self::Glare => "Tilt the item or the phone a little to lose the reflection.",
            Self::Blurred => "Hold the phone still, tap the item to focus, and take it again.",
            Self::Duplicate => "You already took this photo; try another angle.",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// A text that is no reason code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("find the reason code {0:?} among the known ones")]
pub struct UnknownReason(pub String);

impl FromStr for Reason {
    type Err = UnknownReason;

    fn from_str(code: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|reason| reason.code() == code)
            .ok_or_else(|| UnknownReason(code.to_owned()))
    }
}

/// A set of reasons that lives on the stack, so that a frame's report costs no allocation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "Vec<Reason>", into = "Vec<Reason>")]
pub struct ReasonSet(u16);

impl ReasonSet {
    /// Adds a reason; adding it twice changes nothing.
    pub fn insert(&mut self, reason: Reason) {
        self.0 |= 1 << reason as u16;
    }

    /// Whether the reason is in the set.
    pub fn contains(self, reason: Reason) -> bool {
        self.0 & (1 << reason as u16) != 0
    }

    /// Whether there is no reason at all.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The reasons, the one to tell first at the front.
    pub fn iter(self) -> impl Iterator<Item = Reason> {
        Reason::ALL.into_iter().filter(move |&reason| self.contains(reason))
    }

    /// `Good` for an empty set, else `Retake`.
    pub fn verdict(self) -> Verdict {
        if self.is_empty() { Verdict::Good } else { Verdict::Retake }
    }
}

impl FromIterator<Reason> for ReasonSet {
    fn from_iter<I: IntoIterator<Item = Reason>>(reasons: I) -> Self {
        let mut set = Self::default();
        reasons.into_iter().for_each(|reason| set.insert(reason));
        set
    }
}

impl From<Vec<Reason>> for ReasonSet {
    fn from(reasons: Vec<Reason>) -> Self {
        reasons.into_iter().collect()
    }
}

impl From<ReasonSet> for Vec<Reason> {
    fn from(set: ReasonSet) -> Self {
        set.iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_reads_back_and_is_what_serde_writes() {
        for reason in Reason::ALL {
            assert_eq!(reason.code().parse::<Reason>(), Ok(reason));
            assert_eq!(serde_json::to_string(&reason).unwrap(), format!("{:?}", reason.code()));
        }
    }

    #[test]
    fn an_unknown_code_is_an_error_that_names_it() {
        assert_eq!("soft".parse::<Reason>(), Err(UnknownReason("soft".to_owned())));
    }

    #[test]
    fn every_hint_is_one_sentence() {
        for reason in Reason::ALL {
            let hint = reason.hint();
            assert!(hint.ends_with('.') && hint.matches('.').count() == 1, "{hint}");
        }
    }

    #[test]
    fn a_set_lists_the_most_urgent_reason_first_whatever_the_order_of_insertion() {
        let set: ReasonSet = [Reason::Blurred, Reason::TooDark, Reason::Blurred].into_iter().collect();
        assert_eq!(Vec::from(set), [Reason::TooDark, Reason::Blurred]);
        assert_eq!(serde_json::to_string(&set).unwrap(), r#"["too_dark","blurred"]"#);
    }
}
