//! Area averaging: a plane of samples at another size, where each new sample is the mean of the old ones under it, by
//! the share of each that it covers. One formula for reducing and for enlarging.
//!
//! Analysis has an averager of its own for pictures (8 bits, whole 256ths, reducing only). A network notices a
//! difference of half a step in 255, so this one keeps fractions and works in `f32`.

use clearshot_analysis::SamplePlane;

/// Columns that are averaged down at a time. Their sums take 2 KiB of the stack, whatever the picture's width.
const STRIP: usize = 512;

/// Writes the plane at `width` × `height` into `out`, row by row, in steps of 8 bits (0 to 255).
pub(crate) fn average(plane: &SamplePlane<'_>, width: usize, height: usize, out: &mut [f32]) {
    for (row, line) in out.chunks_exact_mut(width).take(height).enumerate() {
        line.fill(0.0);
        let down = Cell::new(row, plane.height(), height);
        for start in (0..plane.width()).step_by(STRIP) {
            let strip = start..plane.width().min(start + STRIP);
            let mut sums = [0.0; STRIP];
            let sums = &mut sums[..strip.len()];
            for y in down.first..=down.last {
                add_row(sums, plane, y, start, down.weight(y));
            }
            add_across(line, sums, start, plane.width());
        }
    }
}

/// The samples of an axis that one new sample covers.
struct Cell {
    first: usize,
    last: usize,
    /// Weight of the first sample, of the last, and of each between them; they add up to 1.
    first_weight: f32,
    last_weight: f32,
    weight: f32,
}

impl Cell {
    /// New sample `index` of `cells` over `source` old ones.
    fn new(index: usize, source: usize, cells: usize) -> Self {
        // In units of 1 / cells of an old sample, everything is a whole number: at most 65,535 × 160.
        let (from, to) = (index * source, (index + 1) * source);
        let (first, last) = (from / cells, (to - 1) / cells);
        let weight = |sample: usize| {
            (((sample + 1) * cells).min(to) - (sample * cells).max(from)) as f32 / source as f32
        };
        Self {
            first,
            last,
            first_weight: weight(first),
            last_weight: weight(last),
            weight: cells as f32 / source as f32,
        }
    }

    fn weight(&self, sample: usize) -> f32 {
        if sample == self.first {
            self.first_weight
        } else if sample == self.last {
            self.last_weight
        } else {
            self.weight
        }
    }
}

/// Adds the samples of row `y` from column `start` on.
fn add_row(sums: &mut [f32], plane: &SamplePlane<'_>, y: usize, start: usize, weight: f32) {
    let stride = plane.pixel_stride();
    let row = &plane.row(y)[start * stride..];
    if stride == 1 {
        // The usual case, as a loop that becomes vector code.
        for (sum, &sample) in sums.iter_mut().zip(row) {
            *sum += weight * f32::from(sample);
        }
    } else {
        for (sum, &sample) in sums.iter_mut().zip(row.iter().step_by(stride)) {
            *sum += weight * f32::from(sample);
        }
    }
}

/// Adds a strip of sums, which begins at column `start` of `source`, to the new samples that cover it.
fn add_across(line: &mut [f32], sums: &[f32], start: usize, source: usize) {
    let (cells, end) = (line.len(), start + sums.len());
    let from = start * cells / source;
    for (index, out) in line.iter_mut().enumerate().skip(from) {
        let cell = Cell::new(index, source, cells);
        if cell.first >= end {
            break;
        }
        let (low, high) = (cell.first.max(start), cell.last.min(end - 1));
        *out += (low..=high).map(|x| cell.weight(x) * sums[x - start]).sum::<f32>();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn averaged(data: &[u8], size: (usize, usize), to: (usize, usize)) -> Vec<f32> {
        let plane = SamplePlane::new(data, size.0, size.1, size.0, 1).unwrap();
        let mut out = vec![f32::NAN; to.0 * to.1];
        average(&plane, to.0, to.1, &mut out);
        out
    }

    #[test]
    fn a_sample_counts_by_the_share_of_it_that_is_covered() {
        // Three samples over two: the middle one counts half in each.
        assert_eq!(averaged(&[30, 90, 150], (3, 1), (2, 1)), [50.0, 130.0]);
        // Two over three: the middle one lies half on each.
        assert_eq!(averaged(&[40, 80], (2, 1), (3, 1)), [40.0, 60.0, 80.0]);
        assert_eq!(averaged(&[200], (1, 1), (2, 2)), [200.0; 4]);
    }

    #[test]
    fn a_row_longer_than_a_strip_has_no_seam() {
        let width = 3 * STRIP + 7;
        let ramp: Vec<u8> = (0..width).map(|x| (x * 255 / (width - 1)) as u8).collect();
        let out = averaged(&ramp, (width, 1), (160, 1));
        let step = 255.0 / 160.0;
        assert!(out.windows(2).all(|pair| (pair[1] - pair[0] - step).abs() < 0.5), "{out:?}");
    }

    proptest! {
        #[test]
        fn every_sample_counts_as_much_as_any_other(
            (width, height) in (1usize..1_300, 1usize..40), (to_width, to_height) in (1usize..161, 1usize..60),
            seed in any::<u32>(),
        ) {
            let data: Vec<u8> = (0..(width * height) as u32)
                .map(|index| ((index ^ seed).wrapping_mul(0x9E37_79B9) >> 24) as u8)
                .collect();
            let out = averaged(&data, (width, height), (to_width, to_height));
            let mean = |sum: f64, count: usize| sum / count as f64;
            let before = mean(data.iter().map(|&sample| f64::from(sample)).sum(), data.len());
            let after = mean(out.iter().map(|&sample| f64::from(sample)).sum(), out.len());
            prop_assert!((before - after).abs() < 1e-2, "{} {}", before, after);
        }

        #[test]
        fn strides_do_not_change_the_result(
            (width, height) in (1usize..700, 1usize..9), (stride, padding) in (1usize..5, 0usize..9),
        ) {
            let row_stride = width * stride + padding;
            let data: Vec<u8> = (0..row_stride * height).map(|index| (index * 37 % 251) as u8).collect();
            let dense: Vec<u8> = (0..height)
                .flat_map(|y| (0..width).map(move |x| y * row_stride + x * stride))
                .map(|at| data[at])
                .collect();
            let plane = SamplePlane::new(&data, width, height, row_stride, stride).unwrap();
            let mut out = vec![0.0; 40 * 30];
            average(&plane, 40, 30, &mut out);
            prop_assert_eq!(out, averaged(&dense, (width, height), (40, 30)));
        }
    }
}
