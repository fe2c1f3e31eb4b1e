//! A display in front of a camera, rendered: red, green and blue stripes on one side, a Bayer mosaic on the other.

use std::f64::consts::PI;

/// How the display is seen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View {
    /// Photosites per pixel of the display.
    pub(crate) pitch: f64,
    /// By how many degrees the camera is turned against it.
    pub(crate) degrees: f64,
}

/// Points per axis at which the light on a photosite is summed.
const POINTS: usize = 5;
/// Standard deviation of the lens' blur in photosites: a phone's main camera in focus.
const LENS_BLUR: f64 = 0.4;
/// Share of the height of a display's pixel that shines.
const LIT_HEIGHT: f64 = 0.85;

/// An RGB picture of a display that shows `content`, which maps a place of the picture, in fractions, to colours from 0
/// to 1. Both sides even.
pub(crate) fn photograph(
    view: View,
    (width, height): (usize, usize),
    content: impl Fn(f64, f64) -> [f64; 3],
) -> Vec<u8> {
    let (sin, cos) = (view.degrees * PI / 180.0).sin_cos();
    let points = aperture();
    let mut mosaic = vec![0.0; width * height];
    for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
        let channel = filter(x, y);
        let shown = content(x as f64 / width as f64, y as f64 / height as f64)[channel];
        let mut light = 0.0;
        for &(dx, dy, weight) in &points {
            let (px, py) = (x as f64 + dx, y as f64 + dy);
            let u = ((px * cos - py * sin) / view.pitch).rem_euclid(1.0);
            let v = ((px * sin + py * cos) / view.pitch).rem_euclid(1.0);
            let stripe = (3.0 * u) as usize == channel;
            light += if stripe && v < LIT_HEIGHT { weight } else { 0.0 };
        }
        mosaic[y * width + x] = 3.0 * shown * light / LIT_HEIGHT;
    }
    demosaic(&mosaic, width, height)
}

/// Where a photosite and the lens' blur take their light from, with weights that add up to 1.
fn aperture() -> Vec<(f64, f64, f64)> {
    let reach = 1.1;
    let offset = |index: usize| reach * (2.0 * (index as f64 + 0.5) / POINTS as f64 - 1.0);
    // A box of one photosite blurred by a Gaussian: close to a Gaussian of both variances.
    let variance = LENS_BLUR * LENS_BLUR + 1.0 / 12.0;
    let weight = |at: f64| (-at * at / (2.0 * variance)).exp();
    let mut points: Vec<_> = (0..POINTS * POINTS)
        .map(|index| (offset(index % POINTS), offset(index / POINTS)))
        .map(|(dx, dy)| (dx, dy, weight(dx) * weight(dy)))
        .collect();
    let total: f64 = points.iter().map(|point| point.2).sum();
    for point in &mut points {
        point.2 /= total;
    }
    points
}

/// The colour that a photosite sees, red in the upper left corner.
fn filter(x: usize, y: usize) -> usize {
    x % 2 + y % 2
}

/// Bilinear: the mean of the nearest photosites of each colour. Encoded with a gamma of 2.2.
fn demosaic(mosaic: &[f64], width: usize, height: usize) -> Vec<u8> {
    let mut data = Vec::with_capacity(3 * width * height);
    for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
        for channel in 0..3 {
            let (mut sum, mut count) = (0.0, 0.0);
            for (ny, nx) in (y.saturating_sub(1)..(y + 2).min(height))
                .flat_map(|ny| (x.saturating_sub(1)..(x + 2).min(width)).map(move |nx| (ny, nx)))
            {
                if filter(nx, ny) == channel {
                    sum += mosaic[ny * width + nx];
                    count += 1.0;
                }
            }
            data.push((255.0 * f64::powf(sum / count, 1.0 / 2.2)).round().clamp(0.0, 255.0) as u8);
        }
    }
    data
}
