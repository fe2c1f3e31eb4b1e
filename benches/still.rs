//! The way of a 12-megapixel photo, stage by stage, against libjpeg-turbo on the same file: `cargo xtask bench still`.
//! Give another photo by `CLEARSHOT_BENCH_PHOTO`.
//!
//! Every stage and every peer runs in turns on one thread; what is printed is the median of its CPU time. turbojpeg is built
//! from source; without nasm it has no SIMD and the ratios flatter us.

#![allow(clippy::expect_used, reason = "a bench that cannot start has nothing to measure")]

use std::cell::RefCell;

use clearshot_analysis::{DerivativeSpec, Jpeg, Policy, Still, StillLimits, StillScratch};
use clearshot_benches::measure::{Median, Side, interleaved};
use clearshot_benches::photo::photo;
use clearshot_protocol::DigestWriter;
use clearshot_protocol::seal::{Identity, Recipient, seal};
use turbojpeg::{PixelFormat, Subsamp, YuvImage};

const ROUNDS: usize = 31;

/// Names of the sides that ratios are made of.
const PEER_RGB: &str = "peer: turbojpeg, to RGB";
const PEER_PLANES: &str = "peer: turbojpeg, to planes";
const PEER_ENCODE: &str = "peer: turbojpeg, from planes";
const DECODE: &str = "decode, upright, reduced to 2,560 px";
const TURNED: &str = "the same of a photo lying on its side";
const DERIVATIVE: &str = "upload derivative, 2,560 px, q 85";
const ALL: &str = "all: decode, judge, hash, thumbnail, derivative, seal";

fn main() {
    let file = photo();
    let on_its_side = with_orientation(&file, 6);
    let bench = Bench::new(&file);
    let still = bench.decode(&file);
    let derivative = still.derivative(&bench.spec).expect("it encodes");
    println!(
        "{} × {}, {} bytes; derivative {} × {}, {} bytes; rustc {}, turbojpeg crate 1.5 (libjpeg-turbo 3.1.0), zune-jpeg 0.5.16-rc3",
        still.width(),
        still.height(),
        file.len(),
        derivative.width,
        derivative.height,
        derivative.bytes.len(),
        env!("CARGO_PKG_RUST_VERSION"),
    );
    let peer = RefCell::new(Peer::new(&file, &still));
    let medians = interleaved(
        ROUNDS,
        vec![
            Side::new(PEER_RGB, || peer.borrow_mut().decode_to_rgb(&file)),
            Side::new(PEER_PLANES, || peer.borrow_mut().decode_to_planes(&file)),
            Side::new(PEER_ENCODE, || peer.borrow_mut().encode()),
            Side::new(DECODE, || bench.decode(&file)),
            Side::new(TURNED, || bench.decode(&on_its_side)),
            Side::new("judge", || still.report(&bench.policy)),
            Side::new("perceptual hash", || still.perceptual_hash()),
            Side::new("thumbnail, 320 px", || still.thumbnail()),
            Side::new(DERIVATIVE, || still.derivative(&bench.spec)),
            Side::new("seal and digest", || bench.seal(&derivative, &still.thumbnail())),
            Side::new(ALL, || bench.all(&file)),
        ],
    );
    for median in &medians {
        println!("{:<56} {:>8.2} ms", median.name, median.millis());
    }
    let of =
        |name: &str| *medians.iter().find(|median| median.name == name).expect("every side has a median");
    let print = |what: &str, ours: Median<'_>, theirs: Median<'_>| {
        println!("ratio, {what:<49} {:>8.2}", ours.over(theirs));
    };
    print("decode against a decode to RGB", of(DECODE), of(PEER_RGB));
    print("decode against a decode to planes", of(DECODE), of(PEER_PLANES));
    print("lying on its side against upright", of(TURNED), of(DECODE));
    print("derivative against its encoding", of(DERIVATIVE), of(PEER_ENCODE));
    print("all against a decode to RGB", of(ALL), of(PEER_RGB));
}

struct Bench {
    limits: StillLimits,
    policy: Policy,
    spec: DerivativeSpec,
    scratch: RefCell<StillScratch>,
    recipients: [Recipient; 2],
}

