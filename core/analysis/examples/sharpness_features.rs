//! Prints the measurements behind the sharpness score as CSV, for `fit/fit.py`:
//! `cargo run --release -p clearshot-analysis --example sharpness_features -- PHOTO…`

use clearshot_analysis::{Policy, Still, StillLimits};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("file,coverage,ratio,crisp,top,half_top,contrast,coherence,sigma,score");
    for path in std::env::args().skip(1) {
        let still = Still::decode(&std::fs::read(&path)?, &StillLimits::default())?;
        let e = still.sharpness_evidence();
        let score = still.report(&Policy::default()).sharpness.score;
        println!(
            "{path},{},{},{},{},{},{},{},{},{score}",
            e.coverage, e.ratio, e.crisp, e.top, e.half_top, e.contrast, e.coherence, e.sigma
        );
    }
    Ok(())
}
