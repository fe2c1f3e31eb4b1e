//! `cargo xtask bindings`: builds the facade's library and makes its Kotlin and Swift.
//!
//! Everything lands in target/: the library in target/debug, the sources in target/bindings/{kotlin,swift}. It is made anew on
//! every computer and never committed. What an app team calls is written by hand on top of it (bindings/kotlin,
//! bindings/swift).

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::pages;
use crate::tool::{root, run_cargo, run_program};

/// The package that is bound.
pub(crate) const FACADE: &str = "clearshot-ffi";

/// A language, and what is written for it below target/bindings.
const LANGUAGES: &[(&str, &[&str])] = &[
    ("kotlin", &["dev/clearshot/generated/clearshot_ffi.kt"]),
    ("swift", &["ClearshotGenerated.swift", "clearshot_ffiFFI.h", "clearshot_ffiFFI.modulemap"]),
];

/// The package with the program that writes a language's sources, and the program.
const GENERATOR: &str = "clearshot-bindgen";
const BINDGEN: &str = "uniffi-bindgen";

/// The program that the packages' tests talk to.
const SERVER: &str = "clearshot";

/// How the library is built: to test it, or to weigh and ship it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    Debug,
    Release,
}

impl Profile {
    /// Its folder in target/.
    pub(crate) fn folder(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Release => "release",
        }
    }
}

/// Builds library, generator and server, and generates; gives the library. Fails when the API cannot be bound, or when the
/// library would not load on every phone.
pub(crate) fn run() -> anyhow::Result<PathBuf> {
    let library = build(Profile::Debug)?;
    for (language, files) in LANGUAGES {
        generate(&library, language, files)?;
    }
    Ok(library)
}

/// Builds the shared and the static library for this computer, and checks how the shared one is laid out.
pub(crate) fn build(profile: Profile) -> anyhow::Result<PathBuf> {
    let mut build = vec!["build", "--locked", "--package", FACADE];
    match profile {
        // In one build, because each choice of packages has features of its own, and so builds its dependencies again.
        Profile::Debug => build.extend(["--package", GENERATOR, "--package", SERVER]),
        Profile::Release => build.push("--release"),
    }
    run_cargo(&build, &[])?;
    let name = format!("{}clearshot_ffi{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let library = root().join("target").join(profile.folder()).join(name);
    if cfg!(target_os = "linux") {
        pages::check(&library)?;
    }
    Ok(library)
}

/// Makes one language's sources, aside first: a file that says the same as before keeps its time, so that what was built
/// of it stays built.
fn generate(library: &Path, language: &str, files: &[&str]) -> anyhow::Result<()> {
    let (made, out) = (root().join("target/bindings/new"), root().join("target/bindings").join(language));
    if made.exists() {
        std::fs::remove_dir_all(&made).with_context(|| format!("remove {}", made.display()))?;
    }
    let (library, folder) = (text(library)?, text(&made)?);
    let generator = format!("target/{}/{BINDGEN}{}", Profile::Debug.folder(), std::env::consts::EXE_SUFFIX);
    let options = ["--library", &library, "--language", language, "--out-dir", &folder];
    run_program(&[&[&generator, "generate", "--no-format"], &options[..]].concat(), &[])?;
    for file in files {
        let (new, kept) = (made.join(file), out.join(file));
        let text =
            std::fs::read(&new).with_context(|| format!("bind the facade: {language} has no {file}"))?;
        if std::fs::read(&kept).is_ok_and(|before| before == text) {
            continue;
        }
        std::fs::create_dir_all(kept.parent().unwrap_or(&out))
            .and_then(|()| std::fs::rename(&new, &kept))
            .with_context(|| format!("write {}", kept.display()))?;
    }
    Ok(())
}

/// A path as an argument.
pub(crate) fn text(path: &Path) -> anyhow::Result<String> {
    path.to_str().map(str::to_owned).context("the root is at no readable path")
}
