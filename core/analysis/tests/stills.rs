//! Stills: every flavour of JPEG, every orientation, and what comes out of them.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod pictures;

use clearshot_analysis::{
    DerivativeSpec, Format, PixelFormat, PixelView, Policy, Still, StillError, StillLimits, StillReport,
    StillScratch,
};
use jpeg_encoder::{ColorType, SamplingFactor};
use pictures::Flavour;

const SIZE: (usize, usize) = (320, 240);

fn decode(bytes: &[u8]) -> Still {
    Still::decode(bytes, &StillLimits::default()).unwrap()
}

fn mean_difference(a: &[u8], b: &[u8]) -> f64 {
    assert_eq!(a.len(), b.len());
    let total: u64 = a.iter().zip(b).map(|(&a, &b)| u64::from(a.abs_diff(b))).sum();
    total as f64 / a.len() as f64
}

/// The whole picture as the still has it.
fn seen(still: &Still) -> Vec<u8> {
    still.rgb(still.width(), still.height()).data
}

#[test]
fn every_flavour_of_jpeg_shows_the_same_picture() {
    let original = pictures::rgb(SIZE.0, SIZE.1);
    let samplings = [
        SamplingFactor::R_4_4_4,
        SamplingFactor::R_4_2_2,
        SamplingFactor::R_4_2_0,
        SamplingFactor::R_4_4_0,
        SamplingFactor::R_4_1_1,
    ];
    for sampling in samplings {
        for progressive in [false, true] {
            for restarts in [0, 4] {
                let flavour = Flavour { sampling, progressive, restarts, ..Flavour::default() };
                let file = pictures::jpeg(&original, SIZE, ColorType::Rgb, flavour, None);
                let difference = mean_difference(&seen(&decode(&file)), &original);
                assert!(difference < 8.0, "{sampling:?} {progressive} {restarts}: {difference}");
            }
        }
    }
}

#[test]
fn a_grey_jpeg_stays_grey_to_the_last_derivative() {
    let luma: Vec<u8> = pictures::rgb(SIZE.0, SIZE.1).chunks(3).map(|pixel| pixel[1]).collect();
    let file = pictures::jpeg(&luma, SIZE, ColorType::Luma, Flavour::default(), None);
    let derivative = decode(&file).derivative(&DerivativeSpec::default()).unwrap();
    let again = decode(&derivative.bytes);
    assert!(seen(&again).chunks(3).all(|pixel| pixel[0] == pixel[1] && pixel[1] == pixel[2]));
}

#[test]
fn cmyk_and_ycck_jpegs_show_their_colours() {
    let original = pictures::rgb(SIZE.0, SIZE.1);
    let cmyk: Vec<u8> =
        original.chunks(3).flat_map(|pixel| [255 - pixel[0], 255 - pixel[1], 255 - pixel[2], 0]).collect();
    for colours in [ColorType::Cmyk, ColorType::CmykAsYcck] {
        let file = pictures::jpeg(&cmyk, SIZE, colours, Flavour::default(), None);
        let difference = mean_difference(&seen(&decode(&file)), &original);
        assert!(difference < 6.0, "{colours:?}: {difference}");
    }
}

#[test]
fn a_png_is_known_by_its_content_and_shows_the_same_picture() {
    let still = decode(&pictures::png(SIZE.0, SIZE.1));
    assert_eq!(still.format(), Format::Png);
    assert!(mean_difference(&seen(&still), &pictures::rgb(SIZE.0, SIZE.1)) < 4.0);
}

#[test]
fn all_eight_orientations_give_the_same_upright_pixels() {
    let (width, height) = SIZE;
    let upright = pictures::rgb(width, height);
    let expected = seen(&still_of(&upright, SIZE, 1));
    for orientation in 1..=8 {
        let stored_size = if orientation >= 5 { (height, width) } else { SIZE };
        let mut stored = vec![0; upright.len()];
        for y in 0..stored_size.1 {
            for x in 0..stored_size.0 {
                let (ux, uy) = upright_position(orientation, (x, y), stored_size);
                let (from, to) = (3 * (uy * width + ux), 3 * (y * stored_size.0 + x));
                stored[to..to + 3].copy_from_slice(&upright[from..from + 3]);
            }
        }
        let still = still_of(&stored, stored_size, orientation);
        assert_eq!((still.width() as usize, still.height() as usize), SIZE, "orientation {orientation}");
        assert!(seen(&still) == expected, "orientation {orientation}");
    }
}

