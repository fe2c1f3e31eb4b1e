//! `cargo xtask bench`: the benchmarks whose figures stand in docs/benchmarks.md.

use anyhow::Context as _;

use crate::tool::{cargo, root, run_cargo, run_program};

/// Name, package and bench target.
const BENCHES: &[(&str, &str, &str)] = &[
    ("frame", "clearshot-analysis", "frame"),
    ("still", "clearshot-benches", "still"),
    ("encoders", "clearshot-benches", "encoders"),
    ("shutter-to-durable", "clearshot-capture", "shutter_to_durable"),
];

/// The benchmark whose peer is OpenCV, in Python.
const ANALYSIS: &str = "analysis";

/// Runs those whose name contains `only`.
pub(crate) fn run(only: Option<&str>) -> anyhow::Result<()> {
    for (name, package, target) in
        BENCHES.iter().filter(|(name, ..)| only.is_none_or(|text| name.contains(text)))
    {
        println!("\n==> {name}");
        let features: &[&str] = if *name == "frame" { &["--features", "internals"] } else { &[] };
        let bench = ["bench", "--locked", "--package", package, "--bench", target];
        run_cargo(&[&bench, features].concat(), &[])?;
    }
    if only.is_none_or(|text| ANALYSIS.contains(text)) {
        println!("\n==> {ANALYSIS}");
        analysis()?;
    }
    Ok(())
}

/// Builds first, then runs both sides on one core.
fn analysis() -> anyhow::Result<()> {
    let bench = ["bench", "--locked", "--package", "clearshot-benches", "--bench", ANALYSIS];
    run_cargo(&[&bench[..], &["--no-run"]].concat(), &[])?;
    let python = opencv()?;
    let cargo = cargo();
    let cargo = cargo.to_str().context("cargo is at no readable path")?;
    let pinned = [&["taskset", "--cpu-list", "1", cargo], &bench[..]].concat();
    run_program(&pinned, &[("CLEARSHOT_OPENCV_PYTHON", &python)])
}

/// A Python with the pinned OpenCV, in an environment of its own that is made once.
fn opencv() -> anyhow::Result<String> {
    let folder = root().join("target/opencv");
    let python = folder.join("bin/python");
    let path =
        |path: &std::path::Path| path.to_str().map(str::to_owned).context("the root is at no readable path");
    if !python.is_file() {
        run_program(&["python3", "-m", "venv", &path(&folder)?], &[])?;
    }
    let install = ["-m", "pip", "install", "--quiet", "--requirement", "benches/requirements.txt"];
    run_program(&[&[path(&python)?.as_str()], &install[..]].concat(), &[])?;
    path(&python)
}
