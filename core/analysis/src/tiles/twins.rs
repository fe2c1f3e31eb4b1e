//! Every table gives what the plainest way to the sums gives, at any size, stride, alignment and content.

use proptest::prelude::*;

use super::*;

/// What the sums are, pixel by pixel.
#[derive(Default)]
struct Plain {
    tiles: Vec<Tile>,
    histogram: Histogram,
    fine: Vec<u32>,
    coarse: Vec<u32>,
}

/// A plane that reads as 64-bit numbers.
struct Pixels<'a>(SamplePlane<'a>);

impl Pixels<'_> {
    fn at(&self, x: usize, y: usize) -> i32 {
        i32::from(self.0.row(y)[x])
    }

    fn is_inner(&self, x: usize, y: usize) -> bool {
        x > 0 && y > 0 && x + 1 < self.0.width && y + 1 < self.0.height
    }

    fn gradient(&self, x: usize, y: usize) -> (i32, i32) {
        (self.at(x + 1, y) - self.at(x - 1, y), self.at(x, y + 1) - self.at(x, y - 1))
    }

    fn sides(&self, x: usize, y: usize) -> i32 {
        self.at(x, y - 1) + self.at(x, y + 1) + self.at(x - 1, y) + self.at(x + 1, y)
    }

    fn corners(&self, x: usize, y: usize) -> i32 {
        self.at(x - 1, y - 1) + self.at(x + 1, y - 1) + self.at(x - 1, y + 1) + self.at(x + 1, y + 1)
    }

    fn laplacian(&self, x: usize, y: usize) -> i32 {
        (8 * self.at(x, y) - self.sides(x, y) - self.corners(x, y)).abs()
    }

    fn everywhere(&self) -> impl Iterator<Item = (usize, usize)> {
        let width = self.0.width;
        (0..self.0.height).flat_map(move |y| (0..width).map(move |x| (x, y)))
    }
}

fn plainly(plane: SamplePlane<'_>) -> Plain {
    let (columns, block_columns) = (plane.width.div_ceil(TILE), plane.width.div_ceil(BLOCK));
    let blocks = block_columns * plane.height.div_ceil(BLOCK);
    let mut plain = Plain {
        tiles: vec![Tile::default(); columns * plane.height.div_ceil(TILE)],
        fine: vec![0; blocks],
        coarse: vec![0; blocks],
        ..Plain::default()
    };
    let pixels = Pixels(plane);
    for (x, y) in pixels.everywhere() {
        let tile = &mut plain.tiles[y / TILE * columns + x / TILE];
        let luma = pixels.at(x, y) as u32;
        plain.histogram.0[luma as usize] += u32::from(y % HISTOGRAM_ROW_STEP == 0);
        tile.n += 1;
        tile.sum += luma;
        tile.sum_sq += luma * luma;
        tile.clip_low += u32::from(luma <= u32::from(CLIP_LOW));
        tile.clip_high += u32::from(luma >= u32::from(CLIP_HIGH));
        if !pixels.is_inner(x, y) {
            continue;
        }
        let (gx, gy) = pixels.gradient(x, y);
        tile.gxx += (gx * gx) as u32;
        tile.gyy += (gy * gy) as u32;
        tile.gxy += gx * gy;
        plain.fine[y / BLOCK * block_columns + x / BLOCK] += (gx * gx + gy * gy) as u32;
        tile.laplacian += pixels.laplacian(x, y).pow(2) as u32;
        if y % NOISE_ROW_STEP == 1 {
            let noise = pixels.corners(x, y) - 2 * pixels.sides(x, y) + 4 * pixels.at(x, y);
            tile.noise += noise.unsigned_abs();
            tile.noise_n += 1;
        }
    }
    let mut half = Grey::default();
    half.resize(plane.width / 2, plane.height / 2);
    for index in 0..half.data.len() {
        let (x, y) = (2 * (index % half.width), 2 * (index / half.width));
        let sum = pixels.at(x, y) + pixels.at(x + 1, y) + pixels.at(x, y + 1) + pixels.at(x + 1, y + 1);
        half.data[index] = ((sum + 2) / 4) as u8;
    }
    let pixels = Pixels(half.samples());
    for (x, y) in pixels.everywhere().filter(|&(x, y)| pixels.is_inner(x, y)) {
        let (gx, gy) = pixels.gradient(x, y);
        plain.coarse[y / 2 * block_columns + x / 2] += (gx * gx + gy * gy) as u32;
    }
    plain
}

