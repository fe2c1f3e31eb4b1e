//! The facade's records as JSON, in the words of the fixtures: field names as in Rust, enums as their names in snake case.

use std::fmt::Debug;

use clearshot_ffi::{CaptureError, FrameReport, Framing, Region, Relevance, describe_error};
use serde_json::{Value, json};

/// The name of a variant: `TooDark` is `too_dark`.
pub(crate) fn word(variant: impl Debug) -> Value {
    let mut word = String::new();
    for letter in format!("{variant:?}").chars() {
        if letter.is_uppercase() && !word.is_empty() {
            word.push('_');
        }
        word.extend(letter.to_lowercase());
    }
    word.into()
}

pub(crate) fn words(variants: &[impl Debug]) -> Vec<Value> {
    variants.iter().map(word).collect()
}

pub(crate) fn optional_word(variant: Option<impl Debug>) -> Value {
    variant.map_or(Value::Null, word)
}

pub(crate) fn report(report: &FrameReport) -> Value {
    let FrameReport { sharpness, exposure, glare, lens, screen, .. } = report;
    json!({
        "verdict": word(report.verdict),
        "reasons": words(&report.reasons),
        "sharpness": {
            "state": word(sharpness.state), "score": sharpness.score, "cause": optional_word(sharpness.cause),
        },
        "exposure": {
            "state": word(exposure.state), "mean": exposure.mean, "p50": exposure.p50, "p98": exposure.p98,
            "clipped_low": exposure.clipped_low, "clipped_high": exposure.clipped_high,
        },
        "noise_sigma": report.noise_sigma,
        "glare": {"present": glare.present, "area": glare.area},
        "framing": framing(&report.framing),
        "lens": {"blocked": lens.blocked, "covered": lens.covered},
        "screen": {"present": screen.present, "strength": screen.strength},
        "relevance": report.relevance.as_ref().map(relevance),
        "motion_px": report.motion_px,
        "focusing": report.focusing,
        "hints": words(&report.hints),
    })
}

fn framing(framing: &Framing) -> Value {
    let sides = framing.touches;
    json!({
        "subject": framing.subject.map(region),
        "fill": framing.fill,
        "centre_x": framing.centre_x,
        "centre_y": framing.centre_y,
        "source": word(framing.source),
        "offset": framing.offset,
        "touches": {"left": sides.left, "top": sides.top, "right": sides.right, "bottom": sides.bottom},
        "roll_deg": framing.roll_deg,
        "pitch_deg": framing.pitch_deg,
    })
}

fn relevance(relevance: &Relevance) -> Value {
    let shares =
        relevance.shares.iter().map(|share| (word(share.subject).as_str().unwrap().to_owned(), share.share));
    json!({
        "subject": word(relevance.subject),
        "confidence": relevance.confidence,
        "shares": shares.collect::<std::collections::BTreeMap<_, _>>(),
    })
}

fn region(region: Region) -> Value {
    json!({"x": region.x, "y": region.y, "width": region.width, "height": region.height})
}

/// An error by its code's word, its reason and its advice.
pub(crate) fn error(error: &CaptureError) -> Value {
    let CaptureError::Failed { code, reason, advice } = error;
    json!({"code": describe_error(*code).unwrap().code, "reason": reason, "advice": word(advice)})
}
