//! Hostile input: every answer is a typed error, never a panic, a half picture or a gigabyte.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod pictures;

use clearshot_analysis::{PixelFormat, PixelView, Still, StillError, StillLimits};
use jpeg_encoder::{ColorType, SamplingFactor};
use pictures::Flavour;
use proptest::prelude::*;

fn code(bytes: &[u8]) -> &'static str {
    match Still::decode(bytes, &StillLimits::default()) {
        Ok(_) => "ok",
        Err(error) => error.code(),
    }
}

#[test]
fn nothing_is_empty_and_a_text_is_no_photo() {
    assert_eq!(code(b""), "empty");
    assert_eq!(code(b"photo.jpg"), "unsupported_format");
    assert_eq!(code(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"), "unsupported_format");
    assert_eq!(code(b"GIF89a\x01\0\x01\0"), "unsupported_format");
}

#[test]
fn a_photo_cut_short_anywhere_is_an_error() {
    let original = pictures::rgb(320, 240);
    let flavour = |progressive, restarts| Flavour { progressive, restarts, ..Flavour::default() };
    let jpeg = |flavour| pictures::jpeg(&original, (320, 240), ColorType::Rgb, flavour, None);
    let files =
        [jpeg(flavour(false, 0)), jpeg(flavour(true, 0)), jpeg(flavour(false, 4)), pictures::png(320, 240)];
    for file in &files {
        assert_eq!(code(file), "ok");
        for tenth in 1..10 {
            let cut = &file[..file.len() * tenth / 10];
            assert!(matches!(code(cut), "truncated" | "corrupt"), "{tenth}0 %: {}", code(cut));
        }
        assert!(matches!(code(&file[..file.len() - 2]), "truncated" | "corrupt" | "ok"));
    }
    assert_eq!(code(&files[0][..files[0].len() - 2]), "truncated");
}

#[test]
fn a_small_photo_cut_after_any_byte_is_an_error() {
    let original = pictures::rgb(40, 24);
    let jpeg = |progressive, restarts, sampling| {
        let flavour = Flavour { sampling, progressive, restarts, ..Flavour::default() };
        pictures::jpeg(&original, (40, 24), ColorType::Rgb, flavour, Some(&pictures::orientation_tiff(6)))
    };
    for file in [
        jpeg(false, 0, SamplingFactor::R_4_2_0),
        jpeg(false, 2, SamplingFactor::R_4_4_4),
        jpeg(false, 0, SamplingFactor::R_4_1_0),
        jpeg(true, 0, SamplingFactor::R_4_2_0),
    ] {
        assert_eq!(code(&file), "ok");
        for length in 0..file.len() {
            let found = code(&file[..length]);
            assert!(matches!(found, "empty" | "unsupported_format" | "truncated"), "{length}: {found}");
        }
    }
}

#[test]
fn a_photo_too_small_to_show_anything_is_refused() {
    for (width, height) in [(1, 1), (1, 64), (64, 1), (15, 15), (16, 15)] {
        assert_eq!(code(&pictures::plain_jpeg(width, height)), "too_small", "{width}×{height}");
        assert_eq!(code(&pictures::png(width, height)), "too_small", "{width}×{height}");
    }
    for (width, height) in [(16, 16), (17, 16), (31, 33)] {
        assert_eq!(code(&pictures::plain_jpeg(width, height)), "ok", "{width}×{height}");
    }
}

#[test]
fn a_hole_in_the_picture_data_is_not_a_grey_picture() {
    let file = pictures::plain_jpeg(640, 480);
    let mut holed = file[..file.len() / 2].to_vec();
    holed.extend([0xFF, 0xD9]);
    assert!(matches!(code(&holed), "truncated" | "corrupt"), "{}", code(&holed));
}

#[test]
fn a_flood_of_restarts_is_refused() {
    let file = pictures::plain_jpeg(640, 480);
    let mut flooded = file[..file.len() / 2].to_vec();
    flooded.extend([0xFF, 0xD0].repeat(2 << 20));
    flooded.extend([0xFF, 0xD9]);
    assert_eq!(code(&flooded), "corrupt");
}

#[test]
fn what_a_phone_appends_after_the_picture_does_not_matter() {
    let mut file = pictures::plain_jpeg(64, 64);
    file.extend(b"a film of two seconds");
    assert_eq!(code(&file), "ok");
}

/// The same JPEG with another size in its frame header.
fn with_size(mut file: Vec<u8>, width: u16, height: u16) -> Vec<u8> {
    let at = file.windows(2).position(|pair| pair[0] == 0xFF && matches!(pair[1], 0xC0 | 0xC2)).unwrap();
    file[at + 5..at + 7].copy_from_slice(&height.to_be_bytes());
    file[at + 7..at + 9].copy_from_slice(&width.to_be_bytes());
    file
}

#[test]
fn a_bomb_is_refused_by_its_header() {
    let file = pictures::plain_jpeg(64, 64);
    assert_eq!(code(&with_size(file.clone(), 65_535, 65_535)), "too_many_pixels");
    assert_eq!(code(&with_size(file.clone(), 1, 65_535)), "too_small");
    assert_eq!(code(&with_size(file.clone(), 65_535, 1)), "too_small");
    assert_eq!(code(&with_size(file.clone(), 0, 64)), "too_small");
    assert!(matches!(code(&with_size(file, 6_000, 8_000)), "truncated" | "corrupt"));
}

#[test]
fn a_png_bomb_is_refused_by_its_header() {
    let with_size = |width: u32, height: u32| {
        let mut file = pictures::png(64, 64);
        file[16..20].copy_from_slice(&width.to_be_bytes());
        file[20..24].copy_from_slice(&height.to_be_bytes());
        let checksum = crc32(&file[12..29]);
        file[29..33].copy_from_slice(&checksum.to_be_bytes());
        file
    };
    assert_eq!(code(&with_size(65_535, 65_535)), "too_many_pixels");
    assert_eq!(code(&with_size(100, 70_000)), "too_long");
    assert_eq!(code(&with_size(1, 65_535)), "too_small");
    assert!(matches!(code(&with_size(6_000, 8_000)), "truncated" | "corrupt"));
}

/// CRC-32 as PNG uses it.
fn crc32(data: &[u8]) -> u32 {
    !data.iter().fold(!0u32, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg()))
    })
}

