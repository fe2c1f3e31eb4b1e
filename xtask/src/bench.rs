//! `cargo xtask bench`: the benchmarks whose figures stand in docs/benchmarks.md.

use crate::tool::run_cargo;

/// Name, package and bench target.
const BENCHES: &[(&str, &str, &str)] = &[
    ("frame", "clearshot-analysis", "frame"),
    ("still", "clearshot-benches", "still"),
    ("shutter-to-durable", "clearshot-capture", "shutter_to_durable"),
];

/// Runs those whose name contains `only`.
pub(crate) fn run(only: Option<&str>) -> anyhow::Result<()> {
    for (name, package, target) in
        BENCHES.iter().filter(|(name, ..)| only.is_none_or(|text| name.contains(text)))
    {
        println!("\n==> {name}");
        run_cargo(&["bench", "--locked", "--package", package, "--bench", target], &[])?;
    }
    Ok(())
}
