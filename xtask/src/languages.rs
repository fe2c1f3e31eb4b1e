//! The stages of the two hand-written packages: tests, public API, documents.
//!
//! Both run against the library of this computer and against the real server, so they build those first.

use std::process::Command;

use anyhow::Context as _;
use serde::Deserialize;

use crate::api::{self, Listing};
use crate::bindings::{self, text};
use crate::package;
use crate::tool::{Need, root, run_program};

pub(crate) const KOTLIN_NEEDS: &[Need] = &[
    Need::Tool { command: &["java"], install: "apt-get install default-jdk-headless" },
    Need::Tool { command: &["mvn"], install: "apt-get install maven" },
];

/// Maven for the Kotlin package; what it needs it fetches from Maven Central once.
const MAVEN: &[&str] = &["mvn", "--quiet", "--batch-mode", "--file", "bindings/kotlin/pom.xml"];

/// The library that the README's first chapter is tried with: this build's, so that CI makes no release for it.
const TRIAL_NATIVES: &str = "target/bindings/natives-debug";

/// Swift for the Swift package: the computer's own, or Debian's in a folder.
const SWIFT: &str = "bindings/swift/tools/swift";
/// What `swift format` looks at: everything that is written by hand.
const SWIFT_SOURCES: &[&str] = &["Sources/Clearshot", "Tests", "Samples", "Benchmarks", "Package.swift"];
/// The front page of the Swift package's documents.
const SWIFT_CATALOGUE: &str = "bindings/swift/Sources/Clearshot/Clearshot.docc";
/// Where Swift puts the symbols of what it has built.
const SYMBOLS: &str = "target/swift/symbols";

const SWIFT_ON_DEBIAN: &str = "bindings/swift/tools/swift-on-debian.sh";
const SWIFT_ROOT: &str = "target/swift-root";
const DEBIAN_SWIFT: Need = Need::Folder {
    path: SWIFT_ROOT,
    origin: "Debian's Swift; `bindings/swift/tools/swift build` gets it, as root",
};
pub(crate) const SWIFT_NEEDS: &[Need] =
    &[Need::AnyOf(&[DEBIAN_SWIFT, Need::Tool { command: &["swift"], install: "Swift 6 or later" }])];

/// Tests the Kotlin package, follows its README as somebody new would, compares its API with the page, and makes its KDoc, in which a warning is an error.
pub(crate) fn kotlin(all: bool) -> anyhow::Result<()> {
    let library = bindings::run()?;
    let environment: &[(&str, &str)] = if all { &[("CI", "true")] } else { &[] };
    run_program(&[MAVEN, &["test"]].concat(), environment)?;
    package::lay_native(&library, &root().join(TRIAL_NATIVES))?;
    run_program(&["bindings/kotlin/tools/trial", TRIAL_NATIVES], &[])?;
    api::kotlin(Listing::Compare)?;
    run_program(&[MAVEN, &["dokka:dokka"]].concat(), &[])
}

/// Tests and lints the Swift package, follows its README as somebody new would, compares its API with the page, and makes its DocC, in which a warning is an error.
pub(crate) fn swift(all: bool) -> anyhow::Result<()> {
    bindings::run()?;
    let environment: &[(&str, &str)] = if all { &[("CI", "true")] } else { &[] };
    lint_swift()?;
    run_program(&[SWIFT, "test", "--disable-xctest"], environment)?;
    run_program(&["bindings/swift/tools/trial"], &[])?;
    extract_symbols()?;
    api::swift(&root().join(SYMBOLS), Listing::Compare)?;
    docc()
}

/// The house style of Swift; a finding is an error.
fn lint_swift() -> anyhow::Result<()> {
    run_program(&[&[SWIFT, "format", "lint", "--strict", "--recursive"], SWIFT_SOURCES].concat(), &[])
}

/// Makes both pages anew.
pub(crate) fn list_api() -> anyhow::Result<()> {
    bindings::run()?;
    run_program(&[MAVEN, &["compile"]].concat(), &[])?;
    api::kotlin(Listing::Write)?;
    run_program(&[SWIFT, "build"], &[])?;
    extract_symbols()?;
    api::swift(&root().join(SYMBOLS), Listing::Write)
}

/// Asks Swift for the public symbols of the module that it has built, without what the compiler adds by itself.
fn extract_symbols() -> anyhow::Result<()> {
    let target =
        Command::new(root().join(SWIFT)).arg("-print-target-info").output().context("start Swift")?;
    let target: TargetInfo = serde_json::from_slice(&target.stdout).context("ask Swift for its target")?;
    let symbols = root().join(SYMBOLS);
    package::empty(&symbols)?; // a file of an extension that is gone would be listed
    let built = ["target/swift/swift/debug/Modules", "bindings/swift/Sources/clearshot_ffiFFI"];
    let (symbols, [modules, library]) = (text(&symbols)?, built.map(|folder| text(&root().join(folder))));
    let (modules, library) = (modules?, library?);
    let what = ["symbolgraph-extract", "-module-name", "Clearshot", "-target", &target.target.triple];
    let which = ["-minimum-access-level", "public", "-skip-synthesized-members"];
    let place = ["-I", &modules, "-I", &library, "-output-dir", &symbols];
    run_program(&[&[SWIFT], &what[..], &which, &place].concat(), &[])
}

/// Makes the documents of the Swift package from its symbols; a link that leads nowhere is a warning, and so an error.
fn docc() -> anyhow::Result<()> {
    std::fs::create_dir_all(root().join("target/docs")).context("make target/docs")?;
    let [catalogue, symbols, output] =
        [SWIFT_CATALOGUE, SYMBOLS, "target/docs/swift"].map(|path| text(&root().join(path)));
    let (catalogue, symbols, output) = (catalogue?, symbols?, output?);
    let options =
        ["--additional-symbol-graph-dir", &symbols, "--output-path", &output, "--warnings-as-errors"];
    let names = ["--fallback-display-name", "Clearshot", "--fallback-bundle-identifier", "dev.clearshot"];
    let root = text(root())?;
    let docc: &[&str] = if DEBIAN_SWIFT.is_there() {
        &[SWIFT_ON_DEBIAN, "--bind", &root, SWIFT_ROOT, "bindings/swift", "--", "/usr/libexec/swift/bin/docc"]
    } else {
        &["docc"]
    };
    run_program(&[docc, &["convert", &catalogue], &options[..], &names].concat(), &[])
}

/// What `swift -print-target-info` says, as far as it is read.
#[derive(Deserialize)]
struct TargetInfo {
    target: Target,
}

#[derive(Deserialize)]
struct Target {
    /// Like `x86_64-pc-linux-gnu`.
    triple: String,
}
