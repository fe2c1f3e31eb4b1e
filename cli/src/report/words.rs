//! What was found, in words with numbers.

use clearshot_analysis::{BlurCause, ExposureState, HeatMap, Region, SharpnessState, Sides, StillReport};

/// Findings about the whole photo, each with its name; those that say nothing are left out. `region` is where the
/// shopper tapped.
pub(super) fn findings(report: &StillReport, region: Option<Region>) -> Vec<(&'static str, String)> {
    let place = if region.is_some() { "the region" } else { "the photo" };
    let glare = |area| format!("{} of {place} lies under a reflection", percent(area));
    let mut findings = vec![
        ("Sharpness", sharpness(report)),
        ("Light", light(report)),
        ("Glare", if report.glare.present { glare(report.glare.area) } else { "none".to_owned() }),
        ("Subject", subject(report)),
        ("Noise", format!("σ {:.1} of 255", report.noise.sigma)),
    ];
    if report.lens.covered > 0.0 {
        findings.push(("Lens", format!("{} of the photo seems covered", percent(report.lens.covered))));
    }
    if report.screen.strength > 0.0 {
        let fringes = format!("rainbow fringes on {} of the photo", percent(report.screen.strength));
        findings.push(("Screen", fringes));
    }
    findings
}

/// What the map shows, in one sentence.
pub(super) fn map(map: &HeatMap) -> String {
    let mut details: Vec<f64> = map.cells.iter().filter_map(|cell| cell.detail).collect();
    let cells = map.cells.len().max(1) as f64;
    let share = |count: usize| percent(count as f64 / cells);
    if details.is_empty() {
        return "No edges anywhere.".to_owned();
    }
    let middle = details.len() / 2;
    let median = *details.select_nth_unstable_by(middle, f64::total_cmp).1;
    format!(
        "Edges on {} of the photo; half of them have a detail of {median:.2} or more.",
        share(details.len())
    )
}

fn sharpness(report: &StillReport) -> String {
    let sharpness = &report.sharpness;
    let state = match (sharpness.state, sharpness.cause) {
        (SharpnessState::Sharp, _) => "sharp",
        (SharpnessState::Soft, Some(BlurCause::Motion)) => "soft, by motion",
        (SharpnessState::Soft, Some(BlurCause::Defocus)) => "soft, out of focus",
        (SharpnessState::Soft, None) => "soft",
        (SharpnessState::Blurred, Some(BlurCause::Motion)) => "blurred by motion",
        (SharpnessState::Blurred, Some(BlurCause::Defocus)) => "blurred, out of focus",
        (SharpnessState::Blurred, None) => "blurred",
        (SharpnessState::Unknown, _) => return "unknown: too few edges to tell".to_owned(),
    };
    format!("{state}; score {:.2} of 1", sharpness.score)
}

fn light(report: &StillReport) -> String {
    let exposure = &report.exposure;
    let state = match exposure.state {
        ExposureState::Good => "good",
        ExposureState::TooDark => "too dark",
        ExposureState::TooBright => "too bright",
        ExposureState::Backlit => "from behind",
    };
    format!(
        "{state}; median {:.0} of 255, the brightest 2 % from {:.0}; {} burnt out, {} black",
        exposure.p50,
        exposure.p98,
        percent(exposure.clipped_high),
        percent(exposure.clipped_low),
    )
}

fn subject(report: &StillReport) -> String {
    let framing = &report.framing;
    if framing.subject.is_none() {
        return "nothing stands out".to_owned();
    }
    format!(
        "fills {:.0} % of the photo; its middle is {:.0} % from the left and {:.0} % from the top{}",
        framing.fill * 100.0,
        framing.centre_x * 100.0,
        framing.centre_y * 100.0,
        touches(framing.touches),
    )
}

/// `; reaches the left and lower edge`, or nothing.
fn touches(sides: Sides) -> String {
    let sides = [(sides.left, "left"), (sides.top, "upper"), (sides.right, "right"), (sides.bottom, "lower")];
    let names: Vec<_> = sides.into_iter().filter_map(|(touched, name)| touched.then_some(name)).collect();
    match names.split_last() {
        None => String::new(),
        Some((last, [])) => format!("; reaches the {last} edge"),
        Some((last, rest)) => format!("; reaches the {} and {last} edges", rest.join(", ")),
    }
}

/// `2.3 %`, `none`; what is there and rounds to nothing is said to be less than 0.1 %.
fn percent(share: f64) -> String {
    match share * 100.0 {
        0.0 => "none".to_owned(),
        little if little < 0.05 => "less than 0.1 %".to_owned(),
        percent => format!("{percent:.1} %"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_read_as_a_list() {
        let all = Sides { left: true, top: true, right: true, bottom: true };
        assert_eq!(touches(Sides::default()), "");
        assert_eq!(touches(Sides { top: true, ..Sides::default() }), "; reaches the upper edge");
        assert_eq!(touches(all), "; reaches the left, upper, right and lower edges");
    }

    #[test]
    fn a_little_is_not_told_as_nothing() {
        assert_eq!([0.0, 0.0004, 0.0006, 0.5].map(percent), ["none", "less than 0.1 %", "0.1 %", "50.0 %"]);
    }
}
