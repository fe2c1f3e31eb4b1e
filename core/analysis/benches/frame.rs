//! One preview frame, and the parts of it: `cargo bench -p clearshot-analysis --features internals --bench frame`.
//! With a peer beside it: `cargo xtask bench analysis`.

#![allow(clippy::expect_used, reason = "a bench that cannot start has nothing to measure")]

use std::time::Duration;

use clearshot_analysis::internals::{Reduction, TilePass, picture};
use clearshot_analysis::{FrameContext, FrameScratch, LumaPlane, Policy, analyse_frame};
use criterion::{Criterion, criterion_group, criterion_main};

const SIZES: [(&str, usize, usize); 4] =
    [("VGA", 640, 480), ("720p", 1280, 720), ("1080p", 1920, 1080), ("12 MP", 4032, 3024)];

fn frames(criterion: &mut Criterion) {
    let (context, policy) = (FrameContext::default(), Policy::default());
    for (name, width, height) in SIZES {
        let mut group = criterion.benchmark_group(name);
        group
            .sample_size(30)
            .measurement_time(Duration::from_secs(1))
            .warm_up_time(Duration::from_millis(300));
        let data = picture(width, height);
        let plane = LumaPlane::new(&data, width, height, width, 1).expect("the plane fits its buffer");
        let (mut scratch, mut pass) = (FrameScratch::default(), TilePass::default());
        let mut reduction = Reduction::default();
        group.bench_function("whole", |b| b.iter(|| analyse_frame(&plane, &context, &policy, &mut scratch)));
        group.bench_function("reduce", |b| b.iter(|| reduction.run(&plane)));
        if name == "VGA" {
            group.bench_function("tile pass", |b| b.iter(|| pass.run(&plane)));
            group.bench_function("tile pass, scalar", |b| b.iter(|| pass.run_scalar(&plane)));
        }
        group.finish();
    }
}

criterion_group!(benches, frames);
criterion_main!(benches);
