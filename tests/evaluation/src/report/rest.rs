//! Tables about everything but blur.

use std::fmt::Write as _;

use clearshot_analysis::Reason;

use super::{count, table};
use crate::copies::{CHANGES, Hashes, PREVIEWS, Pair};
use crate::judge::Judged;
use crate::light::{Exposed, SPOT_AREAS, STOPS, Spot};
use crate::photos::{Half, Kind, Photo};

/// Mean luma below which apps call a picture dark.
const DARK_MEANS: [f64; 2] = [35.0, 50.0];
/// Names of look-alikes that are printed.
const MAX_NAMES: usize = 12;

/// Photos that must not be refused.
pub(super) fn traps(real: &[(&Photo, Judged)]) -> String {
    let row = |name: &str, kinds: &[Kind], half: Option<Half>| {
        let chosen: Vec<&Judged> = real
            .iter()
            .filter(|(photo, _)| kinds.contains(&photo.kind) && half.is_none_or(|half| photo.half() == half))
            .map(|(_, judged)| judged)
            .collect();
        let called = |reasons: &[Reason]| {
            count(
                chosen
                    .iter()
                    .map(|judged| judged.report.reasons.iter().any(|reason| reasons.contains(reason))),
            )
        };
        vec![
            name.into(),
            called(&[Reason::Blurred, Reason::TooDark]),
            called(&[Reason::Blurred]),
            called(&[Reason::TooDark]),
            called(&[Reason::TooBright, Reason::Backlit]),
            called(&[Reason::Glare]),
            count(chosen.iter().map(|judged| !judged.report.reasons.is_empty())),
            count(chosen.iter().map(|judged| judged.peers.mean < DARK_MEANS[0])),
            count(chosen.iter().map(|judged| judged.peers.mean < DARK_MEANS[1])),
        ]
    };
    let traps = [Kind::PlainDark, Kind::DarkSubject];
    table(
        "Photos that must not be refused",
        &[
            "photos",
            "blurred or too dark",
            "blurred",
            "too dark",
            "too bright or backlit",
            "glare",
            "any reason",
            "peer: mean < 35",
            "peer: mean < 50",
        ],
        [
            row("plain dark garments", &traps[..1], None),
            row("… held back", &traps[..1], Some(Half::Held)),
            row("dark subjects", &traps[1..], None),
            row("… held back", &traps[1..], Some(Half::Held)),
            row("both", &traps, None),
            row("sharp products", &[Kind::Product], None),
            row("sharp triplet members", &[Kind::Sharp], None),
            row("the demo's sharp renders", &[Kind::Render], None),
        ],
    )
}

/// More and less light.
pub(super) fn brackets(exposed: &[Exposed]) -> String {
    let rows = STOPS.map(|stops| {
        let chosen: Vec<&Exposed> = exposed.iter().filter(|picture| picture.stops == stops).collect();
        let called = |reason: Reason| count(chosen.iter().map(|picture| picture.reasons.contains(&reason)));
        let held = chosen.iter().filter(|picture| picture.half == Half::Held);
        vec![
            format!("{stops:+} EV"),
            called(Reason::TooDark),
            called(Reason::TooBright),
            count(chosen.iter().map(|picture| !picture.reasons.is_empty())),
            count(held.map(|picture| !picture.reasons.is_empty())),
            count(chosen.iter().map(|picture| picture.mean < DARK_MEANS[0])),
            count(chosen.iter().map(|picture| picture.mean < DARK_MEANS[1])),
        ]
    });
    table(
        "Exposure brackets made in linear light",
        &[
            "exposure",
            "too dark",
            "too bright",
            "any reason of light",
            "… held back",
            "peer: mean < 35",
            "peer: mean < 50",
        ],
        rows,
    )
}

/// Reflections of known area.
pub(super) fn spots(spots: &[Spot], real: &[(&Photo, Judged)]) -> String {
    let rows = SPOT_AREAS.map(|area| {
        let chosen: Vec<&Spot> = spots.iter().filter(|spot| spot.area.total_cmp(&area).is_eq()).collect();
        vec![
            format!("{:.1} %", 100.0 * area),
            count(chosen.iter().map(|spot| spot.seen)),
            count(chosen.iter().map(|spot| spot.seen_in_grey)),
        ]
    });
    let without = real.iter().filter(|(photo, _)| photo.kind.truth() != Some(false));
    let mut text = table(
        "Reflections made, by area of the frame: called glare",
        &["area", "with colours", "luma alone"],
        rows,
    );
    let alarms = count(without.map(|(_, judged)| judged.report.glare.present));
    let _ = writeln!(text, "\nFalse alarms on all photos without one: {alarms}.");
    text
}

/// Whether a photo is found again, and only that photo.
pub(super) fn duplicates(hashes: &[Hashes]) -> String {
    let mut strangers = Vec::new();
    let mut alike = Vec::new();
    let mut relatives = Vec::new();
    for (index, one) in hashes.iter().enumerate() {
        for other in &hashes[index + 1..] {
            let same = one.original.is_duplicate_of(other.original);
            if one.scene == other.scene {
                relatives.push(same);
            } else {
                strangers.push(same);
                if same {
                    alike.push(format!("{} and {}", one.name, other.name));
                }
            }
        }
    }
    let copies = CHANGES.iter().enumerate().map(|(index, change)| {
        let found = hashes.iter().map(|hashes| hashes.original.is_duplicate_of(hashes.copies[index]));
        vec![format!("copy: {change}"), count(found)]
    });
    let rows = [
        vec!["two photos of different scenes".into(), count(strangers)],
        vec!["two photos of one scene (triplets, series)".into(), count(relatives)],
    ];
    let mut text = table(
        "Called a duplicate (6 bits or fewer differ)",
        &["pair", "called"],
        rows.into_iter().chain(copies),
    );
    if !alike.is_empty() {
        alike.truncate(MAX_NAMES);
        let _ = writeln!(text, "\nDifferent scenes called alike: {}.", alike.join("; "));
    }
    text
}

/// The same photo as still and as preview frame.
pub(super) fn agreement(pairs: &[Pair]) -> String {
    let rows = PREVIEWS.map(|preview| {
        let chosen: Vec<&Pair> = pairs.iter().filter(|pair| pair.preview == preview).collect();
        let how = if preview.bilinear { "nearest four pixels" } else { "area average" };
        vec![
            format!("{} px, {how}", preview.long_side),
            count(chosen.iter().map(|pair| pair.still.0 == pair.frame.0)),
            count(chosen.iter().map(|pair| pair.still.1 == pair.frame.1)),
        ]
    });
    table(
        "Still against preview frame of the same photo",
        &["frame", "same verdict", "same state of sharpness"],
        rows,
    )
}
