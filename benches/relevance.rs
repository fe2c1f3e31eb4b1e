//! The relevance model by tract against onnxruntime, in turns in one run: `cargo xtask bench relevance`, which makes the
//! peer's Python environment and pins both to one core. `CLEARSHOT_ONNXRUNTIME_PYTHON` names another Python that has it,
//! `CLEARSHOT_BENCH_MODEL` another model than models/relevance.onnx.
//!
//! Both sides are measured in CPU time of their thread, since the machine is never quiet.

#![allow(clippy::expect_used, reason = "a bench that cannot start has nothing to measure")]

use std::hint::black_box;
use std::time::Duration;

use clearshot_analysis::{ChromaPlanes, LumaPlane, PixelFormat, PixelView, Still, StillLimits};
use clearshot_benches::measure::{Median, Side, interleaved, thread_time};
use clearshot_benches::peer::Peer;
use clearshot_relevance::{Input, Model, ModelFile};

/// Runs of each side, of which the median counts.
const ROUNDS: usize = 101;

const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../models/relevance.onnx");

fn main() {
    let path = std::env::var("CLEARSHOT_BENCH_MODEL").unwrap_or_else(|_| MODEL.to_owned());
    let bytes = std::fs::read(&path).expect("the model can be read");
    let model = Model::from_bytes(&bytes).expect("the model runs");
    println!("medians of {ROUNDS} runs in turns, CPU time of the thread");
    load(&bytes);
    prepare();
    let python = std::env::var("CLEARSHOT_ONNXRUNTIME_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    match Peer::start(&python, "onnxruntime_peer.py", &[&path]) {
        Ok(mut peer) => compare(&model, &mut peer),
        Err(reason) => println!(
            "no onnxruntime in {python} ({reason}): pip install --requirement benches/relevance-requirements.txt"
        ),
    }
}

/// From the file's bytes to a model that is ready.
fn load(bytes: &[u8]) {
    let file = ModelFile::read(bytes).expect("the model is sound");
    println!(
        "\nmodel: {} bytes, {:.1} million multiply-adds",
        bytes.len(),
        file.multiply_adds() as f64 / 1e6
    );
    let [read, optimise] = take(interleaved(
        ROUNDS,
        vec![
            Side::new("read and check, with SHA-256", || ModelFile::read(bytes)),
            Side::new("optimise", || Model::new(&file)),
        ],
    ));
    println!("  {} {:.2} ms, {} {:.2} ms", read.name, read.millis(), optimise.name, optimise.millis());
    println!("  parse + optimise {:.2} ms (aim <= 10)", read.millis() + optimise.millis());
}

/// From a frame or photo to the network's input.
fn prepare() {
    let luma = pattern(1280 * 960);
    let chroma = pattern(640 * 480 * 2);
    let frame = |width: usize, height: usize| {
        let colours = ChromaPlanes::new(&chroma, &chroma[1..], width / 2, height / 2, width, 2)
            .expect("the colours fit");
        LumaPlane::new(&luma, width, height, width, 1).expect("the plane fits").with_chroma(colours)
    };
    let (vga, large) = (frame(640, 480), frame(1280, 960));
    let pixels = pattern(3 * 2560 * 1920);
    let view = PixelView {
        data: &pixels,
        width: 2560,
        height: 1920,
        row_stride: 3 * 2560,
        format: PixelFormat::Rgb,
    };
    let still = Still::from_pixels(&view, 1, &StillLimits::default()).expect("the photo fits");
    let sides = vec![
        Side::new("VGA, NV12 (aim <= 1 ms)", || Input::of_frame(&vga)),
        Side::new("1280x960, NV12", || Input::of_frame(&large)),
        Side::new("a photo of 2560x1920", || Input::of_frame(&still.plane())),
    ];
    println!("\nprepare");
    for side in interleaved(ROUNDS, sides) {
        println!("  {} {:.2} ms", side.name, side.millis());
    }
}

fn compare(model: &Model, peer: &mut Peer) {
    let luma = pattern(640 * 480);
    let input = Input::of_frame(&LumaPlane::new(&luma, 640, 480, 640, 1).expect("the plane fits"));
    let bytes: Vec<u8> = input.values().iter().flat_map(|value| value.to_le_bytes()).collect();
    peer.send("input", &bytes);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(second_of_two(|| model.run(&input)));
        theirs.push(peer.time("model"));
    }
    let (ours, theirs) = (median(ours), median(theirs));
    println!("\nrun the network");
    println!("  tract {ours:.2?}, {} on one thread {theirs:.2?}", peer.version());
    println!("  ratio {:.2} (aim <= 2.2)", ours.as_secs_f64() / theirs.as_secs_f64());
    println!("  largest difference of an answer {:.1e} (aim <= 1e-4)", difference(model, &input, peer));
}

fn difference(model: &Model, input: &Input, peer: &mut Peer) -> f32 {
    let output = model.run(input).expect("the model runs");
    let ours = output.logits().iter().chain(output.maps().as_flattened());
    let answer = peer.ask("answer");
    let theirs: Vec<f32> =
        answer.split(' ').map(|number| number.parse().expect("the peer answers in numbers")).collect();
    assert_eq!(theirs.len(), ours.clone().count(), "both answer as much");
    ours.zip(theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

/// The peer's run in between has filled the caches with its own.
fn second_of_two<T>(mut run: impl FnMut() -> T) -> Duration {
    black_box(run());
    let start = thread_time();
    black_box(run());
    thread_time().saturating_sub(start)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// As many sides as there were.
fn take<const N: usize>(medians: Vec<Median<'_>>) -> [Median<'_>; N] {
    medians.try_into().expect("every side has a median")
}

/// Bytes without any order that a cache or a branch could learn.
fn pattern(len: usize) -> Vec<u8> {
    (0..len as u32).map(|index| (index.wrapping_mul(0x9E37_79B9) >> 24) as u8).collect()
}
