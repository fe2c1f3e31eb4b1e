//! The store's relevance model: what it says of a photo, what is asked because of it, and what is written down.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod support;

use std::sync::Arc;

use clearshot_analysis::{
    ActivationMap, LumaPlane, Policy, Reason, Relevance, RelevanceLimits, Scores, Sighting, SightingError,
    StillLimits, StillScratch, Subject, SubjectModel,
};
use clearshot_capture::{CaptureError, CaptureStore, JudgedPhoto, Keep};
use clearshot_protocol::api::ShotRole;
use support::*;

const SHA256: &str = "5e1f";

/// Takes every picture for the same thing, or for nothing.
struct Always(Option<Subject>);

impl SubjectModel for Always {
    fn look(&self, _: &LumaPlane<'_>) -> Result<Sighting, SightingError> {
        let subject = self.0.ok_or_else(|| SightingError { source: "no answer".into() })?;
        Ok(Sighting {
            relevance: Relevance::new(Scores::new([(subject, 0.9), (Subject::Product, 0.1)])),
            map: ActivationMap::new(1, 1, &[0.0]).unwrap(),
            limits: RelevanceLimits { product: 0.5, document: 0.5 },
        })
    }

    fn sha256(&self) -> &str {
        SHA256
    }

    fn version(&self) -> u32 {
        7
    }
}

fn seeing(phone: &Phone, subject: Option<Subject>) -> CaptureStore {
    phone.store().with_model(Arc::new(Always(subject)))
}

/// A picture that only the model has anything to say against.
fn judged(store: &CaptureStore, role: ShotRole) -> JudgedPhoto {
    let (limits, policy, mut scratch) = (StillLimits::default(), Policy::default(), StillScratch::default());
    store.judge(&picture(1, 480, 360, 240), role, &limits, &policy, &mut scratch).unwrap()
}

#[test]
fn a_photo_of_a_screen_is_asked_about_and_kept_when_the_shopper_insists() {
    let phone = Phone::new();
    let store = seeing(&phone, Some(Subject::Screen));
    let session = session(&store);
    let overview = shot(&session, 0);
    let photo = judged(&store, ShotRole::Overview);
    assert_eq!(photo.report().reasons, [Reason::Screen]);
    for _ in 0..2 {
        let refused = store.keep(&capture(overview, &photo, Keep::AsGood, 1), at(1)).unwrap_err();
        assert!(matches!(refused, CaptureError::AskFirst { .. }), "{refused}");
        store.record_ask(overview, &photo, at(1)).unwrap();
    }
    let saved = store.keep(&capture(overview, &photo, Keep::AsGood, 2), at(2)).unwrap();
    assert_eq!(saved.kept_anyway.unwrap().reasons, ["screen"]);
}

#[test]
fn a_serial_number_may_be_on_a_screen() {
    let phone = Phone::new();
    let photo = judged(&seeing(&phone, Some(Subject::Screen)), ShotRole::Serial);
    assert!(photo.report().reasons.is_empty(), "{:?}", photo.report());
    assert_eq!(photo.report().relevance.unwrap().subject, Subject::Screen);
}

#[test]
fn the_manifest_says_which_model_saw_what() {
    let phone = Phone::new();
    let store = seeing(&phone, Some(Subject::Animal));
    let photo = judged(&store, ShotRole::Overview);
    let saved = store.keep(&capture(shot(&session(&store), 0), &photo, Keep::Override, 1), at(1)).unwrap();
    let analysis = store.manifest(saved.id).unwrap().analysis;
    assert_eq!((analysis.model_hash.as_deref(), analysis.model_version), (Some(SHA256), Some(7)));
    assert_eq!(analysis.report["relevance"]["subject"], "animal");
    assert_eq!(analysis.report["relevance"]["scores"]["product"], 0.1);
}

#[test]
fn without_an_answer_of_a_model_the_photo_is_judged_as_without_one_and_names_none() {
    let phone = Phone::new();
    for store in [phone.store(), seeing(&phone, None)] {
        let photo = judged(&store, ShotRole::Other);
        assert_eq!((photo.model(), photo.report()), (None, good_photo(1).report()));
        let saved = keep(&store, shot(&session(&store), 0), 1);
        let analysis = store.manifest(saved.id).unwrap().analysis;
        assert_eq!((analysis.model_hash, analysis.model_version), (None, None));
    }
}
