//! What the relevance models of phone and server saw in a photo, side by side.
//!
//! Read out of the two [`AnalysisRecord`]s, whose reports are kept whole. A subject is text, as a reason's code is: a
//! phone that knows more subjects than this server is shown as it said it.
//!
//! Not responsible for what follows from a subject (`clearshot-analysis`): here nothing is judged.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::manifest::AnalysisRecord;

/// Most subjects that are taken from a report; ours know 7.
const MAX_SUBJECTS: usize = 32;

/// Most bytes of a subject's name.
const MAX_NAME: usize = 64;

/// What phone and server say that a photo shows. It is advice for the agent: nothing is refused by it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RelevanceView {
    /// What the phone's model saw; absent when none ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<SubjectView>,
    /// What the server's model saw; absent when none ran, and until the re-check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<SubjectView>,
    /// Whether both name the same subject; absent unless both ran a model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreement: Option<bool>,
    /// Whether both ran the very same model, by its hash; absent unless both say which. When they did not, another
    /// answer means no more than that one of the models is newer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub same_model: Option<bool>,
}

/// What one model saw in a photo.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SubjectView {
    /// The most likely subject: `product`, `person`, `document`, `screen`, `scene`, `animal`, `surface`, or one that
    /// only a newer model knows.
    pub subject: String,
    /// How sure the model is of it, 0 to 1.
    pub confidence: f64,
    /// The share of every subject, each 0 to 1; of one model's they add up to 1.
    pub scores: BTreeMap<String, f64>,
    /// The model; absent when the analysis did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelView>,
}

/// Which relevance model ran.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ModelView {
    /// SHA-256 of the model's file, in hexadecimal.
    pub sha256: String,
    /// Its version; absent when the analysis did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
}

impl RelevanceView {
    /// Of the two analyses of a photo; none when neither ran a model.
    pub fn of(device: Option<&AnalysisRecord>, server: Option<&AnalysisRecord>) -> Option<Self> {
        let (device, server) = (device.and_then(SubjectView::of), server.and_then(SubjectView::of));
        let both = device.as_ref().zip(server.as_ref());
        let models = both.and_then(|(device, server)| device.model.as_ref().zip(server.model.as_ref()));
        let agreement = both.map(|(device, server)| device.subject == server.subject);
        let same_model = models.map(|(device, server)| device.sha256 == server.sha256);
        (device.is_some() || server.is_some()).then_some(Self { device, server, agreement, same_model })
    }
}

impl SubjectView {
    /// What an analysis says in `relevance` of its report; none when no model ran, or when that cannot be read.
    pub fn of(analysis: &AnalysisRecord) -> Option<Self> {
        let relevance = analysis.report.get("relevance")?;
        let scores = relevance.get("scores")?.as_object().filter(|scores| scores.len() <= MAX_SUBJECTS)?;
        let scores: BTreeMap<String, f64> = scores
            .iter()
            .map(|(name, value)| Some((subject(name)?, share(value)?)))
            .collect::<Option<_>>()?;
        Some(Self {
            subject: subject(relevance.get("subject")?.as_str()?)?,
            confidence: share(relevance.get("confidence")?)?,
            scores,
            model: analysis
                .model_hash
                .as_ref()
                .map(|sha256| ModelView { sha256: sha256.clone(), version: analysis.model_version }),
        })
    }
}

fn subject(name: &str) -> Option<String> {
    (!name.is_empty() && name.len() <= MAX_NAME).then(|| name.to_owned())
}

fn share(value: &Value) -> Option<f64> {
    value.as_f64().filter(|share| (0.0..=1.0).contains(share))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::manifest::VerdictCode;

    fn record(model_hash: Option<&str>, report: Value) -> AnalysisRecord {
        AnalysisRecord {
            verdict: VerdictCode::Good,
            reasons: Vec::new(),
            policy_version: 1,
            policy_hash: String::new(),
            model_hash: model_hash.map(str::to_owned),
            model_version: model_hash.map(|_| 3),
            report,
        }
    }

    fn saw(model_hash: Option<&str>, subject: &str) -> AnalysisRecord {
        let scores = json!({ subject: 0.75, "scene": 0.25 });
        record(
            model_hash,
            json!({ "relevance": { "subject": subject, "confidence": 0.75, "scores": scores } }),
        )
    }

    fn compared(device: &AnalysisRecord, server: &AnalysisRecord) -> (Option<bool>, Option<bool>) {
        let view = RelevanceView::of(Some(device), Some(server)).unwrap();
        (view.agreement, view.same_model)
    }

    #[test]
    fn who_saw_the_same_agrees_and_the_hash_says_whether_it_was_the_same_model() {
        assert_eq!(
            compared(&saw(Some("a"), "product"), &saw(Some("a"), "product")),
            (Some(true), Some(true))
        );
        assert_eq!(
            compared(&saw(Some("a"), "product"), &saw(Some("b"), "screen")),
            (Some(false), Some(false))
        );
        assert_eq!(compared(&saw(None, "product"), &saw(Some("b"), "product")), (Some(true), None));
    }

    #[test]
    fn without_two_models_there_is_nothing_to_agree_on() {
        let none = record(None, json!({ "relevance": null }));
        assert_eq!(compared(&none, &saw(Some("b"), "product")), (None, None));
        assert_eq!(RelevanceView::of(Some(&none), Some(&none)), None);
        assert_eq!(RelevanceView::of(None, None), None);
        let seen = RelevanceView::of(Some(&none), Some(&saw(Some("b"), "product"))).unwrap();
        assert_eq!(seen.server.unwrap().model, Some(ModelView { sha256: "b".to_owned(), version: Some(3) }));
    }

    #[test]
    fn what_a_phone_says_that_cannot_be_counts_as_not_said() {
        let long = "x".repeat(MAX_NAME + 1);
        let many: BTreeMap<String, f64> = (0..=MAX_SUBJECTS).map(|n| (n.to_string(), 0.0)).collect();
        for relevance in [
            json!("product"),
            json!({ "subject": "product", "confidence": 0.5 }),
            json!({ "subject": "product", "confidence": 1.5, "scores": {} }),
            json!({ "subject": "product", "confidence": 0.5, "scores": { "product": -0.1 } }),
            json!({ "subject": "product", "confidence": 0.5, "scores": { "product": "1" } }),
            json!({ "subject": long, "confidence": 0.5, "scores": {} }),
            json!({ "subject": "", "confidence": 0.5, "scores": {} }),
            json!({ "subject": "product", "confidence": 0.5, "scores": many }),
        ] {
            assert_eq!(
                SubjectView::of(&record(Some("a"), json!({ "relevance": relevance }))),
                None,
                "{relevance}"
            );
        }
    }
}
