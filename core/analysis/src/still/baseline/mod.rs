//! A writer of baseline JPEG for exactly what this crate uploads: planes that are 4:2:0 already, or grey.
//!
//! ITU-T T.81: sequential DCT, Huffman coding by the tables of Annex K, no restart, and no segment beside tables and
//! picture. docs/adr/0011-jpeg-encoder.md says why it is ours.
//!
//! Not responsible for: colours other than `YCbCr`, scaling, metadata, progressive files.

#![allow(
    clippy::inline_always,
    reason = "these leaves run once per coefficient; measured by `cargo xtask bench encoders`"
)]

mod bits;
mod dct;
mod lanes;
mod tables;

use bits::BitWriter;
use dct::{Quantiser, centred};
use tables::{CHROMA, Coding, LUMA};

use crate::reduce::Grey;

/// Side of a block of samples.
const BLOCK: usize = 8;

/// Bytes of the tables and headers, rounded up.
const HEADERS: usize = 1024;

/// A JPEG of these planes. Chroma is half as wide and high as luma, rounded up; without it the file is grey.
/// `quality` is 1 to 100, as libjpeg counts it. No side is longer than 65,535 samples.
pub(super) fn write(luma: &Grey, chroma: Option<&[Grey; 2]>, quality: u8) -> Vec<u8> {
    // A photo at quality 85 takes about one and a half bits per pixel; one that takes more makes the file grow.
    let mut file = Vec::with_capacity(luma.data.len() / 4 + HEADERS);
    let codings: &[&Coding] = if chroma.is_some() { &[&LUMA, &CHROMA] } else { &[&LUMA] };
    let tables: Vec<[u8; 64]> = codings.iter().map(|coding| coding.quantisation(quality)).collect();
    file.extend([0xFF, 0xD8]);
    write_headers(&mut file, luma, chroma.is_some(), codings, &tables);
    let mut bits = BitWriter::new(file);
    let mut components = components(luma, chroma, codings, &tables);
    // The unit of interleaving, in luma blocks.
    let unit = components[0].blocks;
    for row in 0..luma.height.div_ceil(BLOCK * unit) {
        for component in &mut components {
            component.load(row);
        }
        for column in 0..luma.width.div_ceil(BLOCK * unit) {
            for component in &mut components {
                component.write_unit(column, &mut bits);
            }
        }
    }
    let mut file = bits.finish();
    file.extend([0xFF, 0xD9]);
    file
}

fn write_headers(file: &mut Vec<u8>, luma: &Grey, colour: bool, codings: &[&Coding], tables: &[[u8; 64]]) {
    let mut segment = |marker: u8, payload: &[u8]| {
        file.extend([0xFF, marker]);
        file.extend((payload.len() as u16 + 2).to_be_bytes());
        file.extend(payload);
    };
    for (table, id) in tables.iter().zip(0..) {
        segment(0xDB, &[&[id], &table[..]].concat());
    }
    let [[w1, w0], [h1, h0]] = [luma.width, luma.height].map(|side| (side as u16).to_be_bytes());
    // Per component: its number, its sampling, its quantisation table. Decoders take 1, 2, 3 for YCbCr.
    let (frame, scan): (&[u8], &[u8]) = if colour {
        (&[3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1], &[3, 1, 0x00, 2, 0x11, 3, 0x11, 0, 63, 0])
    } else {
        (&[1, 1, 0x11, 0], &[1, 1, 0x00, 0, 63, 0])
    };
    segment(0xC0, &[&[8, h1, h0, w1, w0], frame].concat());
    for (coding, id) in codings.iter().zip(0..) {
        for (class, code) in [(0x00, &coding.dc), (0x10, &coding.ac)] {
            segment(0xC4, &[&[class | id], &code.lengths[..], code.symbols].concat());
        }
    }
    segment(0xDA, scan);
}

/// A plane being written.
struct Component<'a> {
    plane: &'a Grey,
    /// Blocks per unit, across and down.
    blocks: usize,
    coding: &'a Coding,
    quantiser: Quantiser,
    /// The rows of one row of units, filled up to whole units, as the transform takes them.
    strip: Vec<i16>,
    stride: usize,
    /// The block's mean before, from which the next one is told as a difference.
    mean: i16,
}

fn components<'a>(
    luma: &'a Grey,
    chroma: Option<&'a [Grey; 2]>,
    codings: &[&'a Coding],
    tables: &[[u8; 64]],
) -> Vec<Component<'a>> {
    let planes = std::iter::once((luma, 0)).chain(chroma.into_iter().flatten().map(|plane| (plane, 1)));
    let component = |(plane, table): (&'a Grey, usize)| {
        let blocks = if table == 0 && chroma.is_some() { 2 } else { 1 };
        let stride = plane.width.next_multiple_of(BLOCK * blocks);
        Component {
            plane,
            blocks,
            coding: codings[table],
            quantiser: Quantiser::new(&tables[table]),
            strip: vec![0; stride * BLOCK * blocks],
            stride,
            mean: 0,
        }
    };
    planes.map(component).collect()
}

