//! `cargo xtask test`: the stages, as data, and how they are counted.

use std::process::Command;
use std::time::Instant;

use anyhow::bail;

use crate::tool::{Need, cargo, root, run_cargo, run_program};
use crate::{bindings, languages, phones};

/// One thing to check.
struct Stage {
    name: &'static str,
    /// Without one of these, the stage cannot run.
    needs: &'static [Need],
    /// Without one of these, the stage runs, and leaves out a part that says so.
    wants: &'static [Need],
    /// Runs it. With `all`, what a test would leave out makes it fail (the tests read `CI`).
    run: fn(all: bool) -> anyhow::Result<()>,
}

/// Runs the tests faster and apart from each other; without it, cargo does.
const NEXTEST: Need =
    Need::Tool { command: &["cargo", "nextest"], install: "cargo install --locked cargo-nextest" };
const DENY: Need = Need::Tool { command: &["cargo", "deny"], install: "cargo install --locked cargo-deny" };
/// The reference implementation, which opens what we seal, and the reverse.
const AGE: Need = Need::Tool { command: &["age"], install: "apt-get install age" };
/// Builds libjpeg-turbo, the peer of a benchmark.
const CMAKE: Need = Need::Tool { command: &["cmake"], install: "apt-get install cmake nasm" };
/// Runs programs of another machine.
const QEMU: Need = Need::Tool { command: &["qemu-aarch64"], install: "apt-get install qemu-user" };
/// Links for arm64.
const ARM64_GCC: Need = Need::Tool {
    command: &["aarch64-linux-gnu-gcc"],
    install: "apt-get install gcc-aarch64-linux-gnu libc6-dev-arm64-cross",
};
const ARM64_RUST: Need = Need::RustTarget(ARM64);
const ARM64: &str = "aarch64-unknown-linux-gnu";
/// Real photos, which are not ours to publish.
const PHOTOS: Need =
    Need::Folder { path: "../shared/photos", origin: "real photos, kept beside the repository" };
/// Runs the clients and servers of other people, with npm to get them.
const NODE: Need = Need::Tool { command: &["node"], install: "Node 20.19 or later" };
const NODE_PEERS: Need = Need::Folder { path: "target/interop/node/node_modules", origin: INTEROP };
const PYTHON_PEERS: Need = Need::Folder { path: "target/interop/python", origin: INTEROP };
const INTEROP: &str = "uploads of other people's programs; tests/interop/install gets them";

/// Trains the relevance model.
const TRAINER: Need = Need::Folder {
    path: "models/train/.venv/bin",
    origin: "the packages that train the relevance model; models/train/run install gets them",
};

const STAGES: &[Stage] = &[
    Stage { name: "format", needs: &[], wants: &[], run: |_| run_cargo(&["fmt", "--all", "--check"], &[]) },
    Stage { name: "lints", needs: &[], wants: &[CMAKE], run: |_| lints() },
    Stage { name: "tests", needs: &[], wants: &[AGE, PHOTOS, NODE, NODE_PEERS, PYTHON_PEERS], run: tests },
    Stage {
        name: "vector code on arm64 (qemu)",
        needs: &[QEMU, ARM64_GCC, ARM64_RUST],
        wants: &[],
        run: |_| arm64(),
    },
    Stage { name: "language bindings", needs: &[], wants: &[], run: |_| bindings::run().map(|_| ()) },
    Stage { name: "Kotlin package", needs: languages::KOTLIN_NEEDS, wants: &[], run: languages::kotlin },
    Stage { name: "Swift package", needs: languages::SWIFT_NEEDS, wants: &[], run: languages::swift },
    Stage {
        name: "facade for phones (cargo check)",
        needs: phones::NEEDS,
        wants: &[],
        run: |_| phones::check(),
    },
    Stage { name: "without the relevance model", needs: &[], wants: &[], run: |_| without_model() },
    Stage {
        name: "training of the relevance model (generated pictures)",
        needs: &[TRAINER],
        wants: &[],
        run: |_| training(),
    },
    Stage { name: "examples in the documents", needs: &[], wants: &[], run: |_| examples() },
    Stage { name: "documents", needs: &[], wants: &[], run: |_| documents() },
    Stage {
        name: "licences, bans and sources of dependencies",
        needs: &[DENY],
        wants: &[],
        // Advisories need a network; `cargo deny check` checks them, too.
        run: |_| run_cargo(&["deny", "--all-features", "check", "licenses", "bans", "sources"], &[]),
    },
];

