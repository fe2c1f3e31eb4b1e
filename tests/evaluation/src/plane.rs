//! A plane of luma in floating point, on which pictures are made worse without rounding in between.

/// Luma, rows from top to bottom, dense; 0 is black, 255 white, and values beyond are kept.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Plane {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) data: Vec<f32>,
}

/// A point of a kernel: offset and weight.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Tap {
    pub(crate) dx: isize,
    pub(crate) dy: isize,
    pub(crate) weight: f32,
}

impl Plane {
    /// BT.601 luma of interleaved RGB.
    pub(crate) fn from_rgb(data: &[u8], width: usize, height: usize) -> Self {
        let luma = |pixel: &[u8]| {
            0.299 * f32::from(pixel[0]) + 0.587 * f32::from(pixel[1]) + 0.114 * f32::from(pixel[2])
        };
        Self { width, height, data: data.chunks_exact(3).map(luma).collect() }
    }

    /// Weighted sum of the neighbourhood; the outermost pixels stand for what lies beyond the edge.
    pub(crate) fn convolve(&self, taps: &[Tap]) -> Self {
        let (width, height) = (self.width, self.height);
        let mut data = vec![0.0; self.data.len()];
        for (y, out) in data.chunks_exact_mut(width).enumerate() {
            for tap in taps {
                let from = y.saturating_add_signed(tap.dy).min(height - 1) * width;
                let row = &self.data[from..from + width];
                // Where the tap lies inside the row it is a plain shifted sum.
                let start = tap.dx.min(0).unsigned_abs().min(width);
                let end = width.saturating_sub(tap.dx.max(0).unsigned_abs()).max(start);
                for out in &mut out[..start] {
                    *out += tap.weight * row[0];
                }
                let shifted = &row[start.saturating_add_signed(tap.dx).min(width)..];
                for (out, value) in out[start..end].iter_mut().zip(shifted) {
                    *out += tap.weight * value;
                }
                for out in &mut out[end..] {
                    *out += tap.weight * row[width - 1];
                }
            }
        }
        Self { width, height, data }
    }

    /// Averages squares of `factor`² pixels; what is left over at the right and below is cut off.
    pub(crate) fn reduced(&self, factor: usize) -> Self {
        let (width, height) = (self.width / factor, self.height / factor);
        let mut data = vec![0.0; width * height];
        for (y, out) in data.chunks_exact_mut(width).enumerate() {
            for dy in 0..factor {
                let row = &self.data[(y * factor + dy) * self.width..];
                for (out, pixels) in out.iter_mut().zip(row.chunks_exact(factor)) {
                    *out += pixels.iter().sum::<f32>();
                }
            }
        }
        let share = 1.0 / (factor * factor) as f32;
        for value in &mut data {
            *value *= share;
        }
        Self { width, height, data }
    }

    /// Rounded and clipped to 8 bits.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        self.data.iter().map(|value| value.round().clamp(0.0, 255.0) as u8).collect()
    }
}

/// A Gaussian, to be applied along both axes in turn.
pub(crate) fn gaussian(sigma: f64) -> [Vec<Tap>; 2] {
    let reach = (3.5 * sigma).ceil() as isize;
    let weights: Vec<f64> =
        (-reach..=reach).map(|at| (-((at * at) as f64) / (2.0 * sigma * sigma)).exp()).collect();
    let total: f64 = weights.iter().sum();
    let along = |tap: fn(isize, f32) -> Tap| {
        (-reach..).zip(&weights).map(|(at, weight)| tap(at, (weight / total) as f32)).collect()
    };
    [along(|dx, weight| Tap { dx, dy: 0, weight }), along(|dy, weight| Tap { dx: 0, dy, weight })]
}

/// A disc of even weight: a lens out of focus. Cells that its edge crosses count by their covered share.
pub(crate) fn disc(radius: f64) -> Vec<Tap> {
    /// Samples per pixel and axis.
    const FINE: isize = 8;
    let reach = (radius + 0.5).ceil() as isize;
    let mut cells = Cells::new(reach);
    let edge = reach * FINE + FINE / 2;
    for y in -edge..edge {
        for x in -edge..edge {
            let (x, y) = ((x as f64 + 0.5) / FINE as f64, (y as f64 + 0.5) / FINE as f64);
            if x.hypot(y) <= radius {
                cells.add(x, y);
            }
        }
    }
    cells.taps()
}

