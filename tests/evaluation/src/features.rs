//! The measurements behind every score as CSV: what `core/analysis/fit/fit.py` is fitted on.

use std::fmt::Write as _;

use crate::judge::Judged;
use crate::photos::{Half, Photo};
use crate::synthetic::Sample;

const HEADER: &str = "picture,scene,half,kind,blur,gain,noise,processed,quality,sharp,state,score,\
    coverage,ratio,peak_ratio,crisp,contrast,coherence,balance,sigma,laplacian,tenengrad,effect,mean,p50,p98\n";

/// One line per made picture and per photo as it is. `sharp` is 1, 0, or empty where there is no truth.
pub(crate) fn csv(samples: &[Sample], photos: &[(&Photo, Judged)]) -> String {
    let mut text = HEADER.to_owned();
    for sample in samples {
        let start: [&str; 10] = [
            &sample.name,
            &sample.scene,
            half(sample.half),
            sample.kind.name(),
            &sample.blur.name(),
            &sample.capture.gain.to_string(),
            &sample.capture.noise.to_string(),
            ["0", "1"][usize::from(sample.capture.processed)],
            &sample.quality.map_or("0".into(), |quality| quality.to_string()),
            truth(sample.blur.truth()),
        ];
        line(&mut text, &start, &sample.judged);
    }
    for (photo, judged) in photos {
        let start = [
            &photo.name,
            &photo.scene,
            half(photo.half()),
            photo.kind.name(),
            "real",
            "1",
            "0",
            "0",
            "0",
            truth(photo.kind.truth()),
        ];
        line(&mut text, &start, judged);
    }
    text
}

fn line(text: &mut String, start: &[&str], judged: &Judged) {
    let (e, peers) = (&judged.evidence, &judged.peers);
    let sharpness = &judged.report.sharpness;
    let numbers = [
        sharpness.score,
        e.coverage,
        e.ratio,
        e.peak_ratio,
        e.crisp,
        e.contrast,
        e.coherence,
        e.balance,
        e.sigma,
        peers.laplacian,
        peers.tenengrad,
        peers.effect,
        peers.mean,
        judged.report.exposure.p50,
        judged.report.exposure.p98,
    ];
    let numbers: Vec<String> = numbers.iter().map(|number| format!("{number:.6}")).collect();
    // Writing into a string cannot fail.
    let _ = writeln!(text, "{},{:?},{}", start.join(","), sharpness.state, numbers.join(","));
}

fn half(half: Half) -> &'static str {
    match half {
        Half::Fitted => "fitted",
        Half::Held => "held",
    }
}

fn truth(sharp: Option<bool>) -> &'static str {
    match sharp {
        Some(true) => "1",
        Some(false) => "0",
        None => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::photos::Kind;
    use crate::synthetic::{Blur, Capture};

    #[test]
    fn every_line_has_a_number_for_every_column() {
        let pixels: Vec<u8> = (0..64 * 48).map(|index| (index * 37 % 251) as u8).collect();
        let judged = Judged::grey(&pixels, 64, 48, Some(60)).unwrap();
        let photo = Photo { name: "a".into(), scene: "b".into(), kind: Kind::Moved, path: "a.jpg".into() };
        let sample = Sample {
            name: photo.name.clone(),
            scene: photo.scene.clone(),
            half: Half::Held,
            kind: photo.kind,
            blur: Blur::Motion(9.0),
            capture: Capture { gain: 0.5, noise: 2.0, processed: true },
            quality: Some(60),
            judged: judged.clone(),
        };
        let table = csv(&[sample], &[(&photo, judged)]);
        let lines: Vec<Vec<&str>> = table.lines().map(|line| line.split(',').collect()).collect();
        assert_eq!(lines.len(), 3);
        let column = |name: &str| lines[0].iter().position(|column| *column == name).unwrap();
        for (line, [blur, processed]) in lines[1..].iter().zip([["motion 9", "1"], ["real", "0"]]) {
            assert_eq!(line.len(), lines[0].len());
            assert_eq!(
                [line[column("blur")], line[column("processed")], line[column("sharp")]],
                [blur, processed, "0"]
            );
            assert!(line[column("score")..].iter().all(|number| number.parse::<f64>().is_ok()), "{line:?}");
        }
    }
}
