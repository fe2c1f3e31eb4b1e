//! Area averaging: brings a plane of any size down to VGA class, in integers, so that every machine gets the same bits.

use crate::frame::{LumaRange, SamplePlane};
use crate::tiles::Kernels;

/// Longest side of the plane that is analysed, in pixels: cost does not depend on the camera, and a preview frame and
/// the photo of the same scene are judged on the same scale.
pub(crate) const ANALYSIS_LONG_SIDE: usize = 640;

/// An owned, dense, full-range grey plane. Its buffer only grows.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Grey {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) data: Vec<u8>,
}

impl Grey {
    pub(crate) fn resize(&mut self, width: usize, height: usize) {
        (self.width, self.height) = (width, height);
        self.data.resize(width * height, 0);
    }

    pub(crate) fn row(&self, y: usize) -> &[u8] {
        &self.data[y * self.width..(y + 1) * self.width]
    }

    /// A view of it, as of any other plane.
    pub(crate) fn samples(&self) -> SamplePlane<'_> {
        let &Self { width, height, ref data } = self;
        SamplePlane { width, height, row_stride: width, pixel_stride: 1, data }
    }

    pub(crate) fn row_mut(&mut self, y: usize) -> &mut [u8] {
        &mut self.data[y * self.width..(y + 1) * self.width]
    }
}

/// The size with the same aspect whose longest side is at most `long_side`; never enlarges, never reaches zero.
pub(crate) fn fit(width: usize, height: usize, long_side: usize) -> (usize, usize) {
    let longest = width.max(height);
    if longest <= long_side {
        return (width, height);
    }
    let scale = |side: usize| ((2 * side * long_side + longest) / (2 * longest)).max(1);
    (scale(width), scale(height))
}

/// Whether a plane is of VGA class already.
pub(crate) fn is_small(plane: &SamplePlane<'_>) -> bool {
    plane.width.max(plane.height) <= ANALYSIS_LONG_SIDE
}

/// Total of the weights of one cell: one row or column pass turns 8 bits into 16.
const UNIT: u32 = 256;

/// Which source samples a cell covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cell {
    /// First source sample.
    start: usize,
    /// First of its weights in [`AreaWeights::weights`].
    first: usize,
    /// Number of source samples.
    len: usize,
}

/// The cells along one axis. Weights of a cell add up to [`UNIT`].
#[derive(Debug, Default, Clone)]
struct AreaWeights {
    cells: Vec<Cell>,
    weights: Vec<u16>,
}

impl AreaWeights {
    /// `cells` cells over `source` samples, each `step.0 / step.1` samples wide, the last one cut off at the end.
    fn lay(&mut self, source: usize, cells: usize, step: (usize, usize)) {
        let (num, den) = step;
        self.cells.clear();
        self.weights.clear();
        for index in 0..cells {
            // Positions in units of 1/den samples.
            let from = (index * num).min((source - 1) * den);
            let to = ((index + 1) * num).min(source * den).max(from + 1);
            let (start, end) = (from / den, to.div_ceil(den));
            let first = self.weights.len();
            let mut given = 0;
            for sample in start..end {
                // Cumulative rounding: the weights of a cell add up exactly.
                let covered = to.min((sample + 1) * den) - from;
                let upto = (covered as u64 * u64::from(UNIT) / (to - from) as u64) as u32;
                self.weights.push((upto - given) as u16);
                given = upto;
            }
            self.cells.push(Cell { start, first, len: end - start });
        }
    }

    fn weights(&self, cell: Cell) -> &[u16] {
        &self.weights[cell.first..cell.first + cell.len]
    }

    /// The cells from first to last, each with its first source sample and its weights.
    fn iter(&self) -> impl Iterator<Item = (usize, &[u16])> {
        self.cells.iter().map(|&cell| (cell.start, self.weights(cell)))
    }
}

/// Rows that are averaged across at once, side by side in one vector register: neighbouring cells of a row cover
/// uneven samples, but the same cell of eight rows covers the same ones.
const BAND: usize = 8;

