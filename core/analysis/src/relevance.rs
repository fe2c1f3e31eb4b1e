//! What follows from what the relevance model saw: whether the shopper is asked if this is what they meant to show.
//!
//! It asks, it never blocks: what comes of it is a reason for another photo like any other, and the shopper may keep this
//! one. A wrong question costs more than a missed one, so nothing is asked unless what the shot wants is unlikely.
//!
//! | the shot | wants |
//! | --- | --- |
//! | overview, defect, none known | a product |
//! | label, packaging | a product or a document |
//! | serial | a product, a document or a screen: many a serial number is only on one |
//! | other | anything: it is never asked about |
//!
//! Not responsible for running the model, and for where the subject is (framing).

use serde::{Deserialize, Serialize};

use crate::frame::Aim;
use crate::hint::Hint;
use crate::policy::{PolicyError, in_bounds};
use crate::reason::Reason;
use crate::scores::{Scores, Subject};
use crate::sighting::Sighting;

/// Share of `product` from which the model is sure enough to tell the shopper of a label shot that no label is in view:
/// its own calibration then lets it be wrong once in ten times, and it is a hint only.
const SURE: f64 = 0.9;

/// Shares, 0 to 1, below which what a shot wants counts as missing. They come with the model, which was calibrated for
/// them (`models/MODEL_CARD.md`): what is a doubtful share for one model is none for another.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RelevanceLimits {
    /// Of what the shot wants, together.
    pub product: f64,
    /// Of a document, in a label shot.
    pub document: f64,
}

/// When the shopper is asked about the subject of their photo.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RelevancePolicy {
    /// Below the limits that the model was calibrated for.
    #[default]
    Model,
    /// Below these, whatever the model says.
    Below(RelevanceLimits),
    /// Never. What the model saw is told, and where; nothing is asked.
    Off,
}

impl RelevancePolicy {
    pub(crate) fn validate(self) -> Result<(), PolicyError> {
        let Self::Below(limits) = self else { return Ok(()) };
        in_bounds("relevance.below.product", limits.product, 0.0, 1.0)?;
        in_bounds("relevance.below.document", limits.document, 0.0, 1.0)
    }
}

/// What follows from a sighting.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Doubt {
    /// Whether the picture most likely does not show what the shot wants.
    pub(crate) is_other: bool,
    /// Why another photo is asked for.
    pub(crate) reason: Option<Reason>,
    /// What the shopper could be told.
    pub(crate) hint: Option<Hint>,
}

/// Judges what the model saw for a shot with this aim.
pub(crate) fn judge(sighting: &Sighting, aim: Aim, policy: RelevancePolicy) -> Doubt {
    let limits = match policy {
        RelevancePolicy::Below(limits) => limits,
        RelevancePolicy::Model | RelevancePolicy::Off => sighting.limits,
    };
    let scores = sighting.relevance.scores;
    let other = other_than(aim, scores, limits);
    if policy == RelevancePolicy::Off {
        return Doubt { is_other: other.is_some(), ..Doubt::default() };
    }
    match other {
        Some(subject) => {
            let (reason, hint) = question(subject);
            Doubt { is_other: true, reason: Some(reason), hint: Some(hint) }
        }
        None if lacks_a_label(aim, scores, limits) => {
            Doubt { hint: Some(Hint::WrongSubject), ..Doubt::default() }
        }
        None => Doubt::default(),
    }
}

/// The likeliest of the subjects that the shot does not want, if what it wants is unlikely.
fn other_than(aim: Aim, scores: Scores, limits: RelevanceLimits) -> Option<Subject> {
    let wanted: f64 = scores.iter().filter(|&(subject, _)| wants(aim, subject)).map(|(_, share)| share).sum();
    if wanted < limits.product {
        scores.largest(|subject| !wants(aim, subject)).map(|(subject, _)| subject)
    } else {
        None
    }
}

/// Whether a shot is there to show such a thing.
fn wants(aim: Aim, subject: Subject) -> bool {
    match aim {
        Aim::Any | Aim::Overview | Aim::Defect => subject == Subject::Product,
        Aim::Label | Aim::Packaging => matches!(subject, Subject::Product | Subject::Document),
        Aim::Serial => matches!(subject, Subject::Product | Subject::Document | Subject::Screen),
        Aim::Other => true,
    }
}

/// Whether the place that the model names is that of what the shot is there to show. In a shot of print an item is
/// welcome, yet the place to judge is that of the print.
pub(crate) fn locates(sighting: &Sighting, aim: Aim, doubt: Doubt) -> bool {
    let is_print = sighting.relevance.subject != Subject::Product;
    !doubt.is_other && wants(aim, sighting.relevance.subject) && (is_print || !aim.is_print())
}

/// Whether a label shot surely shows an item and nothing to read. The label may be too small to be seen as one, so this is
/// worth a hint and no other photo.
fn lacks_a_label(aim: Aim, scores: Scores, limits: RelevanceLimits) -> bool {
    aim == Aim::Label && scores.of(Subject::Product) >= SURE && scores.of(Subject::Document) < limits.document
}

