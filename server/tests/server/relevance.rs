//! What a model sees in a photo: kept and shown, never a reason to refuse. The models here are told what to see; the real
//! one is in `bundled_model`.

use std::sync::Arc;

use clearshot_analysis::{
    ActivationMap, LumaPlane, Region, Relevance, RelevanceLimits, Scores, Sighting, SightingError, Subject,
    SubjectModel,
};
use clearshot_protocol::api::{EventKind, EvidenceStatus, EvidenceView, ReturnView};
use clearshot_protocol::manifest::{Override, VerdictCode};
use clearshot_server::ModelSource;
use serde_json::json;

use crate::console::{log_in, page};
use crate::harness::{Events, Sealed, TestServer, manifest, picture, seal};

const SHA256: &str = "5c0ffee5c0ffee5c0ffee5c0ffee5c0ffee5c0ffee5c0ffee5c0ffee5c0ffee5";

/// A model that sees the same in every photo, or fails.
struct Sees(Option<Subject>);

impl SubjectModel for Sees {
    fn look(&self, _: &LumaPlane<'_>) -> Result<Sighting, SightingError> {
        let subject = self.0.ok_or_else(|| SightingError { source: "out of order".into() })?;
        let mut cells = [0.0; 100];
        cells[44] = 0.9;
        let seen = Region { x: 0.25, y: 0.3, width: 0.5, height: 0.4 };
        Ok(Sighting {
            relevance: Relevance::new(Scores::new([(subject, 0.875), (Subject::Scene, 0.125)])),
            map: ActivationMap::new(10, 10, &cells).unwrap().with_subject(Some(seen)),
            limits: RelevanceLimits { product: 0.3, document: 0.3 },
        })
    }

    fn sha256(&self) -> &str {
        SHA256
    }

    fn version(&self) -> u32 {
        4
    }
}

async fn server_that_sees(subject: Option<Subject>) -> TestServer {
    let model = ModelSource::Given(Arc::new(Sees(subject)));
    TestServer::start_with(Arc::new(tempfile::tempdir().unwrap()), |config| config.model = model).await
}

/// A photo of which the phone says what it saw, and with which model.
fn seen_by_phone(server: &TestServer, to: &ReturnView, subject: &str, model: &str) -> Sealed {
    let (photo, thumbnail, width, height) = picture();
    let mut made = manifest(to, &photo, width, height);
    made.analysis.model_hash = Some(model.to_owned());
    made.analysis.model_version = Some(3);
    made.analysis.report["relevance"] =
        json!({ "subject": subject, "confidence": 0.75, "scores": { subject: 0.75, "surface": 0.25 } });
    seal(&server.running.recipient(), &made, &thumbnail, &photo)
}

/// A photo of a phone without a model.
fn seen_by_no_model(server: &TestServer, to: &ReturnView) -> Sealed {
    let (photo, thumbnail, width, height) = picture();
    seal(&server.running.recipient(), &manifest(to, &photo, width, height), &thumbnail, &photo)
}

fn own(evidence: &EvidenceView) -> &clearshot_protocol::manifest::AnalysisRecord {
    evidence.server_analysis.as_ref().unwrap()
}

#[tokio::test]
async fn what_both_sides_saw_is_kept_with_the_models_that_saw_it() {
    let server = server_that_sees(Some(Subject::Product)).await;
    let to = server.open_return().await;
    for (subject, model, agreement, same_model) in [
        ("product", SHA256, true, true),
        ("product", "another", true, false),
        ("screen", SHA256, false, true),
        ("screen", "another", false, false),
    ] {
        let sealed = seen_by_phone(&server, &to, subject, model);
        let evidence = server.upload_and_check(&sealed).await;
        assert_eq!(evidence.status, EvidenceStatus::Accepted);
        let seen = evidence.relevance.as_ref().unwrap();
        assert_eq!(
            (seen.agreement, seen.same_model),
            (Some(agreement), Some(same_model)),
            "{subject} {model}"
        );
        let (device, own) = (seen.device.as_ref().unwrap(), seen.server.as_ref().unwrap());
        assert_eq!((device.subject.as_str(), device.confidence), (subject, 0.75));
        assert_eq!(device.model.as_ref().unwrap().sha256, model);
        assert_eq!(device.model.as_ref().unwrap().version, Some(3));
        assert_eq!((own.subject.as_str(), own.scores["product"]), ("product", 0.875));
        let framing = &evidence.server_analysis.as_ref().unwrap().report["framing"];
        assert_eq!((&framing["source"], &framing["subject"]["width"]), (&json!("map"), &json!(0.5)));
        assert_eq!(own.model.as_ref().unwrap().sha256, SHA256);
        assert_eq!(own.model.as_ref().unwrap().version, Some(4));

        let mut events = Events::open(&server, &server.agent(), 0).await;
        let told = loop {
            let event = events.next().await;
            if event.evidence_id == Some(evidence.id) && event.kind == EventKind::EvidenceAccepted {
                break event.data;
            }
        };
        assert_eq!(told["subject_agreement"], agreement);
    }
}

