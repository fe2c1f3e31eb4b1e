//! What the relevance model saw: the shares of the subjects as bars, and where it saw its subject as a picture.

use clearshot_analysis::{ActivationMap, Relevance, Subject};
use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder as _, ImageError};
use maud::{Markup, html};

/// Shares below are left out: they say nothing.
const LEAST_SHARE: f64 = 0.01;
/// Opacity of a full activation: the photo below stays visible.
const OPACITY: f32 = 190.0;

/// A full activation. One hue that gets denser: a scale without a middle, unlike the map of detail.
pub(super) const SEEN: [u8; 3] = [255, 150, 20];

/// A PNG with a pixel for each cell, transparent where the model sees nothing.
pub(super) fn png(map: &ActivationMap) -> Result<Vec<u8>, ImageError> {
    let [red, green, blue] = SEEN;
    let pixels: Vec<u8> =
        map.cells().iter().flat_map(|cell| [red, green, blue, (cell * OPACITY).round() as u8]).collect();
    let (width, height) = (map.columns() as u32, map.rows() as u32);
    let mut file = Vec::new();
    PngEncoder::new(&mut file).write_image(&pixels, width, height, ExtendedColorType::Rgba8)?;
    Ok(file)
}

/// Of which subject a map is: the likeliest one; of a room or a bare table, of the product that could lie in it.
pub(super) fn mapped(relevance: &Relevance) -> Subject {
    match relevance.subject {
        Subject::Scene | Subject::Surface => Subject::Product,
        thing => thing,
    }
}

/// `product 97 %, surface 2 %`: the likeliest first.
pub(super) fn words(relevance: &Relevance) -> String {
    let shares = told(relevance).into_iter();
    shares
        .map(|(subject, share)| format!("{} {}", subject.code(), percent(share)))
        .collect::<Vec<_>>()
        .join(", ")
}

/// The shares as bars with their numbers.
pub(super) fn bars(relevance: &Relevance) -> Markup {
    html! {
        ul.scores {
            @for (subject, share) in told(relevance) {
                li {
                    span { (subject.code()) }
                    meter aria-hidden="true" value=(format!("{share:.4}")) {}
                    span { (percent(share)) }
                }
            }
        }
    }
}

/// The shares worth telling, the largest at the front.
fn told(relevance: &Relevance) -> Vec<(Subject, f64)> {
    let mut shares: Vec<_> = relevance.scores.iter().filter(|(_, share)| *share >= LEAST_SHARE).collect();
    shares.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    shares
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

#[cfg(test)]
mod tests {
    use clearshot_analysis::Scores;

    use super::*;

    #[test]
    fn shares_are_told_from_the_largest_down_to_one_percent() {
        let scores =
            Scores::new([(Subject::Surface, 0.024), (Subject::Product, 0.968), (Subject::Animal, 0.008)]);
        let relevance = Relevance::new(scores);
        assert_eq!(words(&relevance), "product 97 %, surface 2 %");
        let bars = bars(&relevance).into_string();
        assert_eq!((bars.matches("<li>").count(), bars.contains("value=\"0.9680\"")), (2, true), "{bars}");
    }

    #[test]
    fn the_picture_is_denser_where_the_subject_is() {
        let map = ActivationMap::new(3, 1, &[0.0, 0.5, 1.0]).unwrap();
        let picture = image::load_from_memory(&png(&map).unwrap()).unwrap().to_rgba8();
        assert_eq!(picture.dimensions(), (3, 1));
        let opacities: Vec<u8> = picture.pixels().map(|pixel| pixel.0[3]).collect();
        assert_eq!(opacities, [0, 95, 190]);
    }
}
