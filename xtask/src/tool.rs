//! Finding and running programs.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

/// The repository's root.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

/// Something outside the repository, with where it comes from.
pub(crate) enum Need {
    /// A program.
    Tool {
        /// The command by which it is called.
        command: &'static [&'static str],
        /// How to get it on Debian.
        install: &'static str,
    },
    /// The standard library for another target.
    RustTarget(&'static str),
    /// A folder.
    Folder {
        /// Where it is, from the repository's root.
        path: &'static str,
        /// What it holds.
        origin: &'static str,
    },
    /// One of several will do.
    AnyOf(&'static [Need]),
}

impl Need {
    /// Whether the folder or library exists, or the program answers to `--version`.
    pub(crate) fn is_there(&self) -> bool {
        match self {
            Self::Folder { path, .. } => root().join(path).is_dir(),
            Self::AnyOf(needs) => needs.iter().any(Self::is_there),
            Self::RustTarget(target) => {
                let libraries =
                    Command::new("rustc").args(["--print", "target-libdir", "--target", target]).output();
                libraries
                    .is_ok_and(|output| Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir())
            }
            Self::Tool { command: [program, arguments @ ..], .. } => Command::new(program)
                .args(arguments)
                .arg("--version")
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .is_ok_and(|status| status.success()),
            Self::Tool { .. } => false,
        }
    }
}

impl std::fmt::Display for Need {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Tool { command, install } => write!(f, "{} ({install})", command.join(" ")),
            Self::RustTarget(target) => write!(f, "Rust for {target} (rustup target add {target})"),
            Self::Folder { path, origin } => write!(f, "{path} ({origin})"),
            Self::AnyOf(needs) => {
                let needs: Vec<String> = needs.iter().map(ToString::to_string).collect();
                f.write_str(&needs.join(" or "))
            }
        }
    }
}

/// The cargo that runs this task.
pub(crate) fn cargo() -> PathBuf {
    std::env::var_os("CARGO").map_or_else(|| "cargo".into(), PathBuf::from)
}

/// Runs cargo in the root, with more environment; an error names the command.
pub(crate) fn run_cargo(arguments: &[&str], environment: &[(&str, &str)]) -> anyhow::Result<()> {
    let cargo = cargo();
    let cargo = cargo.to_str().context("cargo is at no readable path")?;
    run_program(&[&[cargo], arguments].concat(), environment)
}

/// Runs a program in the root, with more environment; an error names the command.
pub(crate) fn run_program(command: &[&str], environment: &[(&str, &str)]) -> anyhow::Result<()> {
    let line = command.join(" ");
    println!("    {line}");
    let [program, arguments @ ..] = command else { bail!("run no program") };
    let status = Command::new(program)
        .args(arguments)
        .envs(environment.iter().copied())
        .current_dir(root())
        .status()
        .with_context(|| format!("start {line}"))?;
    if !status.success() {
        bail!("{line} ended with {status}");
    }
    Ok(())
}