#[tokio::test]
async fn a_photo_of_something_else_is_accepted_and_says_so() {
    for (subject, reason) in
        [(Subject::Screen, "screen"), (Subject::Person, "person"), (Subject::Surface, "irrelevant")]
    {
        let server = server_that_sees(Some(subject)).await;
        let to = server.open_return().await;
        let evidence = server.upload_and_check(&seen_by_no_model(&server, &to)).await;
        assert_eq!(evidence.status, EvidenceStatus::Accepted, "it asks, it never blocks");
        assert_eq!(own(&evidence).verdict, VerdictCode::Retake);
        assert!(own(&evidence).reasons.contains(&reason.to_owned()), "{:?}", own(&evidence).reasons);
        let seen = evidence.relevance.unwrap();
        assert_eq!((seen.device, seen.agreement, seen.same_model), (None, None, None));
    }
}

#[tokio::test]
async fn an_older_phone_without_a_model_disagrees_with_nothing_that_only_a_model_sees() {
    let server = server_that_sees(Some(Subject::Product)).await;
    let to = server.open_return().await;
    let plain = server.upload_and_check(&seen_by_no_model(&server, &to)).await;
    let server = server_that_sees(Some(Subject::Screen)).await;
    let to = server.open_return().await;
    let screen = server.upload_and_check(&seen_by_no_model(&server, &to)).await;
    assert_ne!(own(&plain).reasons, own(&screen).reasons);
    assert_eq!(plain.agreement, screen.agreement);
}

#[tokio::test]
async fn a_manifest_from_before_models_reads_as_it_did() {
    let server = server_that_sees(Some(Subject::Product)).await;
    let to = server.open_return().await;
    let (photo, _, width, height) = picture();
    let text = serde_json::to_string(&manifest(&to, &photo, width, height)).unwrap();
    assert!(!text.contains("model"), "{text}");
    let evidence = server.upload_and_check(&seen_by_no_model(&server, &to)).await;
    let device = &evidence.capture.as_ref().unwrap().device_analysis;
    assert_eq!((device.model_hash.as_ref(), device.model_version), (None, None));
}

#[tokio::test]
async fn a_model_that_fails_or_none_at_all_costs_the_photo_nothing_but_its_relevance() {
    let off = TestServer::start_with(Arc::new(tempfile::tempdir().unwrap()), |config| {
        config.model = ModelSource::Off;
    });
    for server in [server_that_sees(None).await, off.await] {
        let to = server.open_return().await;
        let evidence = server.upload_and_check(&seen_by_phone(&server, &to, "product", SHA256)).await;
        assert_eq!(evidence.status, EvidenceStatus::Accepted);
        assert_eq!((own(&evidence).model_hash.as_ref(), own(&evidence).model_version), (None, None));
        let seen = evidence.relevance.unwrap();
        assert!(seen.device.is_some() && seen.server.is_none() && seen.agreement.is_none());
    }
}

