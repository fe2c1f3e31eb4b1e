//! `cargo xtask size`: how many bytes Clearshot adds to an app, with and without the relevance model.
//!
//! Weighed is a program that calls what a phone calls (benches/size), in the release profile, stripped. The figures of
//! this machine's target are kept in docs/size.json; a program more than a twentieth larger than there is a failure.
//! With relevance, the model's own file is built in and counted.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

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
    for (name, features) in [("without_relevance", &[][..]), ("with_relevance", &["--features", "relevance"])]
    {
        let build = ["build", "--release", "--locked", "--package", "clearshot-size"];
        run_cargo(&[&build[..], features].concat(), &[])?;
        let stripped = root().join("target/release/clearshot-size-stripped");
        let path = stripped.to_str().context("the root is at no readable path")?;
        run_program(&["strip", "--strip-all", "-o", path, "target/release/clearshot-size"], &[])?;
        weigh(name, &stripped, &mut sizes)?;
    }
    for (name, bytes) in &sizes {
        println!("{name:<28} {bytes:>10} bytes");
    }
    if write {
        let lines: Vec<String> = sizes.iter().map(|(name, bytes)| format!("  \"{name}\": {bytes}")).collect();
        let text = format!("{{\n{}\n}}\n", lines.join(",\n"));
        #[allow(clippy::disallowed_methods, reason = "a file of the repository; git keeps it safe")]
        return std::fs::write(root().join(FIGURES), text).with_context(|| format!("write {FIGURES}"));
    }
    compare(&sizes)
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
    let text = std::fs::read_to_string(root().join(FIGURES)).with_context(|| format!("read {FIGURES}"))?;
    let kept = read(&text)?;
    let larger: Vec<String> = sizes
        .iter()
        .filter_map(|(name, &bytes)| {
            let before = *kept.get(name)?;
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