impl Bench {
    fn new(file: &[u8]) -> Self {
        let bench = Self {
            limits: StillLimits::default(),
            policy: Policy::default(),
            spec: DerivativeSpec::default(),
            scratch: RefCell::default(),
            recipients: [(); 2].map(|()| Identity::generate().recipient()),
        };
        bench.decode(file);
        bench
    }

    fn decode(&self, file: &[u8]) -> Still {
        Still::decode_with(file, &self.limits, &mut self.scratch.borrow_mut()).expect("a bench photo decodes")
    }

    fn seal(&self, derivative: &Jpeg, thumbnail: &Jpeg) -> u64 {
        let out = DigestWriter::new(Vec::with_capacity(derivative.bytes.len() + (64 << 10)));
        let (out, ()) = seal(&self.recipients, out, |sealed| {
            sealed.write_all(&thumbnail.bytes)?;
            Ok(sealed.write_all(&derivative.bytes)?)
        })
        .expect("memory takes it");
        out.finish().1
    }

    fn all(&self, file: &[u8]) -> u64 {
        let still = self.decode(file);
        std::hint::black_box((still.report(&self.policy), still.perceptual_hash()));
        self.seal(&still.derivative(&self.spec).expect("it encodes"), &still.thumbnail())
    }
}

/// Compressor, decompressor and buffers, reused: the fastest way turbojpeg has.
struct Peer {
    decompressor: turbojpeg::Decompressor,
    compressor: turbojpeg::Compressor,
    size: (usize, usize),
    pixels: Vec<u8>,
    planes: Vec<u8>,
    /// The planes of the derivative at full quality, and where they go.
    derivative: YuvImage<Vec<u8>>,
    output: turbojpeg::OutputBuf<'static>,
}

impl Peer {
    fn new(file: &[u8], still: &Still) -> Self {
        let header = turbojpeg::read_header(file).expect("turbojpeg reads the header");
        let size = (header.width, header.height);
        let planes = turbojpeg::decompress_to_yuv(file).expect("turbojpeg decodes").pixels;
        let full = still.derivative(&DerivativeSpec { quality: 100, ..DerivativeSpec::default() });
        let derivative =
            turbojpeg::decompress_to_yuv(&full.expect("it encodes").bytes).expect("turbojpeg decodes");
        let mut compressor = turbojpeg::Compressor::new().expect("turbojpeg starts");
        compressor.set_quality(DerivativeSpec::default().quality.into()).expect("turbojpeg takes a quality");
        compressor.set_subsamp(Subsamp::Sub2x2).expect("turbojpeg takes a sampling");
        Self {
            decompressor: turbojpeg::Decompressor::new().expect("turbojpeg starts"),
            compressor,
            size,
            pixels: vec![0; 3 * size.0 * size.1],
            planes,
            derivative,
            output: turbojpeg::OutputBuf::new_owned(),
        }
    }

    fn decode_to_rgb(&mut self, file: &[u8]) {
        let (width, height) = self.size;
        let pixels = self.pixels.as_mut_slice();
        let image = turbojpeg::Image { pixels, width, pitch: 3 * width, height, format: PixelFormat::RGB };
        self.decompressor.decompress(file, image).expect("turbojpeg decodes");
    }

    fn decode_to_planes(&mut self, file: &[u8]) {
        let header = turbojpeg::read_header(file).expect("turbojpeg reads the header");
        let (width, height) = self.size;
        let pixels = self.planes.as_mut_slice();
        let image = YuvImage { pixels, width, align: 4, height, subsamp: header.subsamp };
        self.decompressor.decompress_to_yuv(file, image).expect("turbojpeg decodes");
    }

    fn encode(&mut self) {
        self.compressor
            .compress_yuv(self.derivative.as_deref(), &mut self.output)
            .expect("turbojpeg encodes");
    }
}

/// The file with an EXIF orientation before everything else.
fn with_orientation(file: &[u8], orientation: u8) -> Vec<u8> {
    let tiff =
        [b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".as_slice(), &[orientation, 0, 0, 0, 0, 0, 0, 0]]
            .concat();
    let payload = [b"Exif\0\0".as_slice(), &tiff].concat();
    let length = (payload.len() as u16 + 2).to_be_bytes();
    [&file[..2], &[0xFF, 0xE1], &length, &payload, &file[2..]].concat()
}