fn lints() -> anyhow::Result<()> {
    let clippy: &[&str] = &["clippy", "--all-targets"];
    run_cargo(&[clippy, &members(), &["--", "-D", "warnings"]].concat(), &[])
}

fn tests(all: bool) -> anyhow::Result<()> {
    let environment: &[(&str, &str)] = if all { &[("CI", "true")] } else { &[] };
    let run: &[&str] =
        if NEXTEST.is_there() { &["nextest", "run"] } else { &["test", "--lib", "--bins", "--tests"] };
    run_cargo(&[run, &members(), &["--no-fail-fast"]].concat(), environment)
}

/// The tests that compare the NEON leaf functions with the scalar ones; fewer cases, since every instruction is emulated.
fn arm64() -> anyhow::Result<()> {
    let test = ["test", "--locked", "--package", "clearshot-analysis", "--lib", "--target", ARM64];
    let environment = [
        ("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER", "aarch64-linux-gnu-gcc"),
        ("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER", "qemu-aarch64 -L /usr/aarch64-linux-gnu"),
        ("PROPTEST_CASES", "64"),
    ];
    run_cargo(&[&test[..], &["--", "tiles", "reduce", "baseline"]].concat(), &environment)
}

/// The program without its default features: it builds, its lints hold, and nothing of a model's runtime is linked.
fn without_model() -> anyhow::Result<()> {
    let package = ["--package", "clearshot", "--no-default-features", "--locked"];
    let tree = Command::new(cargo())
        .arg("tree")
        .args(package)
        .args(["--edges", "normal"])
        .current_dir(root())
        .output()?;
    let tree = String::from_utf8_lossy(&tree.stdout);
    // A tree that could not be made has no line of our own, either.
    if !tree.contains("clearshot-analysis") || tree.contains("tract-") {
        bail!(
            "keep the runtime of models out of a build without default features: cargo tree shows it, or failed"
        );
    }
    run_cargo(&[&["clippy", "--all-targets"], &package[..], &["--", "-D", "warnings"]].concat(), &[])
}

/// The trainer's own lints and tests, and its whole pipeline on few pictures.
fn training() -> anyhow::Result<()> {
    ["lint", "test", "smoke"].into_iter().try_for_each(|task| run_program(&["models/train/run", task], &[]))
}

fn examples() -> anyhow::Result<()> {
    let test: &[&str] = &["test", "--doc"];
    run_cargo(&[test, &members()].concat(), &[])
}

/// All crates that can be built here, with all their features.
fn members() -> Vec<&'static str> {
    let mut members = vec!["--workspace", "--all-features", "--locked"];
    if !CMAKE.is_there() {
        members.extend(["--exclude", "clearshot-benches"]);
    }
    members
}

fn documents() -> anyhow::Result<()> {
    let doc = ["doc", "--workspace", "--all-features", "--no-deps", "--locked"];
    run_cargo(&doc, &[("RUSTDOCFLAGS", "-D warnings")])
}

/// Runs the stages. With `all`, a missing tool is a failure.
pub(crate) fn run(all: bool, only: Option<&str>) -> anyhow::Result<()> {
    let (mut passed, mut failed, mut skipped) = (0, Vec::<String>::new(), Vec::<String>::new());
    for stage in STAGES.iter().filter(|stage| only.is_none_or(|text| stage.name.contains(text))) {
        println!("\n==> {}", stage.name);
        let missing = |needs: &'static [Need]| needs.iter().filter(|need| !need.is_there());
        let list = if all { &mut failed } else { &mut skipped };
        for need in missing(stage.wants) {
            list.push(format!("a part of {}: it needs {need}", stage.name));
        }
        if let Some(need) = missing(stage.needs).next() {
            list.push(format!("{}: it needs {need}", stage.name));
            continue;
        }
        let start = Instant::now();
        match (stage.run)(all) {
            Ok(()) => {
                passed += 1;
                println!("    passed in {:.0} s", start.elapsed().as_secs_f64());
            }
            Err(error) => {
                println!("    failed: {error:#}");
                failed.push(stage.name.to_owned());
            }
        }
    }
    if !NEXTEST.is_there() {
        println!("\nnote: cargo ran the tests; {NEXTEST} runs them faster");
    }
    println!();
    for note in &skipped {
        println!("skipped  {note}");
    }
    for note in &failed {
        println!("failed   {note}");
    }
    println!("stages: {passed} passed, {} failed, {} skipped", failed.len(), skipped.len());
    if !failed.is_empty() {
        bail!("{} of {} stages failed", failed.len(), passed + failed.len() + skipped.len());
    }
    Ok(())
}