impl Component<'_> {
    /// Copies a row of units: in one go, row by row, as memory is read fastest. What lies outside the plane repeats its
    /// last row and column.
    fn load(&mut self, unit: usize) {
        let first = unit * BLOCK * self.blocks;
        for (down, out) in self.strip.chunks_exact_mut(self.stride).enumerate() {
            let row = self.plane.row((first + down).min(self.plane.height - 1));
            let (inside, outside) = out.split_at_mut(row.len());
            for (out, &sample) in inside.iter_mut().zip(row) {
                *out = centred(sample);
            }
            outside.fill(centred(row[row.len() - 1]));
        }
    }

    fn write_unit(&mut self, unit: usize, bits: &mut BitWriter) {
        for down in 0..self.blocks {
            for across in 0..self.blocks {
                let start = (down * self.stride + unit * self.blocks + across) * BLOCK;
                let block = self.quantiser.transform(|row| {
                    let rest = self.strip.get(start + row * self.stride..);
                    rest.and_then(|rest| rest.first_chunk()).copied().unwrap_or_default()
                });
                self.mean = bits.write_block(&block, self.mean, self.coding);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::still::{Still, StillLimits};

    /// A plane of anything between flat and noise.
    fn plane(width: usize, height: usize) -> impl Strategy<Value = Grey> {
        let noise = proptest::collection::vec(any::<u8>(), width * height);
        (noise, 0u8..=255, 0u8..3).prop_map(move |(mut data, base, kind)| {
            match kind {
                0 => data.fill(base),
                1 => data
                    .iter_mut()
                    .zip(0..)
                    .for_each(|(sample, at)| *sample = base.wrapping_add((at % width) as u8)),
                _ => {}
            }
            Grey { width, height, data }
        })
    }

    fn planes() -> impl Strategy<Value = (Grey, Option<[Grey; 2]>)> {
        (1usize..50, 1usize..50, any::<bool>()).prop_flat_map(|(width, height, colour)| {
            let chroma = move || plane(width.div_ceil(2), height.div_ceil(2));
            (plane(width, height), chroma(), chroma())
                .prop_map(move |(luma, cb, cr)| (luma, colour.then_some([cb, cr])))
        })
    }

    fn decoded(file: &[u8]) -> Still {
        let limits = StillLimits { min_side: 1, ..StillLimits::default() };
        Still::decode(file, &limits).unwrap()
    }

    proptest! {
        #[test]
        fn whatever_is_in_the_planes_comes_back((luma, chroma) in planes(), quality in 1u8..=100) {
            let still = decoded(&write(&luma, chroma.as_ref(), quality));
            prop_assert_eq!((still.width() as usize, still.height() as usize), (luma.width, luma.height));
            prop_assert_eq!(still.master.chroma.is_some(), chroma.is_some());
            // Every coefficient loses half a step at most, and the transform keeps squares: so does the picture, blocks
            // that hang over the edge counted whole.
            let most = |plane: &Grey, coding: &Coding| {
                let coarsest = f64::from(*coding.quantisation(quality).iter().max().unwrap());
                let whole = plane.width.next_multiple_of(BLOCK) * plane.height.next_multiple_of(BLOCK);
                1.0 + coarsest / 2.0 * (whole as f64 / plane.data.len() as f64).sqrt()
            };
            let lost = |given: &Grey, found: &Grey| {
                let pairs = given.data.iter().zip(&found.data);
                pairs.map(|(&a, &b)| f64::from(a.abs_diff(b))).sum::<f64>() / given.data.len() as f64
            };
            prop_assert!(lost(&luma, &still.master.luma) <= most(&luma, &LUMA));
            for (given, found) in chroma.iter().flatten().zip(still.master.chroma.iter().flatten()) {
                prop_assert!(lost(given, found) <= most(given, &CHROMA));
            }
        }
    }

    #[test]
    fn a_flat_picture_comes_back_as_it_was() {
        let flat = |width: usize, height: usize, value: u8| Grey {
            width,
            height,
            data: vec![value; width * height],
        };
        let chroma = [flat(17, 9, 90), flat(17, 9, 200)];
        let still = decoded(&write(&flat(33, 17, 140), Some(&chroma), 100));
        assert_eq!(still.master.luma, flat(33, 17, 140));
        assert_eq!(still.master.chroma, Some(chroma));
    }

    #[test]
    fn a_lower_quality_is_a_smaller_file() {
        let data = (0..64 * 64).map(|at: usize| (at * at / 7 % 251) as u8).collect();
        let luma = Grey { width: 64, height: 64, data };
        let lengths = [100, 85, 50, 10, 1].map(|quality| write(&luma, None, quality).len());
        assert!(lengths.is_sorted_by(|a, b| a > b), "{lengths:?}");
    }
}