/// What is asked when a photo shows this instead of the item.
fn question(subject: Subject) -> (Reason, Hint) {
    match subject {
        Subject::Person => (Reason::Person, Hint::WrongSubject),
        Subject::Screen => (Reason::Screen, Hint::Screen),
        Subject::Scene | Subject::Surface => (Reason::Irrelevant, Hint::NoSubject),
        Subject::Product | Subject::Animal | Subject::Document => (Reason::Irrelevant, Hint::WrongSubject),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ActivationMap, Relevance};

    const LIMITS: RelevanceLimits = RelevanceLimits { product: 0.3, document: 0.4 };

    fn sighting(shares: &[(Subject, f64)]) -> Sighting {
        Sighting {
            relevance: Relevance::new(Scores::new(shares.iter().copied())),
            map: ActivationMap::new(1, 1, &[0.0]).unwrap(),
            limits: LIMITS,
        }
    }

    /// What is asked of a picture that is of one thing for four fifths and of a product for the rest.
    fn asked(aim: Aim, subject: Subject) -> Option<(Reason, Hint)> {
        let doubt = judge(&sighting(&[(Subject::Product, 0.2), (subject, 0.8)]), aim, RelevancePolicy::Model);
        assert_eq!(doubt.is_other, doubt.reason.is_some());
        doubt.reason.zip(doubt.hint)
    }

    #[test]
    fn each_role_asks_about_what_it_does_not_want() {
        use {Hint::NoSubject, Hint::WrongSubject, Reason::Irrelevant};
        let person = Some((Reason::Person, WrongSubject));
        let screen = Some((Reason::Screen, Hint::Screen));
        let (nothing, wrong) = (Some((Irrelevant, NoSubject)), Some((Irrelevant, WrongSubject)));
        //                          product person  document screen  scene    animal surface
        let item = [None, person, wrong, screen, nothing, wrong, nothing];
        let print = [None, person, None, screen, nothing, wrong, nothing];
        let serial = [None, person, None, None, nothing, wrong, nothing];
        for (role, expected) in [
            ("overview", item),
            ("defect", item),
            ("label", print),
            ("packaging", print),
            ("serial", serial),
            ("other", [None; 7]),
            ("a role of tomorrow", [None; 7]),
        ] {
            let aim = Aim::for_role(role);
            assert_eq!(Subject::ALL.map(|subject| asked(aim, subject)), expected, "{role}");
        }
        assert_eq!(Subject::ALL.map(|subject| asked(Aim::Any, subject)), item, "no shot is known");
    }

    #[test]
    fn a_product_is_relevant_from_the_limit_on_whatever_is_likelier() {
        let at = |product| {
            judge(
                &sighting(&[(Subject::Product, product), (Subject::Scene, 0.65)]),
                Aim::Overview,
                RelevancePolicy::Model,
            )
        };
        assert_eq!(at(0.3), Doubt::default());
        assert_eq!(at(0.29).reason, Some(Reason::Irrelevant));
    }

    #[test]
    fn of_a_picture_that_is_most_likely_a_product_and_yet_doubtful_the_next_likely_is_asked_about() {
        let doubt = judge(
            &sighting(&[(Subject::Product, 0.28), (Subject::Screen, 0.25), (Subject::Scene, 0.24)]),
            Aim::Defect,
            RelevancePolicy::Model,
        );
        assert_eq!(doubt.reason, Some(Reason::Screen));
    }

    #[test]
    fn half_a_product_and_half_a_document_make_a_label() {
        let torn = sighting(&[(Subject::Product, 0.2), (Subject::Document, 0.2), (Subject::Surface, 0.6)]);
        assert_eq!(judge(&torn, Aim::Label, RelevancePolicy::Model), Doubt::default());
        assert!(judge(&torn, Aim::Overview, RelevancePolicy::Model).is_other);
    }

    #[test]
    fn a_label_shot_that_surely_shows_no_label_gets_a_hint_and_no_reason() {
        let told = |aim, product, document| {
            let doubt = judge(
                &sighting(&[(Subject::Product, product), (Subject::Document, document)]),
                aim,
                RelevancePolicy::Model,
            );
            assert_eq!((doubt.is_other, doubt.reason), (false, None));
            doubt.hint
        };
        assert_eq!(told(Aim::Label, 0.95, 0.02), Some(Hint::WrongSubject));
        assert_eq!(told(Aim::Label, 0.85, 0.02), None, "not sure");
        assert_eq!(told(Aim::Label, 0.55, 0.45), None, "a label is there");
        for aim in [Aim::Serial, Aim::Packaging, Aim::Overview, Aim::Other] {
            assert_eq!(told(aim, 0.95, 0.02), None, "{aim:?}");
        }
    }

    #[test]
    fn a_merchant_may_ask_later_or_never() {
        let screen = sighting(&[(Subject::Product, 0.2), (Subject::Screen, 0.8)]);
        let reason = |policy| judge(&screen, Aim::Overview, policy).reason;
        assert_eq!(reason(RelevancePolicy::Model), Some(Reason::Screen));
        assert_eq!(reason(RelevancePolicy::Below(RelevanceLimits { product: 0.1, ..LIMITS })), None);
        let off = judge(&screen, Aim::Overview, RelevancePolicy::Off);
        assert_eq!((off.is_other, off.reason, off.hint), (true, None, None));
    }

    #[test]
    fn the_place_of_an_item_is_not_that_of_its_label() {
        let located = |aim, subject| {
            let sighting = sighting(&[(Subject::Product, 0.3), (subject, 0.6)]);
            locates(&sighting, aim, judge(&sighting, aim, RelevancePolicy::Model))
        };
        assert!(located(Aim::Overview, Subject::Product) && !located(Aim::Label, Subject::Product));
        assert!(located(Aim::Label, Subject::Document) && located(Aim::Serial, Subject::Screen));
        assert!(
            !located(Aim::Overview, Subject::Screen),
            "a product is likely enough, and the box another's"
        );
        assert!(!located(Aim::Packaging, Subject::Animal) && located(Aim::Packaging, Subject::Product));
    }

    #[test]
    fn limits_that_are_no_numbers_ask_nothing() {
        let limits = RelevanceLimits { product: f64::NAN, document: f64::NAN };
        let broken = Sighting { limits, ..sighting(&[(Subject::Screen, 1.0)]) };
        assert_eq!(judge(&broken, Aim::Label, RelevancePolicy::Model), Doubt::default());
    }
}
