//! `cargo xtask size`: how many bytes Clearshot adds to an app.
//!
//! Weighed is the facade's library, which is what an app carries; and, to know what the relevance model costs, a program that
//! calls what a phone calls (benches/size) with and without it. All in the release profile, stripped. The figures of this
//! machine's target are kept in docs/size.json; what is more than a twentieth larger than there is a failure. With relevance,
//! the model's own file is built in and counted.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

use crate::bindings::FACADE;
use crate::tool::{root, run_cargo, run_program};

/// Where the figures are kept.
const FIGURES: &str = "docs/size.json";

/// How much larger than the figures kept a program may be: compilers and dependencies move it by some percent.
const TOLERANCE: f64 = 1.05;

/// Bytes by name.
type Sizes = BTreeMap<String, u64>;

/// Weighs, prints, and compares with the figures kept, or writes them.
pub(crate) fn run(write: bool) -> anyhow::Result<()> {
    let mut sizes = Sizes::new();
    weigh_library(&mut sizes)?;
    for (name, features) in [("without_relevance", &[][..]), ("with_relevance", &["--features", "relevance"])]
    {
        let build = ["build", "--release", "--locked", "--package", "clearshot-size"];
        run_cargo(&[&build[..], features].concat(), &[])?;
        strip_and_weigh(name, "target/release/clearshot-size", &mut sizes)?;
    }
    if write {
        let lines: Vec<String> = sizes.iter().map(|(name, bytes)| format!("  \"{name}\": {bytes}")).collect();
        let text = format!("{{\n{}\n}}\n", lines.join(",\n"));
        #[allow(clippy::disallowed_methods, reason = "a file of the repository; git keeps it safe")]
        return std::fs::write(root().join(FIGURES), text).with_context(|| format!("write {FIGURES}"));
    }
    compare(&sizes)
}

fn weigh_library(sizes: &mut Sizes) -> anyhow::Result<()> {
    // The shared library only: the static one and that for Rust would double the time.
    let build = ["rustc", "--release", "--locked", "--package", FACADE, "--lib", "--crate-type", "cdylib"];
    run_cargo(&build, &[])?;
    strip_and_weigh("library", "target/release/libclearshot_ffi.so", sizes)
}

fn strip_and_weigh(name: &str, built: &str, sizes: &mut Sizes) -> anyhow::Result<()> {
    let stripped = format!("{built}-stripped");
    run_program(&["strip", "--strip-unneeded", "-o", &stripped, built], &[])?;
    weigh(name, &root().join(stripped), sizes)
}

/// Bytes as they are and after `gzip -9`, as an app store would send them.
fn weigh(name: &str, path: &Path, sizes: &mut Sizes) -> anyhow::Result<()> {
    let plain = std::fs::metadata(path).with_context(|| format!("weigh {}", path.display()))?.len();
    let gzip = Command::new("gzip").args(["-9", "--stdout"]).arg(path).stdout(Stdio::piped()).output();
    let gzip = gzip.context("start gzip")?;
    if !gzip.status.success() {
        bail!("gzip ended with {}", gzip.status);
    }
    sizes.insert(name.to_owned(), plain);
    sizes.insert(format!("{name}_gzip"), gzip.stdout.len() as u64);
    Ok(())
}

fn compare(sizes: &Sizes) -> anyhow::Result<()> {
    for (name, bytes) in sizes {
        println!("    {name:<24} {bytes:>10} bytes");
    }
    let text = std::fs::read_to_string(root().join(FIGURES)).with_context(|| format!("read {FIGURES}"))?;
    let kept = read(&text)?;
    let larger: Vec<String> = sizes
        .iter()
        .filter_map(|(name, &bytes)| {
            let Some(&before) = kept.get(name) else {
                return Some(format!("{name} is {bytes} bytes and was never written down"));
            };
            let grown = bytes as f64 > before as f64 * TOLERANCE;
            grown.then(|| format!("{name} was {before} bytes and is {bytes}"))
        })
        .collect();
    if larger.is_empty() {
        return Ok(());
    }
    bail!("{}; if that is worth it, keep it by `cargo xtask size --write`", larger.join("; "))
}

/// The file has one name and number a line, as [`run`] writes it.
fn read(text: &str) -> anyhow::Result<Sizes> {
    text.lines()
        .filter_map(|line| line.trim().trim_end_matches(',').split_once(':'))
        .map(|(name, bytes)| {
            let bytes = bytes.trim().parse().with_context(|| format!("read {FIGURES}: {bytes}"))?;
            Ok((name.trim_matches('"').to_owned(), bytes))
        })
        .collect()
}
