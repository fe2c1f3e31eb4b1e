//! One preview frame: `cargo bench -p clearshot-analysis --bench frame`.

#![allow(clippy::expect_used, reason = "a bench that cannot start has nothing to measure")]

use std::time::Duration;

use clearshot_analysis::{FrameContext, FrameScratch, LumaPlane, Policy, analyse_frame};
use criterion::{Criterion, criterion_group, criterion_main};

fn frames(criterion: &mut Criterion) {
    let (context, policy) = (FrameContext::default(), Policy::default());
    let mut group = criterion.benchmark_group("frame");
    group.sample_size(30).measurement_time(Duration::from_secs(2)).warm_up_time(Duration::from_millis(500));
    for (name, width, height) in [("VGA", 640, 480), ("720p", 1280, 720), ("1080p", 1920, 1080)] {
        let data: Vec<u8> =
            (0..width * height).map(|i| ((i % width) * (i / width) / 97 % 256) as u8).collect();
        let plane = LumaPlane::new(&data, width, height, width, 1).expect("the plane fits its buffer");
        let mut scratch = FrameScratch::default();
        group.bench_function(name, |b| {
            b.iter(|| analyse_frame(&plane, &context, &policy, &mut scratch));
        });
    }
    group.finish();
}

criterion_group!(benches, frames);
criterion_main!(benches);
