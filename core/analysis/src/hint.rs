//! What a preview frame would have the shopper do: every hint it justifies, before anything steadies them.
//!
//! Not responsible for which one is shown, and for how long: that is the guide's ([`crate::Guide`]).

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::reason::Reason;

/// The one thing to tell the shopper now. Ordered by urgency (design §4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hint {
    /// Something covers the lens.
    LensBlocked,
    /// Too little light.
    TooDark,
    /// Nothing stands out.
    NoSubject,
    /// Something else than an item is in view.
    WrongSubject,
    /// A display is in view.
    Screen,
    /// The subject leaves the frame.
    CutOff,
    /// The subject fills too much of the frame, or lies closer than the lens can focus.
    TooClose,
    /// The subject fills too little of the frame.
    TooFar,
    /// The subject is far from the middle.
    OffCentre,
    /// The camera is held at an angle.
    Tilted,
    /// Large parts are burnt out.
    TooBright,
    /// The light comes from behind the subject.
    Backlit,
    /// A reflection hides part of the subject.
    Glare,
    /// The camera or the subject moves.
    Moving,
    /// Out of focus, or still looking for it.
    Focusing,
    /// Not quite sharp.
    Soft,
    /// Nothing to say: take the photo.
    Good,
}

impl Hint {
    /// Every hint, the most urgent first.
    pub const ALL: [Self; 17] = [
        Self::LensBlocked,
        Self::TooDark,
        Self::NoSubject,
        Self::WrongSubject,
        Self::Screen,
        Self::CutOff,
        Self::TooClose,
        Self::TooFar,
        Self::OffCentre,
        Self::Tilted,
        Self::TooBright,
        Self::Backlit,
        Self::Glare,
        Self::Moving,
        Self::Focusing,
        Self::Soft,
        Self::Good,
    ];

    /// The stable code on the wire.
    pub fn code(self) -> &'static str {
        match self {
            Self::LensBlocked => "lens_blocked",
            Self::TooDark => "too_dark",
            Self::NoSubject => "no_subject",
            Self::WrongSubject => "wrong_subject",
            Self::Screen => "screen",
            Self::CutOff => "cut_off",
            Self::TooClose => "too_close",
            Self::TooFar => "too_far",
            Self::OffCentre => "off_centre",
            Self::Tilted => "tilted",
            Self::TooBright => "too_bright",
            Self::Backlit => "backlit",
            Self::Glare => "glare",
            Self::Moving => "moving",
            Self::Focusing => "focusing",
            Self::Soft => "soft",
            Self::Good => "good",
        }
    }

    /// A few words for the shopper, to be read at arm's length.
    pub fn text(self) -> &'static str {
        match self {
            Self::LensBlocked => "Uncover the lens",
            Self::TooDark => "Find more light",
            Self::NoSubject => "Point at the item",
            Self::WrongSubject => "Show the item itself",
            Self::Screen => "Show the item, not a screen",
            Self::CutOff => "Fit the item into the frame",
            Self::TooClose => "Move back a little",
            Self::TooFar => "Move closer",
            Self::OffCentre => "Bring the item to the middle",
            Self::Tilted => "Hold the phone straight",
            Self::TooBright => "Move out of the bright light",
            Self::Backlit => "Turn away from the light behind",
            Self::Glare => "Tilt a little to lose the reflection",
            Self::Moving => "Hold still",
            Self::Focusing => "Wait for the focus",
            Self::Soft => "Hold still for a sharper picture",
            Self::Good => "Perfect, take the photo",
        }
    }

    /// The hint that avoids a reason; none for what only the finished photo shows.
    pub fn for_reason(reason: Reason) -> Option<Self> {
        match reason {
            Reason::LensBlocked => Some(Self::LensBlocked),
            Reason::TooDark => Some(Self::TooDark),
            Reason::Irrelevant => Some(Self::NoSubject),
            Reason::Person => Some(Self::WrongSubject),
            Reason::Screen => Some(Self::Screen),
            Reason::CutOff => Some(Self::CutOff),
            Reason::TooClose => Some(Self::TooClose),
            Reason::TooFar => Some(Self::TooFar),
            Reason::Tilted => Some(Self::Tilted),
            Reason::TooBright => Some(Self::TooBright),
            Reason::Backlit => Some(Self::Backlit),
            Reason::Glare => Some(Self::Glare),
            Reason::Blurred => Some(Self::Focusing),
            Reason::Duplicate => None,
        }
    }

    /// Whether the shopper would do better to wait or change something: all but `soft` and `good`.
    pub fn is_fault(self) -> bool {
        !matches!(self, Self::Soft | Self::Good)
    }
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// A set of hints that lives on the stack.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "Vec<Hint>", into = "Vec<Hint>")]
pub struct HintSet(u32);

impl HintSet {
    /// Adds a hint; adding it twice changes nothing.
    pub fn insert(&mut self, hint: Hint) {
        self.0 |= 1 << hint as u32;
    }

    /// Whether the hint is in the set.
    pub fn contains(self, hint: Hint) -> bool {
        self.0 & (1 << hint as u32) != 0
    }

    /// Whether there is no hint at all: the frame is good. So is one whose only hint is [`Hint::Good`].
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The hints, the most urgent at the front.
    pub fn iter(self) -> impl Iterator<Item = Hint> {
        Hint::ALL.into_iter().filter(move |&hint| self.contains(hint))
    }

    /// The most urgent one; [`Hint::Good`] when there is none.
    pub fn most_urgent(self) -> Hint {
        self.iter().next().unwrap_or(Hint::Good)
    }
}

impl FromIterator<Hint> for HintSet {
    fn from_iter<I: IntoIterator<Item = Hint>>(hints: I) -> Self {
        let mut set = Self::default();
        hints.into_iter().for_each(|hint| set.insert(hint));
        set
    }
}

impl From<Vec<Hint>> for HintSet {
    fn from(hints: Vec<Hint>) -> Self {
        hints.into_iter().collect()
    }
}

impl From<HintSet> for Vec<Hint> {
    fn from(set: HintSet) -> Self {
        set.iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_what_serde_writes_and_the_list_is_in_order_of_urgency() {
        for hint in Hint::ALL {
            assert_eq!(serde_json::to_string(&hint).unwrap(), format!("{:?}", hint.code()));
        }
        assert!(Hint::ALL.is_sorted());
    }

    #[test]
    fn a_set_gives_the_most_urgent_hint_whatever_the_order_of_insertion() {
        let set: HintSet = [Hint::Soft, Hint::TooDark, Hint::Soft].into_iter().collect();
        assert_eq!(set.most_urgent(), Hint::TooDark);
        assert_eq!(HintSet::default().most_urgent(), Hint::Good);
    }
}
