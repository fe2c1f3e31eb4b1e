//! One preview frame against OpenCV, in turns in one run: `cargo xtask bench analysis`, which makes the peer's Python
//! environment and pins both to one core. `CLEARSHOT_OPENCV_PYTHON` names another Python that has OpenCV.
//!
//! Both sides are measured in CPU time of their thread, since the machine is never quiet.

#![allow(clippy::expect_used, reason = "a bench that cannot start has nothing to measure")]

use std::hint::black_box;
use std::time::Duration;

use clearshot_analysis::internals::{Reduction, TilePass, picture};
use clearshot_analysis::{FrameContext, FrameScratch, LumaPlane, Policy, analyse_frame};
use clearshot_benches::measure::thread_time;
use clearshot_benches::peer::Peer;

/// Runs of each side, of which the median counts.
const ROUNDS: usize = 41;
/// Runs before that, to fill caches and buffers.
const WARM_UP: usize = 5;

const SIZES: [(&str, usize, usize); 4] =
    [("VGA", 640, 480), ("720p", 1280, 720), ("1080p", 1920, 1080), ("12 MP", 4032, 3024)];

fn main() {
    let python = std::env::var("CLEARSHOT_OPENCV_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let mut peer = match Peer::start(&python, "opencv_peer.py", &[]) {
        Ok(peer) => peer,
        Err(reason) => {
            println!("no OpenCV in {python} ({reason}): pip install --requirement benches/requirements.txt");
            return;
        }
    };
    println!("{} on one thread; ours: {}", peer.version(), TilePass::instruction_set());
    println!("medians of {ROUNDS} runs in turns, CPU time of the thread");
    for (name, width, height) in SIZES {
        let data = picture(width, height);
        peer.send(&format!("plane {width} {height}"), &data);
        measure(name, &LumaPlane::new(&data, width, height, width, 1).expect("the plane fits"), &mut peer);
    }
}

fn measure(name: &str, plane: &LumaPlane<'_>, peer: &mut Peer) {
    let (context, policy) = (FrameContext::default(), Policy::default());
    let (mut scratch, mut pass, mut reduction) =
        (FrameScratch::default(), TilePass::default(), Reduction::default());
    let (mut whole, mut tiles, mut scalar, mut reduce) =
        (Times::new(), Times::new(), Times::new(), Times::new());
    let (mut apps, mut in_whole, mut per_tile) = (Times::new(), Times::new(), Times::new());
    let is_vga = name == "VGA";
    for _ in 0..WARM_UP + ROUNDS {
        whole.push(timed(|| analyse_frame(plane, &context, &policy, &mut scratch)));
        apps.push(peer.time("apps"));
        reduce.push(timed(|| reduction.run(plane)));
        if is_vga {
            tiles.push(timed(|| pass.run(plane)));
            in_whole.push(peer.time("whole"));
            tiles.push(timed(|| pass.run(plane)));
            per_tile.push(peer.time("tiles"));
            scalar.push(timed(|| pass.run_scalar(plane)));
        }
    }
    let (whole, apps) = (whole.median(), apps.median());
    println!("\n{name}, {} × {}", plane.width(), plane.height());
    println!("  whole analysis {whole:.1?}, of which reduction {:.1?}", reduce.median());
    println!("  OpenCV as apps call it {apps:.1?}: ratio {:.2}", ratio(whole, apps));
    if is_vga {
        let (tiles, in_whole, per_tile) = (tiles.median(), in_whole.median(), per_tile.median());
        println!("  tile pass {tiles:.1?}, scalar {:.1?}", scalar.median());
        println!(
            "  OpenCV, the same quantities per tile {per_tile:.1?}: {:.1} times faster",
            ratio(per_tile, tiles)
        );
        println!(
            "  OpenCV, over the whole plane only {in_whole:.1?}: {:.1} times faster",
            ratio(in_whole, tiles)
        );
    }
}

fn ratio(a: Duration, b: Duration) -> f64 {
    a.as_secs_f64() / b.as_secs_f64()
}

/// The second of two runs: the peer's run in between has filled the caches with its own.
fn timed<T>(mut run: impl FnMut() -> T) -> Duration {
    black_box(run());
    let start = thread_time();
    black_box(run());
    thread_time().saturating_sub(start)
}

/// The times of one side; the first ones do not count.
struct Times(Vec<Duration>);

impl Times {
    fn new() -> Self {
        Self(Vec::new())
    }

    fn push(&mut self, time: Duration) {
        self.0.push(time);
    }

    fn median(&self) -> Duration {
        let mut times = self.0[WARM_UP..].to_vec();
        times.sort();
        times[times.len() / 2]
    }
}
