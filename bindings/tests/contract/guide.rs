//! `guide.json`: sequences of frames at their times, and what the shopper is shown of them.

use clearshot_ffi::{FrameAnalyzer, FrameContext, Guidance};
use serde_json::{Value, json};

use crate::files::Fixture;
use crate::frames::{analyze, context, role};
use crate::json::{optional_word, word};

/// The fixture with every change of the guidance in each sequence.
pub(crate) fn played(fixture: &Fixture) -> Value {
    let frames = Fixture::read("frames.json");
    let sequences = fixture.cases("sequences").iter().map(|sequence| {
        let mut sequence = sequence.clone();
        sequence["expect"] = changes(&sequence, frames.cases("frames")).into();
        sequence
    });
    fixture.with_cases("sequences", sequences.collect())
}

/// Plays a sequence; what is shown at the first frame, and at every one at which something else is shown than before.
fn changes(sequence: &Value, frames: &[Value]) -> Vec<Value> {
    let config = (!sequence["config"].is_null()).then(|| sequence["config"].to_string());
    let analyzer = FrameAnalyzer::new(config, None).unwrap();
    let every_ms = sequence["every_ms"].as_u64().unwrap();
    let (mut at_ms, mut changes, mut shown) = (1_000_000, Vec::new(), None);
    for part in sequence["parts"].as_array().unwrap() {
        if let Some(role) = role(&part["begin_shot"]) {
            let asks = part["asks"].as_u64().unwrap() as u32;
            analyzer.begin_shot(role, asks, at_ms * 1_000_000).unwrap();
        }
        let frame = frames.iter().find(|frame| frame["name"] == part["frame"]).unwrap();
        for _ in 0..part["frames"].as_u64().unwrap() {
            let context = FrameContext {
                taken_ns: at_ms * 1_000_000,
                torch: part["torch"].as_bool(),
                ..context(&frame["context"])
            };
            let guidance = analyze(&analyzer, frame, context).guidance;
            let now = offers(&guidance);
            if shown.as_ref() != Some(&now) {
                let mut change = now.clone();
                change["at_ms"] = at_ms.into();
                change["since_ms"] = (guidance.since_ns / 1_000_000).into();
                change["progress"] = guidance.progress.into();
                changes.push(change);
                shown = Some(now);
            }
            at_ms += every_ms;
        }
    }
    changes
}

/// What counts as another thing to show.
fn offers(guidance: &Guidance) -> Value {
    json!({
        "hint": optional_word(guidance.hint),
        "torch": word(guidance.torch),
        "auto_capture": guidance.auto_capture,
        "show_example": guidance.show_example,
        "offer_override": guidance.offer_override,
    })
}