fn still_of(data: &[u8], (width, height): (usize, usize), orientation: u8) -> Still {
    let (width, height) = (width as u32, height as u32);
    let view = PixelView { data, width, height, row_stride: 3 * width as usize, format: PixelFormat::Rgb };
    Still::from_pixels(&view, orientation, &StillLimits::default()).unwrap()
}

/// EXIF 2.32, tag 0x0112: where a stored pixel lies in the upright picture.
fn upright_position(orientation: u8, (x, y): (usize, usize), (w, h): (usize, usize)) -> (usize, usize) {
    match orientation {
        2 => (w - 1 - x, y),
        3 => (w - 1 - x, h - 1 - y),
        4 => (x, h - 1 - y),
        5 => (y, x),
        6 => (h - 1 - y, x),
        7 => (h - 1 - y, w - 1 - x),
        8 => (y, w - 1 - x),
        _ => (x, y),
    }
}

#[test]
fn damage_elsewhere_in_the_exif_block_does_not_cost_the_orientation() {
    let original = pictures::rgb(SIZE.0, SIZE.1);
    // The next directory lies beyond the block.
    let mut dangling = pictures::orientation_tiff(6);
    *dangling.last_chunk_mut().unwrap() = 0xFFFF_u32.to_le_bytes();
    // Two entries; the first, a camera's make of 32 characters, lies beyond the block.
    let mut make = b"II*\0\x08\0\0\0\x02\0\x0F\x01\x02\0\x20\0\0\0\xFF\xFF\0\0".to_vec();
    make.extend_from_slice(&pictures::orientation_tiff(6)[10..]);
    for exif in [dangling, make] {
        let file = pictures::jpeg(&original, SIZE, ColorType::Rgb, Flavour::default(), Some(&exif));
        assert_eq!(decode(&file).orientation(), 6, "{exif:?}");
    }
}

#[test]
fn the_orientation_is_read_from_exif_and_a_senseless_one_is_ignored() {
    let original = pictures::rgb(SIZE.0, SIZE.1);
    for (stored, expected) in [(1, 1), (6, 6), (8, 8), (0, 1), (9, 1)] {
        let exif = pictures::orientation_tiff(stored);
        let file = pictures::jpeg(&original, SIZE, ColorType::Rgb, Flavour::default(), Some(&exif));
        let still = decode(&file);
        assert_eq!(still.orientation(), expected);
        assert_eq!(still.width() as usize, if expected >= 5 { SIZE.1 } else { SIZE.0 });
    }
}

#[test]
fn derivative_and_thumbnail_hold_no_metadata_and_no_needless_pixels() {
    let size = (3000, 2000);
    let exif = pictures::orientation_tiff(6);
    let file =
        pictures::jpeg(&pictures::rgb(size.0, size.1), size, ColorType::Rgb, Flavour::default(), Some(&exif));
    let still = decode(&file);
    let derivative = still.derivative(&DerivativeSpec::default()).unwrap();
    assert_eq!((derivative.width, derivative.height), (1707, 2560));
    let thumbnail = still.thumbnail();
    assert_eq!((thumbnail.width, thumbnail.height), (213, 320));
    for jpeg in [&derivative, &thumbnail] {
        let markers = segment_markers(&jpeg.bytes);
        assert!(
            markers.iter().all(|marker| !matches!(marker, 0xE0..=0xEF | 0xFE)),
            "metadata segments: {markers:X?}"
        );
        let again = decode(&jpeg.bytes);
        assert_eq!((again.width(), again.height()), (jpeg.width, jpeg.height));
        assert_eq!(again.orientation(), 1);
        let small = |still: &Still| still.rgb(100, 150).data;
        let difference = mean_difference(&small(&again), &small(&still));
        assert!(difference < 6.0, "{}: {difference}", jpeg.width);
    }
}