#[test]
fn input_above_the_limit_is_not_even_looked_at() {
    let limits = StillLimits { max_bytes: 10, ..StillLimits::default() };
    let error = Still::decode(&pictures::plain_jpeg(64, 64), &limits).unwrap_err();
    assert!(matches!(error, StillError::TooLarge { limit: 10, .. }));
    assert!(error.to_string().starts_with("accept"));
    assert!(error.advice().ends_with('.'));
}

#[test]
fn kinds_of_jpeg_that_no_camera_writes_are_named_as_unsupported() {
    let file = pictures::plain_jpeg(64, 64);
    let at = file.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
    let mut arithmetic = file.clone();
    arithmetic[at + 1] = 0xC9;
    assert_eq!(code(&arithmetic), "unsupported_format");
    let mut deep = file.clone();
    deep[at + 4] = 12;
    assert_eq!(code(&deep), "unsupported_format");
    for lossless_or_hierarchical in [0xC3, 0xC5, 0xC6, 0xC7, 0xCB, 0xCD, 0xCE, 0xCF] {
        let mut other = file.clone();
        other[at + 1] = lossless_or_hierarchical;
        assert_eq!(code(&other), "unsupported_format", "{lossless_or_hierarchical:X}");
    }
    let mut two_planes = file;
    two_planes[at + 9] = 2;
    assert_eq!(code(&two_planes), "unsupported_format");
}

#[test]
fn pixels_that_do_not_fill_their_picture_are_refused() {
    let data = vec![0; 3 * 64 * 64 - 1];
    let view = PixelView { data: &data, width: 64, height: 64, row_stride: 192, format: PixelFormat::Rgb };
    let decode = |view: &PixelView<'_>| Still::from_pixels(view, 1, &StillLimits::default());
    assert_eq!(decode(&view).unwrap_err().code(), "truncated");
    assert_eq!(decode(&PixelView { row_stride: 191, ..view }).unwrap_err().code(), "truncated");
    assert_eq!(decode(&PixelView { row_stride: usize::MAX, ..view }).unwrap_err().code(), "truncated");
    assert!(decode(&PixelView { height: 63, ..view }).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600), kind in 0..3) {
        let head: &[u8] = match kind {
            0 => b"\xFF\xD8\xFF",
            1 => b"\x89PNG\r\n\x1a\n",
            _ => b"",
        };
        let _ = code(&[head, &bytes].concat());
    }

    #[test]
    fn a_damaged_jpeg_never_panics(places in proptest::collection::vec((0usize..100_000, any::<u8>()), 1..12)) {
        let mut file = pictures::plain_jpeg(96, 64);
        for (place, value) in places {
            let at = place % file.len();
            file[at] = value;
        }
        let _ = code(&file);
    }
}
