//! Tables about blur.

use super::{area, count, percent, table};
use crate::judge::Judged;
use crate::measure::{Case, auc, balanced_accuracy, best_threshold, share};
use crate::photos::{Half, Kind, Photo};
use crate::synthetic::{Blur, Sample};

/// A number that grows with sharpness.
type Detector = (&'static str, fn(&Judged) -> f64);

const DETECTORS: [Detector; 4] = [
    ("Clearshot", |judged| judged.report.sharpness.score),
    ("variance of Laplacian", |judged| judged.peers.laplacian),
    ("Tenengrad", |judged| judged.peers.tenengrad),
    ("blur effect", |judged| judged.peers.effect),
];

/// One global threshold, as apps use it: areas, and balanced accuracy on scenes that the threshold was not chosen on.
pub(super) fn protocol(samples: &[Sample]) -> String {
    let rows = DETECTORS.map(|(name, score)| {
        let of = |chosen: &dyn Fn(&Sample) -> bool| area(auc(&cases(samples, score, chosen)));
        vec![
            name.into(),
            of(&|_| true),
            of(&Sample::is_low_light),
            of(&Sample::is_noisy),
            of(&|sample| sample.half == Half::Held),
            of(&|sample| sample.half == Half::Held && sample.is_low_light()),
            of(&|sample| sample.half == Half::Held && sample.is_noisy()),
            percent(left_out_accuracy(samples, score)),
        ]
    });
    table(
        "Blur and noise made: area under the ROC curve",
        &[
            "one global threshold on",
            "all",
            "low light",
            "σ 8",
            "held back: all",
            "low light",
            "σ 8",
            "balanced accuracy, a scene left out",
        ],
        rows,
    )
}

fn cases(samples: &[Sample], score: fn(&Judged) -> f64, chosen: &dyn Fn(&Sample) -> bool) -> Vec<Case> {
    let chosen = samples.iter().filter(|sample| chosen(sample));
    chosen
        .filter_map(|sample| Some(Case { score: score(&sample.judged), sharp: sample.blur.truth()? }))
        .collect()
}

/// Every scene is judged with the threshold that is best on all others; mean over the pictures.
fn left_out_accuracy(samples: &[Sample], score: fn(&Judged) -> f64) -> f64 {
    let mut scenes: Vec<&str> = samples.iter().map(|sample| sample.scene.as_str()).collect();
    scenes.sort_unstable();
    scenes.dedup();
    let mut judged = Vec::new();
    for scene in scenes {
        let threshold = best_threshold(&cases(samples, score, &|sample| sample.scene != scene));
        let own = cases(samples, score, &|sample| sample.scene == scene);
        // Against a threshold of 0 all scenes can be counted together.
        judged.extend(own.into_iter().map(|case| Case { score: case.score - threshold, ..case }));
    }
    balanced_accuracy(&judged, 0.0)
}

/// What becomes of made pictures: the verdict, not the score.
pub(super) fn accepted(samples: &[Sample]) -> String {
    let rows = [
        Blur::None,
        Blur::Gauss(0.5),
        Blur::Gauss(1.0),
        Blur::Gauss(1.5),
        Blur::Gauss(2.0),
        Blur::Gauss(3.0),
        Blur::Disc(3.0),
        Blur::Disc(5.0),
        Blur::Motion(9.0),
        Blur::Motion(15.0),
    ]
    .map(|blur| {
        let of = |chosen: &dyn Fn(&Sample) -> bool| {
            let chosen: Vec<_> =
                samples.iter().filter(|sample| sample.blur == blur && chosen(sample)).collect();
            let accepted = share(chosen.iter().map(|sample| sample.judged.is_accepted()));
            let blurred = share(chosen.iter().map(|sample| sample.judged.is_blurred()));
            format!("{} · {}", percent(accepted), percent(blurred))
        };
        let well_lit = |sample: &Sample| !sample.is_low_light() && !sample.is_noisy();
        vec![
            blur.name(),
            of(&well_lit),
            of(&|sample| well_lit(sample) && sample.half == Half::Held),
            of(&Sample::is_noisy),
            of(&Sample::is_low_light),
        ]
    });
    table(
        "Blur and noise made: accepted (good, and sharp or soft) · called blurred",
        &["blur, px at 640", "well lit", "well lit, held back", "σ 8", "low light"],
        rows,
    )
}

/// The same scene sharp, out of focus and moving.
pub(super) fn triplets(real: &[(&Photo, Judged)]) -> String {
    let of = |half: Option<Half>, score: fn(&Judged) -> f64| {
        let cases: Vec<Case> = real
            .iter()
            .filter(|(photo, _)| is_triplet(photo) && half.is_none_or(|half| photo.half() == half))
            .filter_map(|(photo, judged)| Some(Case { score: score(judged), sharp: photo.kind.truth()? }))
            .collect();
        area(auc(&cases))
    };
    let rows = DETECTORS.map(|(name, score)| vec![name.into(), of(None, score), of(Some(Half::Held), score)]);
    let areas = table("Real triplets: area under the ROC curve", &["score", "all", "held back"], rows);
    let rows = [(Kind::Sharp, "sharp"), (Kind::Defocused, "out of focus"), (Kind::Moved, "moved")].map(
        |(kind, name)| {
            let calls = |half: Option<Half>| {
                let chosen: Vec<_> = real
                    .iter()
                    .filter(|(photo, _)| photo.kind == kind && half.is_none_or(|half| photo.half() == half))
                    .collect();
                count(chosen.iter().map(|(_, judged)| judged.is_blurred()))
            };
            vec![name.into(), calls(None), calls(Some(Half::Held))]
        },
    );
    let called = table("Real triplets: called blurred", &["member", "all", "held back"], rows);
    format!("{areas}\n{called}")
}

fn is_triplet(photo: &Photo) -> bool {
    matches!(photo.kind, Kind::Sharp | Kind::Defocused | Kind::Moved)
}
