//! Prints the verdict on each photo: `cargo run --release -p clearshot-analysis --example judge -- PHOTO…`

use clearshot_analysis::{Policy, Still, StillLimits};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for path in std::env::args().skip(1) {
        let still = Still::decode(&std::fs::read(&path)?, &StillLimits::default())?;
        println!("{path}\t{}", serde_json::to_string(&still.report(&Policy::default()))?);
    }
    Ok(())
}