fn check(plane: SamplePlane<'_>) -> Result<(), TestCaseError> {
    let [plain_sums, best_sums] = [Kernels::scalar(), Kernels::best()].map(|kernels| {
        // Used before, for another size: nothing may be left of it.
        let mut statistics = Statistics::default();
        statistics.gather(&Grey { width: 41, height: 23, data: vec![77; 41 * 23] }, kernels);
        statistics.gather_samples(plane, kernels);
        statistics
    });
    // Not by `assert_eq`: nobody reads a page of numbers.
    prop_assert!(best_sums == plain_sums, "vector and scalar differ");
    let plain = plainly(plane);
    prop_assert_eq!(best_sums.tiles, plain.tiles);
    prop_assert_eq!(best_sums.fine, plain.fine);
    prop_assert_eq!(best_sums.coarse, plain.coarse);
    prop_assert_eq!(best_sums.histogram, plain.histogram);
    Ok(())
}

/// What a plane is filled with: the byte at an index, in a row so long, from a seed.
#[derive(Debug, Clone, Copy)]
enum Content {
    Random,
    Flat(u8),
    Checkerboard,
    Columns,
    Rows,
    Grain,
}

impl Content {
    fn byte(self, index: usize, stride: usize, seed: u64) -> u8 {
        let (x, y) = (index % stride, index / stride);
        let random = ((index as u64 ^ seed).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as u8;
        match self {
            Self::Random => random,
            Self::Flat(value) => value,
            Self::Checkerboard => 255 * u8::from((x + y).is_multiple_of(2)),
            Self::Columns => 255 * u8::from((x / 3).is_multiple_of(2)),
            Self::Rows => 255 * u8::from((y / 2).is_multiple_of(2)),
            Self::Grain => 120 + random % 8,
        }
    }
}

fn content() -> impl Strategy<Value = Content> {
    prop_oneof![
        3 => Just(Content::Random),
        1 => prop_oneof![Just(0), Just(255), Just(CLIP_LOW), Just(CLIP_HIGH), any::<u8>()].prop_map(Content::Flat),
        1 => Just(Content::Checkerboard),
        1 => Just(Content::Columns),
        1 => Just(Content::Rows),
        1 => Just(Content::Grain),
    ]
}

fn filled(content: Content, len: usize, stride: usize, seed: u64) -> Vec<u8> {
    (0..len).map(|index| content.byte(index, stride, seed)).collect()
}

proptest! {
    #[test]
    fn any_table_finds_what_is_there(
        width in prop_oneof![1usize..=700, 1usize..=70],
        height in 1usize..=45,
        padding in prop_oneof![Just(0usize), 1usize..40],
        offset in 0usize..33,
        content in content(),
        seed in any::<u64>(),
    ) {
        let stride = width + padding;
        let data = filled(content, offset + stride * (height - 1) + width, stride, seed);
        let plane =
            SamplePlane { width, height, row_stride: stride, pixel_stride: 1, data: &data[offset..] };
        check(plane)?;
    }
}

/// Every place where a vector, a tile or a block ends early.
#[test]
fn any_table_agrees_at_every_width() {
    for width in 1..=200 {
        let data = filled(Content::Random, width * 13, width, 7);
        let plane = SamplePlane { width, height: 13, row_stride: width, pixel_stride: 1, data: &data };
        check(plane).unwrap();
    }
}

/// Twelve megapixels of the strongest contrast: the Laplacian's square alone adds up to more than 32 bits over a row of
/// tiles, while no tile overflows.
#[test]
fn any_table_bears_twelve_megapixels_of_the_strongest_contrast() {
    let (width, height) = (4032, 3024);
    let data = filled(Content::Checkerboard, width * height, width, 0);
    let plane = SamplePlane { width, height, row_stride: width, pixel_stride: 1, data: &data };
    let [plain, best] = [Kernels::scalar(), Kernels::best()].map(|kernels| {
        let mut statistics = Statistics::default();
        statistics.gather_samples(plane, kernels);
        statistics
    });
    assert!(plain == best, "vector and scalar differ");
    let laplacian: u64 = best.tiles.iter().map(|tile| u64::from(tile.laplacian)).sum();
    // Of a checkerboard the four sides differ from the middle, the corners do not.
    let inner = (width as u64 - 2) * (height as u64 - 2);
    assert_eq!(laplacian, inner * 1_020 * 1_020);
    assert!(laplacian > u64::from(u32::MAX));
}

#[test]
fn a_machine_with_vectors_uses_them() {
    let name = Kernels::best().name;
    #[cfg(target_arch = "x86_64")]
    assert_eq!(name == "avx2", is_x86_feature_detected!("avx2"));
    #[cfg(target_arch = "aarch64")]
    assert_eq!(name, "neon");
    println!("{name}");
}
