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

/// A benchmark of `clearshot-benches` whose peer runs in Python.
struct PythonPeer {
    bench: &'static str,
    /// What the peer needs.
    requirements: &'static str,
    /// Folder of its environment in target/.
    environment: &'static str,
    /// By which variable the benchmark hears of the Python.
    variable: &'static str,
}

const PYTHON_PEERS: &[PythonPeer] = &[
    PythonPeer {
        bench: "analysis",
        requirements: "benches/requirements.txt",
        environment: "opencv",
        variable: "CLEARSHOT_OPENCV_PYTHON",
    },
    PythonPeer {
        bench: "relevance",
        requirements: "benches/relevance-requirements.txt",
        environment: "onnxruntime",
        variable: "CLEARSHOT_ONNXRUNTIME_PYTHON",
    },
];

/// The benchmark whose peers are other people's upload servers. It is no bench target, because it starts programs.
const UPLOAD: &str = "upload";

/// The Rust peer of uploads, from crates.io; that of Node comes with `tests/interop/install`.
const RUSTUS: &str = "rustus@0.5.10";

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
    for peer in PYTHON_PEERS.iter().filter(|peer| only.is_none_or(|text| peer.bench.contains(text))) {
        println!("\n==> {}", peer.bench);
        peer.run()?;
    }
    if only.is_none_or(|text| UPLOAD.contains(text)) {
        println!("\n==> {UPLOAD}");
        upload()?;
    }
    Ok(())
}

impl PythonPeer {
    /// Builds first, then runs both sides on one core.
    fn run(&self) -> anyhow::Result<()> {
        let bench = ["bench", "--locked", "--package", "clearshot-benches", "--bench", self.bench];
        run_cargo(&[&bench[..], &["--no-run"]].concat(), &[])?;
        let python = self.python()?;
        let cargo = cargo();
        let cargo = cargo.to_str().context("cargo is at no readable path")?;
        let pinned = [&["taskset", "--cpu-list", "1", cargo], &bench[..]].concat();
        run_program(&pinned, &[(self.variable, &python)])
    }

    /// A Python with the pinned peer, in an environment of its own that is made once.
    fn python(&self) -> anyhow::Result<String> {
        let folder = root().join("target").join(self.environment);
        let python = folder.join("bin/python");
        let path = |path: &std::path::Path| {
            path.to_str().map(str::to_owned).context("the root is at no readable path")
        };
        if !python.is_file() {
            run_program(&["python3", "-m", "venv", &path(&folder)?], &[])?;
        }
        let install = ["-m", "pip", "install", "--quiet", "--requirement", self.requirements];
        run_program(&[&[path(&python)?.as_str()], &install[..]].concat(), &[])?;
        path(&python)
    }
}

/// Gets the peers, builds both sides, then runs them in turns. A peer that cannot be had is said to be skipped.
fn upload() -> anyhow::Result<()> {
    if !root().join("target/peers/bin/rustus").is_file() {
        let install = ["install", "--locked", RUSTUS, "--root", "target/peers"];
        note_absent(RUSTUS, run_cargo(&install, &[]));
    }
    note_absent("@tus/server", run_program(&["tests/interop/install"], &[]));
    let build = ["build", "--release", "--locked", "--package"];
    run_cargo(&[&build[..], &["clearshot"]].concat(), &[])?;
    run_cargo(&[&build[..], &["clearshot-bench-upload"]].concat(), &[])?;
    run_program(
        &[
            "target/release/clearshot-bench-upload",
            "--folder=target/bench-upload",
            "--clearshot=target/release/clearshot",
            "--node-modules=target/interop/node/node_modules",
            "--rustus=target/peers/bin/rustus",
        ],
        &[],
    )
}

fn note_absent(peer: &str, installed: anyhow::Result<()>) {
    if let Err(error) = installed {
        println!("    {peer} is not there: {error:#}");
    }
}
