//! The bundled model and the preparation of pictures against the training side: `models/fixtures` holds small pictures,
//! what training makes of them, and what onnxruntime answers.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![cfg(feature = "tract")]

use std::path::PathBuf;
use std::sync::Arc;

use clearshot_analysis::{PixelFormat, PixelView, Region, SamplePlane, Still, StillLimits};
use clearshot_relevance::{CLASSES, Input, MAP_SIDE, Model, ModelStore, SIDE};
use serde::Deserialize;

/// Largest difference of a number of the input, 0 to 1.
const INPUT_WITHIN: f32 = 1e-3;
/// Largest difference of a logit or a cell of a map.
const OUTPUT_WITHIN: f32 = 1e-4;

#[derive(Deserialize)]
struct Fixtures {
    model_sha256: String,
    pictures: Vec<Picture>,
}

#[derive(Deserialize)]
struct Picture {
    file: String,
    width: usize,
    height: usize,
    /// Channel, row, column and value of some numbers of the input.
    input: Vec<(usize, usize, usize, f32)>,
    logits: Vec<f32>,
    map: Vec<f32>,
    /// Left, top, right and bottom in fractions of the picture; none of a scene or a surface.
    r#box: Option<[f64; 4]>,
}

impl Picture {
    fn pixels(&self) -> Vec<u8> {
        let picture = image::open(folder().join(&self.file)).unwrap().to_rgb8();
        assert_eq!((picture.width() as usize, picture.height() as usize), (self.width, self.height));
        picture.into_raw()
    }

    fn input(&self) -> Input {
        let pixels = self.pixels();
        let row = 3 * self.width;
        Input::of_rgb(
            &[0, 1, 2].map(|channel| {
                SamplePlane::new(&pixels[channel..], self.width, self.height, row, 3).unwrap()
            }),
        )
    }
}

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/fixtures"))
}

fn fixtures() -> Fixtures {
    let fixtures: Fixtures =
        serde_json::from_str(&std::fs::read_to_string(folder().join("fixtures.json")).unwrap()).unwrap();
    assert!(fixtures.pictures.len() >= 5, "the fixtures are there");
    fixtures
}

fn bundled() -> Arc<Model> {
    ModelStore::bundled().into_model().unwrap()
}

#[test]
fn the_fixtures_are_those_of_the_bundled_model() {
    assert_eq!(bundled().card().sha256, fixtures().model_sha256);
}

#[test]
fn a_picture_is_prepared_as_in_training() {
    for picture in fixtures().pictures {
        let input = picture.input();
        assert!(picture.input.len() >= 20, "{}", picture.file);
        for &(channel, y, x, expected) in &picture.input {
            let value = input.values()[(channel * SIDE + y) * SIDE + x];
            assert!((value - expected).abs() <= INPUT_WITHIN, "{} {channel} {y} {x}: {value}", picture.file);
        }
    }
}

#[test]
fn the_network_answers_as_in_onnxruntime() {
    let model = bundled();
    for picture in fixtures().pictures {
        let output = model.run(&picture.input()).unwrap();
        assert_eq!((picture.logits.len(), picture.map.len()), (CLASSES, CLASSES * MAP_SIDE * MAP_SIDE));
        let numbers = output.logits().iter().chain(output.maps().as_flattened());
        for (value, expected) in numbers.zip(picture.logits.iter().chain(&picture.map)) {
            assert!((value - expected).abs() <= OUTPUT_WITHIN, "{}: {value} {expected}", picture.file);
        }
    }
}

#[test]
fn the_box_is_the_one_that_the_model_card_judges() {
    let model = bundled();
    for picture in fixtures().pictures {
        let found = model.sight(&picture.input()).unwrap().map.subject();
        let found = found.map(|Region { x, y, width, height }| [x, y, x + width, y + height]);
        assert_eq!(found.is_some(), picture.r#box.is_some(), "{}", picture.file);
        for (value, expected) in found.iter().flatten().zip(picture.r#box.iter().flatten()) {
            assert!((value - expected).abs() < 1e-6, "{}: {found:?} {:?}", picture.file, picture.r#box);
        }
    }
}

#[test]
fn a_photo_gets_nearly_the_answer_that_its_pixels_get() {
    // A photo's colours have half its resolution, and its samples are whole numbers.
    let (model, limits) = (bundled(), StillLimits { min_side: 1, ..StillLimits::default() });
    for picture in fixtures().pictures {
        let pixels = picture.pixels();
        let view = PixelView {
            data: &pixels,
            width: picture.width as u32,
            height: picture.height as u32,
            row_stride: 3 * picture.width,
            format: PixelFormat::Rgb,
        };
        let still = Still::from_pixels(&view, 1, &limits).unwrap();
        let photo = model.sight(&Input::of_frame(&still.plane())).unwrap().relevance;
        let exact = model.sight(&picture.input()).unwrap().relevance;
        for ((subject, share), (_, expected)) in photo.scores.iter().zip(exact.scores.iter()) {
            assert!((share - expected).abs() < 0.1, "{} {subject:?}: {share} {expected}", picture.file);
        }
    }
}
