//! Of what a picture is, as the relevance model says it: a share for each subject that it tells apart.
//!
//! Not responsible for what follows from it ([`crate::relevance`](self) judges), nor for where the subject lies.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::report::rounded;

/// What a photo can be of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// An item that somebody bought.
    Product,
    /// A person or a part of one.
    Person,
    /// A label, receipt or other paper with text.
    Document,
    /// A display that shows something.
    Screen,
    /// A room or landscape.
    Scene,
    /// An animal.
    Animal,
    /// A bare table, floor or wall.
    Surface,
}

impl Subject {
    /// Every subject, in the order of declaration.
    pub const ALL: [Self; 7] =
        [Self::Product, Self::Person, Self::Document, Self::Screen, Self::Scene, Self::Animal, Self::Surface];

    /// The stable code on the wire.
    pub fn code(self) -> &'static str {
        match self {
            Self::Product => "product",
            Self::Person => "person",
            Self::Document => "document",
            Self::Screen => "screen",
            Self::Scene => "scene",
            Self::Animal => "animal",
            Self::Surface => "surface",
        }
    }
}

/// A share for every subject, 0 to 1. Lives on the stack; in JSON it is an object by the subjects' codes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "BTreeMap<Subject, f64>", into = "BTreeMap<Subject, f64>")]
pub struct Scores([f64; Subject::ALL.len()]);

impl Scores {
    /// From the shares of some subjects; the others have none. Shares are cut to 0 to 1, and what is no number counts as
    /// 0.
    pub fn new(shares: impl IntoIterator<Item = (Subject, f64)>) -> Self {
        let mut scores = Self::default();
        for (subject, share) in shares {
            scores.0[subject as usize] = if share.is_nan() { 0.0 } else { share.clamp(0.0, 1.0) };
        }
        scores
    }

    /// The share of a subject.
    pub fn of(self, subject: Subject) -> f64 {
        self.0[subject as usize]
    }

    /// Every subject with its share, in the order of declaration.
    pub fn iter(self) -> impl Iterator<Item = (Subject, f64)> {
        Subject::ALL.into_iter().zip(self.0)
    }

    /// The subject with the largest share among those that `counts` lets through; the first of equals.
    pub(crate) fn largest(self, counts: impl Fn(Subject) -> bool) -> Option<(Subject, f64)> {
        let counting = self.iter().filter(|&(subject, _)| counts(subject));
        counting.reduce(|best, next| if next.1 > best.1 { next } else { best })
    }
}

impl From<BTreeMap<Subject, f64>> for Scores {
    fn from(shares: BTreeMap<Subject, f64>) -> Self {
        Self::new(shares)
    }
}

impl From<Scores> for BTreeMap<Subject, f64> {
    fn from(scores: Scores) -> Self {
        scores.iter().collect()
    }
}

/// What the relevance model saw.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Relevance {
    /// The most likely subject.
    pub subject: Subject,
    /// How sure the model is of it, 0 to 1.
    pub confidence: f64,
    /// The share of every subject that the model knows; they add up to 1.
    pub scores: Scores,
}

impl Relevance {
    /// What these shares say: the largest one is the subject.
    pub fn new(scores: Scores) -> Self {
        let (subject, confidence) = scores.largest(|_| true).unwrap_or((Subject::Product, 0.0));
        Self { subject, confidence, scores }
    }

    /// As it stands in a report: to four decimals.
    pub(crate) fn rounded(self) -> Self {
        let scores = Scores::new(self.scores.iter().map(|(subject, share)| (subject, rounded(share))));
        Self { confidence: rounded(self.confidence), scores, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_subject_has_the_code_that_serde_writes_and_its_place_in_the_list() {
        for (at, subject) in Subject::ALL.into_iter().enumerate() {
            assert_eq!(serde_json::to_string(&subject).unwrap(), format!("{:?}", subject.code()));
            assert_eq!(subject as usize, at);
        }
    }

    #[test]
    fn the_json_is_an_object_of_shares_and_a_missing_one_is_nothing() {
        let relevance = Relevance::new(Scores::new([(Subject::Screen, 0.75), (Subject::Product, 0.25)]));
        let json = serde_json::to_string(&relevance).unwrap();
        assert_eq!(
            json,
            r#"{"subject":"screen","confidence":0.75,"scores":{"product":0.25,"person":0.0,"document":0.0,"screen":0.75,"scene":0.0,"animal":0.0,"surface":0.0}}"#
        );
        assert_eq!(serde_json::from_str::<Relevance>(&json).unwrap(), relevance);
        let partial = r#"{"subject":"screen","confidence":0.75,"scores":{"screen":0.75,"product":0.25}}"#;
        assert_eq!(serde_json::from_str::<Relevance>(partial).unwrap(), relevance);
    }

    #[test]
    fn what_is_no_share_becomes_one() {
        let scores =
            Scores::new([(Subject::Product, f64::NAN), (Subject::Scene, 7.0), (Subject::Animal, -1.0)]);
        assert_eq!(Subject::ALL.map(|subject| (scores.of(subject) * 10.0) as u8), [0, 0, 0, 0, 10, 0, 0]);
        let none = Relevance::new(Scores::default());
        assert_eq!((none.subject, none.confidence.to_bits()), (Subject::Product, 0));
    }

    #[test]
    fn a_report_has_four_decimals() {
        let third = Relevance::new(Scores::new(Subject::ALL.map(|subject| (subject, 1.0 / 7.0)))).rounded();
        let json = serde_json::to_value(third).unwrap();
        assert_eq!((&json["confidence"], &json["scores"]["surface"]), (&0.1429.into(), &0.1429.into()));
    }
}