/// Where the cells of an axis lie on its samples.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Axis {
    /// Source samples.
    pub(crate) source: usize,
    /// Cells, the samples of the result.
    pub(crate) cells: usize,
    /// Width of a cell in source samples, as a fraction.
    pub(crate) step: (usize, usize),
}

impl Axis {
    /// Cells that cover all samples evenly.
    pub(crate) fn even(source: usize, cells: usize) -> Self {
        Self { source, cells, step: (source, cells) }
    }
}

/// Averages a plane row by row as it arrives, so that nobody has to hold all of it.
#[derive(Debug, Default)]
pub(crate) struct Averager {
    across: Axis,
    down: Axis,
    columns: AreaWeights,
    rows: AreaWeights,
    /// Weighted sums of the columns of the rows in progress; at most [`UNIT`] × 255.
    sums: [Vec<u16>; BAND],
    /// The same by column.
    band: Vec<[u16; BAND]>,
    averages: Vec<[u16; BAND]>,
    line: Vec<u8>,
    /// Rows taken so far, averaged down, and given.
    taken: usize,
    summed: usize,
    given: usize,
}

impl Averager {
    pub(crate) fn new(across: Axis, down: Axis) -> Self {
        let mut averager = Self::default();
        averager.restart(across, down);
        averager
    }

    /// Begins a plane; keeps weights and buffers when it is laid out like the one before.
    pub(crate) fn restart(&mut self, across: Axis, down: Axis) {
        (self.taken, self.summed, self.given) = (0, 0, 0);
        if (self.across, self.down) == (across, down) {
            return;
        }
        (self.across, self.down) = (across, down);
        self.columns.lay(across.source, across.cells, across.step);
        self.rows.lay(down.source, down.cells, down.step);
        for sums in &mut self.sums {
            sums.clear();
            sums.resize(across.source, 0);
        }
        self.band.clear();
        self.band.resize(across.source, [0; BAND]);
        self.averages.clear();
        self.averages.resize(across.cells, [0; BAND]);
        self.line.clear();
        self.line.resize(across.cells, 0);
    }

    /// Takes the next row of the plane; from time to time gives rows of the result, each with its number.
    pub(crate) fn push(&mut self, row: &[u8], mut give: impl FnMut(usize, &[u8])) {
        let y = self.taken;
        self.taken += 1;
        while let Some(&cell) = self.rows.cells.get(self.summed).filter(|cell| cell.start <= y) {
            let weight = self.rows.weights[cell.first + y - cell.start];
            let lane = self.summed - self.given;
            if y == cell.start {
                set_weighted(&mut self.sums[lane], row, weight);
            } else {
                add_weighted(&mut self.sums[lane], row, weight);
            }
            if y + 1 < cell.start + cell.len {
                break;
            }
            self.summed += 1;
            if lane + 1 == BAND || self.summed == self.down.cells {
                self.give_band(&mut give);
            }
        }
    }

    /// Whether every row of the result has been given.
    pub(crate) fn is_complete(&self) -> bool {
        self.given == self.down.cells
    }

    fn give_band(&mut self, mut give: impl FnMut(usize, &[u8])) {
        lay_side_by_side(&self.sums, &mut self.band);
        average_band(&self.band, &self.columns, &mut self.averages);
        for lane in 0..self.summed - self.given {
            for (pixel, lanes) in self.line.iter_mut().zip(&self.averages) {
                *pixel = lanes[lane] as u8;
            }
            give(self.given, &self.line);
            self.given += 1;
        }
    }
}

// The loops below are kept out of their callers: inlined into a long function the compiler gives up on vector code for
// them, at four times the cost.

/// Turns the rows of a band into its columns.
#[inline(never)]
fn lay_side_by_side(rows: &[Vec<u16>; BAND], band: &mut [[u16; BAND]]) {
    let [a, b, c, d, e, f, g, h] = rows.each_ref().map(|row| &row[..band.len()]);
    for (x, lanes) in band.iter_mut().enumerate() {
        *lanes = [a[x], b[x], c[x], d[x], e[x], f[x], g[x], h[x]];
    }
}

