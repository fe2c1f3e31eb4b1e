//! `cargo xtask api`: the public API of both packages, a page each, made from what the compilers made of them.
//!
//! The pages are committed, so that a change of the API is seen in review. The stages of the packages make them anew and
//! fail when they differ, or when a name shows that no hand has written.

mod symbols;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::bindings::text;
use crate::tool::{root, run_program};

/// The page of the Kotlin package.
const KOTLIN_PAGE: &str = "docs/api-kotlin.md";
/// That of the Swift package.
const SWIFT_PAGE: &str = "docs/api-swift.md";

/// What to do with a listing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Listing {
    /// Keep it as the page.
    Write,
    /// Fail when the page says something else.
    Compare,
}

/// Lists the classes that Maven has compiled.
pub(crate) fn kotlin(listing: Listing) -> anyhow::Result<()> {
    let made = root().join("target/kotlin-api/api-kotlin.md");
    let classes = text(&root().join("bindings/kotlin/target/classes"))?;
    let arguments = format!("-Dexec.args={classes} {}", text(&made)?);
    let maven =
        ["mvn", "--quiet", "--batch-mode", "--file", "xtask/kotlin-api/pom.xml", "compile", "exec:java"];
    run_program(&[&maven[..], &[&arguments]].concat(), &[])?;
    settle(&read(&made)?, KOTLIN_PAGE, listing)
}

/// Lists the module that Swift has built, from its symbol graph; `folder` has the graph's files.
pub(crate) fn swift(folder: &Path, listing: Listing) -> anyhow::Result<()> {
    let graphs = std::fs::read_dir(folder).with_context(|| format!("read {}", folder.display()))?;
    let mut files: Vec<PathBuf> = graphs.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    files.retain(|file| file.to_string_lossy().ends_with(".symbols.json"));
    files.sort();
    let graphs = files.iter().map(|file| read(file)).collect::<anyhow::Result<Vec<_>>>()?;
    settle(&symbols::page(&graphs)?, SWIFT_PAGE, listing)
}

fn settle(made: &str, page: &str, listing: Listing) -> anyhow::Result<()> {
    let path = root().join(page);
    if listing == Listing::Write {
        println!("    {page}: {} lines", made.lines().count());
        #[allow(clippy::disallowed_methods, reason = "a file of the repository; git keeps it safe")]
        return std::fs::write(&path, made).with_context(|| format!("write {page}"));
    }
    let kept = read(&path)?;
    if kept != made {
        let changed = made.lines().find(|line| !kept.lines().any(|old| old == *line));
        let changed = changed.unwrap_or("a line less");
        bail!("{page} is not current ({}); run `cargo xtask api`", changed.trim());
    }
    println!("    {page} is current");
    Ok(())
}

fn read(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("read {}", path.display()))
}
