//! The verdicts on real photos: sharp products, blur triplets, and dark garments that must not be refused.
//!
//! The photos lie beside the repository; without them these tests are skipped, on CI they fail.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::path::{Path, PathBuf};

use clearshot_analysis::{
    ExposureState, PixelFormat, PixelView, Policy, SharpnessState, Still, StillLimits, StillReport, Verdict,
};

/// The JPEGs in a folder of the shared photos, sorted; none when it is absent.
fn photos(folder: &str) -> Option<Vec<PathBuf>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/photos").join(folder);
    let Ok(entries) = std::fs::read_dir(&folder) else {
        assert!(std::env::var_os("CI").is_none(), "the shared photos are missing: {}", folder.display());
        println!("skipped: {} is absent", folder.display());
        return None;
    };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "jpg"));
    files.sort();
    assert!(!files.is_empty());
    Some(files)
}

fn decode(file: &Path) -> Still {
    Still::decode(&std::fs::read(file).unwrap(), &StillLimits::default()).unwrap()
}

fn report(file: &Path) -> StillReport {
    decode(file).report(&Policy::default())
}

#[test]
fn every_sharp_product_is_good() {
    for file in photos("products").unwrap_or_default() {
        let report = report(&file);
        assert_eq!(report.verdict, Verdict::Good, "{}: {report:?}", file.display());
    }
}

#[test]
fn the_sharp_photo_of_each_triplet_scores_above_its_blurred_siblings() {
    let (mut refused, mut blurred) = (0, 0);
    for folder in ["blur", "blur-small"] {
        for sharp in photos(folder).unwrap_or_default() {
            let name = sharp.file_name().unwrap().to_str().unwrap();
            let Some(stem) = name.strip_suffix("_S.jpg") else { continue };
            let best = report(&sharp).sharpness;
            assert_eq!(best.state, SharpnessState::Sharp, "{name}");
            for sibling in ["F", "M"] {
                let other = report(&sharp.with_file_name(format!("{stem}_{sibling}.jpg"))).sharpness;
                assert!(other.score < best.score, "{stem}_{sibling}: {} ≥ {}", other.score, best.score);
                blurred += 1;
                refused += u32::from(other.state == SharpnessState::Blurred);
            }
        }
    }
    assert!(5 * refused >= 3 * blurred, "only {refused} of {blurred} blurred photos are called blurred");
}

#[test]
fn dark_garments_and_subjects_are_rarely_called_blurred_or_too_dark() {
    for folder in ["trap-plain-dark", "trap-dark-subject"] {
        let files = photos(folder).unwrap_or_default();
        let refused: Vec<_> = files
            .iter()
            .filter(|file| {
                let report = report(file);
                report.sharpness.state == SharpnessState::Blurred
                    || report.exposure.state == ExposureState::TooDark
            })
            .collect();
        println!("{folder}: {} of {} refused", refused.len(), files.len());
        assert!(refused.len() * 20 <= files.len(), "{refused:?}");
    }
}

#[test]
fn bright_cloth_and_walls_are_rarely_called_glare() {
    for (folder, allowed) in [("products", 0), ("trap-plain-dark", 2), ("trap-dark-subject", 1)] {
        let mut files = photos(folder).unwrap_or_default();
        files.retain(|file| report(file).glare.present);
        println!("{folder}: {} with glare", files.len());
        assert!(files.len() <= allowed, "{files:?}");
    }
}

#[test]
fn products_are_blurred_by_two_pixels_of_gaussian_and_too_dark_at_three_stops_less() {
    for file in photos("products").unwrap_or_default() {
        let still = decode(&file);
        let (width, height) = if still.width() > still.height() { (640, 480) } else { (480, 640) };
        let picture = still.rgb(width, height);
        let judge = |data: &[u8]| {
            let view = PixelView {
                data,
                width: picture.width,
                height: picture.height,
                row_stride: 3 * picture.width as usize,
                format: PixelFormat::Rgb,
            };
            Still::from_pixels(&view, 1, &StillLimits::default()).unwrap().report(&Policy::default())
        };
        let blurred = judge(&gaussian(&picture.data, picture.width as usize, 2.0));
        assert_eq!(blurred.sharpness.state, SharpnessState::Blurred, "{}: {blurred:?}", file.display());
        let dark: Vec<u8> = picture.data.iter().map(|&value| underexposed(value, 3)).collect();
        assert_eq!(judge(&dark).exposure.state, ExposureState::TooDark, "{}", file.display());
        assert_ne!(judge(&picture.data).exposure.state, ExposureState::TooDark, "{}", file.display());
    }
}

/// A separable Gaussian over interleaved RGB, edges repeated.
fn gaussian(data: &[u8], width: usize, sigma: f64) -> Vec<u8> {
    let reach = (3.0 * sigma).ceil() as isize;
    let weights: Vec<f64> =
        (-reach..=reach).map(|at| (-(at * at) as f64 / (2.0 * sigma * sigma)).exp()).collect();
    let total: f64 = weights.iter().sum();
    let height = data.len() / 3 / width;
    let pass = |source: &[f64], across: bool| -> Vec<f64> {
        let mut out = vec![0.0; source.len()];
        for (index, value) in out.iter_mut().enumerate() {
            let (channel, x, y) = (index % 3, index / 3 % width, index / 3 / width);
            for (offset, weight) in (-reach..).zip(&weights) {
                let near = |at: usize, len: usize| at.saturating_add_signed(offset).min(len - 1);
                let (x, y) = if across { (near(x, width), y) } else { (x, near(y, height)) };
                *value += weight / total * source[3 * (y * width + x) + channel];
            }
        }
        out
    };
    let source: Vec<f64> = data.iter().map(|&value| f64::from(value)).collect();
    pass(&pass(&source, true), false).iter().map(|&value| value.round() as u8).collect()
}

/// The sRGB value of so many stops less light.
fn underexposed(value: u8, stops: i32) -> u8 {
    let encoded = f64::from(value) / 255.0;
    let linear = if encoded <= 0.04045 { encoded / 12.92 } else { ((encoded + 0.055) / 1.055).powf(2.4) };
    let less = linear / 2f64.powi(stops);
    let encoded = if less <= 0.003_130_8 { less * 12.92 } else { 1.055 * less.powf(1.0 / 2.4) - 0.055 };
    (255.0 * encoded).round() as u8
}