/// The averages over all cells of a band.
#[inline(never)]
fn average_band(band: &[[u16; BAND]], columns: &AreaWeights, averages: &mut [[u16; BAND]]) {
    for (average, (start, weights)) in averages.iter_mut().zip(columns.iter()) {
        *average = average_across(&band[start..start + weights.len()], weights);
    }
}

/// The average over one cell in each of the rows of a band. Everything stays within 16 bits, so that eight rows fill a
/// register; what is cut off on average is given back with the rounding.
#[inline]
fn average_across(sums: &[[u16; BAND]], weights: &[u16]) -> [u16; BAND] {
    // UNIT × 255 + 128 + 127 is the largest number of 16 bits.
    let half = UNIT as u16 / 2;
    let mut totals = [half + (weights.len() as u16 / 2).min(half - 1); BAND];
    for (lanes, &weight) in sums.iter().zip(weights) {
        // weight × sum / UNIT, rounded down, of the high and the low byte of the sum apart.
        for (total, &sum) in totals.iter_mut().zip(lanes) {
            let (high, low) = (sum >> 8, sum & 0xFF);
            *total =
                total.wrapping_add(weight.wrapping_mul(high)).wrapping_add(weight.wrapping_mul(low) >> 8);
        }
    }
    totals.map(|total| total >> 8)
}

#[inline(never)]
fn set_weighted(sums: &mut [u16], row: &[u8], weight: u16) {
    for (sum, &sample) in sums.iter_mut().zip(row) {
        *sum = weight.wrapping_mul(u16::from(sample));
    }
}

#[inline(never)]
fn add_weighted(sums: &mut [u16], row: &[u8], weight: u16) {
    for (sum, &sample) in sums.iter_mut().zip(row) {
        *sum = sum.wrapping_add(weight.wrapping_mul(u16::from(sample)));
    }
}

/// Buffers of a reduction, kept from frame to frame.
#[derive(Debug, Default)]
pub(crate) struct Reducer {
    averager: Averager,
    line: Vec<u8>,
}

impl Reducer {
    /// Reduces a plane to `out` at VGA class and full range.
    pub(crate) fn reduce(&mut self, plane: &SamplePlane<'_>, range: LumaRange, out: &mut Grey) {
        let (width, height) = fit(plane.width, plane.height, ANALYSIS_LONG_SIDE);
        self.reduce_to(plane, width, height, out);
        if range == LumaRange::Limited {
            out.data.iter_mut().for_each(|luma| *luma = full_range(*luma));
        }
    }

    /// Reduces a plane to exactly `width` × `height`, both at most the plane's own.
    pub(crate) fn reduce_to(&mut self, plane: &SamplePlane<'_>, width: usize, height: usize, out: &mut Grey) {
        out.resize(width, height);
        if (width, height) == (plane.width, plane.height) {
            for y in 0..height {
                copy_row(plane, y, out.row_mut(y));
            }
            return;
        }
        if (2 * width, 2 * height, 1) == (plane.width, plane.height, plane.pixel_stride) {
            // What averaging comes down to at this ratio, in one step.
            for y in 0..height {
                Kernels::best().halve(plane.row(2 * y), plane.row(2 * y + 1), out.row_mut(y));
            }
            return;
        }
        self.averager.restart(Axis::even(plane.width, width), Axis::even(plane.height, height));
        self.line.resize(plane.width, 0);
        for y in 0..plane.height {
            let row = if plane.pixel_stride == 1 {
                plane.row(y)
            } else {
                copy_row(plane, y, &mut self.line);
                &self.line
            };
            self.averager.push(row, |y, line| out.row_mut(y).copy_from_slice(line));
        }
    }
}

fn copy_row(plane: &SamplePlane<'_>, y: usize, out: &mut [u8]) {
    let row = plane.row(y);
    if plane.pixel_stride == 1 {
        out.copy_from_slice(row);
    } else {
        for (pixel, &sample) in out.iter_mut().zip(row.iter().step_by(plane.pixel_stride)) {
            *pixel = sample;
        }
    }
}