/// The markers before the picture data.
fn segment_markers(file: &[u8]) -> Vec<u8> {
    let (mut at, mut markers) = (2, Vec::new());
    loop {
        assert_eq!(file[at], 0xFF);
        markers.push(file[at + 1]);
        if file[at + 1] == 0xDA {
            return markers;
        }
        at += 2 + usize::from(u16::from_be_bytes([file[at + 2], file[at + 3]]));
    }
}

#[test]
fn a_small_photo_is_never_enlarged() {
    let derivative = decode(&pictures::plain_jpeg(200, 101)).derivative(&DerivativeSpec::default()).unwrap();
    assert_eq!((derivative.width, derivative.height), (200, 101));
}

#[test]
fn a_derivative_out_of_range_is_refused_by_name() {
    let still = decode(&pictures::plain_jpeg(64, 64));
    let spec = DerivativeSpec { long_side: 2561, quality: 85 };
    assert!(matches!(still.derivative(&spec), Err(StillError::BadSpec { field: "long_side", .. })));
    let spec = DerivativeSpec { long_side: 320, quality: 0 };
    assert!(matches!(still.derivative(&spec), Err(StillError::BadSpec { field: "quality", .. })));
}

#[test]
fn the_hash_survives_scaling_and_recompression_and_tells_pictures_apart() {
    let still = decode(&pictures::plain_jpeg(900, 700));
    let hash = still.perceptual_hash();
    let small = still.derivative(&DerivativeSpec { long_side: 400, quality: 50 }).unwrap();
    let copy = decode(&small.bytes).perceptual_hash();
    assert!(hash.is_duplicate_of(copy), "{}", hash.distance(copy));
    let turned = pictures::jpeg(
        &pictures::rgb(900, 700),
        (900, 700),
        ColorType::Rgb,
        Flavour::default(),
        Some(&pictures::orientation_tiff(6)),
    );
    assert!(!hash.is_duplicate_of(decode(&turned).perceptual_hash()));
}

#[test]
fn a_scratch_used_before_changes_nothing() {
    let mut scratch = StillScratch::default();
    let large = pictures::plain_jpeg(800, 600);
    let small = pictures::png(120, 90);
    Still::decode_with(&large, &StillLimits::default(), &mut scratch).unwrap();
    let again = Still::decode_with(&small, &StillLimits::default(), &mut scratch).unwrap();
    assert_eq!(seen(&again), seen(&decode(&small)));
}

#[test]
fn black_white_and_flat_photos_are_judged_without_a_nan() {
    for value in [0u8, 90, 255] {
        let still = still_of(&vec![value; 3 * 200 * 150], (200, 150), 1);
        let report = still.report(&Policy::default());
        let text = serde_json::to_string(&report).unwrap();
        assert_eq!(serde_json::from_str::<StillReport>(&text).unwrap(), report);
        assert!(!text.contains("NaN") && !text.contains("inf"));
        assert_eq!(still.thumbnail().width, 200);
        assert_eq!(still.perceptual_hash().0, 0);
    }
}

#[test]
fn a_picture_that_is_flat_mid_grey_to_its_last_row_is_complete() {
    for progressive in [false, true] {
        let mut data = pictures::rgb(SIZE.0, SIZE.1);
        data[3 * 160 * SIZE.0..].fill(128);
        let flavour = Flavour { progressive, ..Flavour::default() };
        decode(&pictures::jpeg(&data, SIZE, ColorType::Rgb, flavour, None));
        data.fill(128);
        decode(&pictures::jpeg(&data, SIZE, ColorType::Rgb, flavour, None));
    }
}

#[test]
fn the_report_keeps_its_shape() {
    let mut report = decode(&pictures::plain_jpeg(640, 480)).report(&Policy::default());
    report.policy_hash = "(policy)".to_owned();
    insta::assert_json_snapshot!(report);
}