#[tokio::test]
async fn an_agent_sees_both_sides_and_where_in_words_as_well_as_in_colours() {
    let server = server_that_sees(Some(Subject::Screen)).await;
    let to = server.open_return().await;
    let sealed = seen_by_phone(&server, &to, "document", "0123456789abcdef");
    server.upload_and_check(&sealed).await;
    let cookie = log_in(&server).await;

    let list = page(&server, "/console", &cookie).await;
    assert!(list.contains("1 perhaps not the item"), "{list}");
    assert!(list.contains("1 judged differently by phone and server"));

    let of_return = page(&server, &format!("/console/returns/{}", to.id), &cookie).await;
    for part in
        ["In doubt: photo of a screen", "Phone and server see different things", "aria-label=\"Product\""]
    {
        assert!(of_return.contains(part), "{part}\n{of_return}");
    }

    let full = page(&server, &format!("/console/evidence/{}", sealed.metadata.capture), &cookie).await;
    for part in [
        "In doubt: photo of a screen",
        "<caption>What it shows</caption>",
        "<strong>paper with text, 75\u{a0}%</strong>",
        "<strong>screen, 88\u{a0}%</strong>",
        "version 3 <code>01234567</code>",
        "version 4 <code>5c0ffee5</code>",
        "Phone and server see different things; they ran different models.",
        // The place: a tick without a script, a picture with a name, and the same as a sentence.
        "<input class=\"map-tick\" type=\"checkbox\" id=\"map\">",
        "<label class=\"map-label\" for=\"map\">",
        "<svg class=\"activation\" viewBox=\"0 0 480 360\" role=\"img\" aria-label=\"The server's model marked what lies from \
         25 % to 75 % of the width and from 30 % to 70 % of the height: 20 % of the photo.\"",
        "<p>The server's model marked what lies from",
        "<rect class=\"box\" x=\"120\" y=\"108\" width=\"240\" height=\"144\">",
    ] {
        assert!(full.contains(part), "{part}\n{full}");
    }
    let overlay = full.split("<svg class=\"activation\"").nth(1).unwrap().split("</svg>").next().unwrap();
    assert_eq!(overlay.matches("class=\"cell\"").count(), 1, "only where the model looked: {overlay}");
    assert!(!full.contains("style="), "the page's policy allows no style but the sheet's");
}

#[tokio::test]
async fn a_photo_that_both_see_as_the_item_has_no_badge() {
    let server = server_that_sees(Some(Subject::Product)).await;
    let to = server.open_return().await;
    let sealed = seen_by_phone(&server, &to, "product", SHA256);
    server.upload_and_check(&sealed).await;
    let cookie = log_in(&server).await;
    for path in
        [format!("/console/returns/{}", to.id), format!("/console/evidence/{}", sealed.metadata.capture)]
    {
        let shown = page(&server, &path, &cookie).await;
        assert!(!shown.contains("In doubt") && !shown.contains("different things"), "{shown}");
    }
    assert!(!page(&server, "/console", &cookie).await.contains("perhaps not the item"));
}

#[tokio::test]
async fn an_override_of_what_the_phone_saw_is_shown_beside_its_doubt() {
    let server = server_that_sees(Some(Subject::Product)).await;
    let to = server.open_return().await;
    let (photo, thumbnail, width, height) = picture();
    let mut made = manifest(&to, &photo, width, height);
    made.analysis.verdict = VerdictCode::Retake;
    made.analysis.reasons = vec!["person".to_owned()];
    made.kept_anyway = Some(Override { asks: 2, reasons: vec!["person".to_owned()] });
    let sealed = seal(&server.running.recipient(), &made, &thumbnail, &photo);
    server.upload_and_check(&sealed).await;
    let cookie = log_in(&server).await;
    let full = page(&server, &format!("/console/evidence/{}", sealed.metadata.capture), &cookie).await;
    for part in ["In doubt: shows a person", "Kept anyway", "The phone ran no model."] {
        assert!(full.contains(part), "{part}\n{full}");
    }
}

#[tokio::test]
async fn what_a_phone_calls_a_subject_never_becomes_markup() {
    let server = server_that_sees(Some(Subject::Product)).await;
    let to = server.open_return().await;
    let sealed = seen_by_phone(&server, &to, "<b onclick=x>thing</b>", "<i>hash</i>");
    server.upload_and_check(&sealed).await;
    let cookie = log_in(&server).await;
    let full = page(&server, &format!("/console/evidence/{}", sealed.metadata.capture), &cookie).await;
    assert!(full.contains("&lt;b onclick=x&gt;thing&lt;/b&gt;") && full.contains("&lt;i&gt;hash"), "{full}");
    assert!(!full.contains("<b onclick") && !full.contains("<i>hash"));
}