/// ITU-R BT.601 video range (16 to 235) to full range, saturating.
fn full_range(luma: u8) -> u8 {
    ((i32::from(luma) - 16) * 255 / 219).clamp(0, 255) as u8
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_flat_plane_stays_flat_at_any_size() {
        for (width, height) in [(641, 480), (4032, 3024), (1280, 7), (65_535, 1), (700, 699)] {
            let data = vec![201; width * height];
            let plane = SamplePlane { width, height, row_stride: width, pixel_stride: 1, data: &data };
            let mut out = Grey::default();
            Reducer::default().reduce(&plane, LumaRange::Full, &mut out);
            assert_eq!(out.width.max(out.height), ANALYSIS_LONG_SIDE);
            assert!(out.data.iter().all(|&luma| luma == 201));
        }
    }

    #[test]
    fn a_reducer_used_for_another_size_forgets_the_first() {
        let mut reducer = Reducer::default();
        let data: Vec<u8> = (0..1300 * 1300).map(|i| (i * 7 % 256) as u8).collect();
        let plane = |width: usize, height: usize| SamplePlane {
            width,
            height,
            row_stride: width,
            pixel_stride: 1,
            data: &data,
        };
        let (mut first, mut fresh) = (Grey::default(), Grey::default());
        reducer.reduce(&plane(1300, 1300), LumaRange::Full, &mut first);
        reducer.reduce(&plane(900, 1300), LumaRange::Full, &mut first);
        Reducer::default().reduce(&plane(900, 1300), LumaRange::Full, &mut fresh);
        assert_eq!(first, fresh);
    }

    #[test]
    fn limited_range_is_stretched_to_full_range() {
        assert_eq!([0, 16, 126, 235, 255].map(full_range), [0, 0, 128, 255, 255]);
    }

    proptest! {
        #[test]
        fn halving_is_what_averaging_comes_down_to(
            (width, data) in (1usize..80, 1usize..9)
                .prop_flat_map(|(w, h)| (Just(w), proptest::collection::vec(any::<u8>(), 4 * w * h))),
        ) {
            let (source, height) = (2 * width, data.len() / (4 * width));
            let plane =
                SamplePlane { width: source, height: 2 * height, row_stride: source, pixel_stride: 1, data: &data };
            let mut halved = Grey::default();
            Reducer::default().reduce_to(&plane, width, height, &mut halved);
            let mut averager = Averager::new(Axis::even(source, width), Axis::even(2 * height, height));
            let mut averaged = Vec::new();
            for row in data.chunks(source) {
                averager.push(row, |_, line| averaged.extend_from_slice(line));
            }
            prop_assert_eq!(halved.data, averaged);
        }

        #[test]
        fn strides_do_not_change_the_result(
            (width, height) in (641usize..1500, 2usize..20),
            (pixel_stride, padding, offset) in (1usize..4, 0usize..50, 0usize..40),
            seed in any::<u64>(),
        ) {
            let row_stride = pixel_stride * width + padding;
            let data: Vec<u8> = (0..offset as u64 + (row_stride * height) as u64)
                .map(|index| ((index ^ seed).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as u8)
                .collect();
            let strided = SamplePlane { width, height, row_stride, pixel_stride, data: &data[offset..] };
            let dense: Vec<u8> = (0..height)
                .flat_map(|y| (0..width).map(move |x| y * row_stride + x * pixel_stride))
                .map(|at| data[offset + at])
                .collect();
            let dense = SamplePlane { width, height, row_stride: width, pixel_stride: 1, data: &dense };
            let (mut first, mut second) = (Grey::default(), Grey::default());
            Reducer::default().reduce(&strided, LumaRange::Full, &mut first);
            Reducer::default().reduce(&dense, LumaRange::Full, &mut second);
            prop_assert_eq!(first, second);
        }

        #[test]
        fn weights_of_every_cell_add_up_and_stay_inside(source in 1usize..5000, wanted in 1usize..700) {
            let cells = wanted.min(source);
            let mut weights = AreaWeights::default();
            weights.lay(source, cells, (source, cells));
            for (start, weights) in weights.iter() {
                prop_assert_eq!(weights.iter().map(|&w| u32::from(w)).sum::<u32>(), UNIT);
                prop_assert!(start + weights.len() <= source);
            }
        }
    }
}