/// A straight streak of even weight: the camera moved. The angle is in radians.
pub(crate) fn streak(length: f64, angle: f64) -> Vec<Tap> {
    /// Samples per pixel of its length.
    const FINE: f64 = 16.0;
    let (sin, cos) = angle.sin_cos();
    let count = (length * FINE).round().max(1.0) as usize;
    let mut cells = Cells::new((length / 2.0).ceil() as isize + 1);
    for index in 0..count {
        let along = ((index as f64 + 0.5) / count as f64 - 0.5) * length;
        cells.add_between(along * cos, along * sin);
    }
    cells.taps()
}

/// Collects weight by pixel.
struct Cells {
    reach: isize,
    weights: Vec<f64>,
}

impl Cells {
    fn new(reach: isize) -> Self {
        let side = (2 * reach + 1) as usize;
        Self { reach, weights: vec![0.0; side * side] }
    }

    fn put(&mut self, x: isize, y: isize, weight: f64) {
        let side = 2 * self.reach + 1;
        self.weights[((y + self.reach) * side + x + self.reach) as usize] += weight;
    }

    /// To the pixel that the point lies in.
    fn add(&mut self, x: f64, y: f64) {
        self.put(x.round() as isize, y.round() as isize, 1.0);
    }

    /// To the four pixels around the point, by nearness.
    fn add_between(&mut self, x: f64, y: f64) {
        let (left, top) = (x.floor(), y.floor());
        let (right_share, bottom_share) = (x - left, y - top);
        let (left, top) = (left as isize, top as isize);
        self.put(left, top, (1.0 - right_share) * (1.0 - bottom_share));
        self.put(left + 1, top, right_share * (1.0 - bottom_share));
        self.put(left, top + 1, (1.0 - right_share) * bottom_share);
        self.put(left + 1, top + 1, right_share * bottom_share);
    }

    fn taps(&self) -> Vec<Tap> {
        let side = 2 * self.reach + 1;
        let total: f64 = self.weights.iter().sum();
        let taps = self.weights.iter().zip(0isize..).map(|(weight, at)| Tap {
            dx: at % side - self.reach,
            dy: at / side - self.reach,
            weight: (weight / total) as f32,
        });
        taps.filter(|tap| tap.weight > 0.0).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spot() -> Plane {
        let mut plane = Plane { width: 31, height: 31, data: vec![0.0; 31 * 31] };
        plane.data[15 * 31 + 15] = 1.0;
        plane
    }

    /// Sum, variance along x and along y.
    fn moments(plane: &Plane) -> (f64, f64, f64) {
        let mut moments = (0.0, 0.0, 0.0);
        for (index, &value) in plane.data.iter().enumerate() {
            let (x, y) = ((index % 31) as f64 - 15.0, (index / 31) as f64 - 15.0);
            let value = f64::from(value);
            moments = (moments.0 + value, moments.1 + x * x * value, moments.2 + y * y * value);
        }
        moments
    }

    #[test]
    fn every_blur_keeps_the_light_and_spreads_it_as_far_as_it_says() {
        let [across, down] = gaussian(2.0);
        let (sum, x, y) = moments(&spot().convolve(&across).convolve(&down));
        assert!((sum - 1.0).abs() < 1e-5 && (x - 4.0).abs() < 0.05 && (y - 4.0).abs() < 0.05);
        // A disc of radius r has variance r²/4 along each axis; a pixel of its own adds a twelfth.
        let (sum, x, y) = moments(&spot().convolve(&disc(5.0)));
        assert!((sum - 1.0).abs() < 1e-5 && (x - 6.3).abs() < 0.1 && (y - 6.3).abs() < 0.1, "{x} {y}");
        let (sum, x, y) = moments(&spot().convolve(&streak(12.0, 0.0)));
        assert!((sum - 1.0).abs() < 1e-5 && (x - 12.0).abs() < 0.3 && y < 1e-6, "{x} {y}");
    }

    #[test]
    fn the_edge_of_a_flat_plane_stays_flat() {
        let flat = Plane { width: 5, height: 4, data: vec![7.0; 20] };
        for value in flat.convolve(&disc(3.0)).data {
            assert!((value - 7.0).abs() < 1e-4);
        }
    }
}
