//! How often the verdicts are right: runs analysis and the peers' methods over the same pictures and writes the tables
//! of docs/quality.md.
//!
//! Responsible for making pictures whose truth is known (blur, light, glare), for asking the product as an app asks
//! it, and for counting. The same pictures give the same text on the same machine; on another, sine and exponential may
//! round otherwise, and a last digit move.
//!
//! Not responsible for thresholds or weights: those are in `core/analysis`; `core/analysis/fit` fits them on what
//! `--features` writes.

mod copies;
mod features;
mod judge;
mod light;
mod measure;
mod peers;
mod photos;
mod plane;
mod random;
mod report;
mod synthetic;
mod work;

use std::path::{Path, PathBuf};

use clap::Parser;

use judge::Judged;
use photos::Photo;
use report::Results;

#[derive(Parser)]
#[command(about = "Writes how often the verdicts are right into docs/quality.md")]
struct Arguments {
    /// Write the measurements behind every score instead, one line per picture, for core/analysis/fit
    #[arg(long, value_name = "CSV")]
    features: Option<PathBuf>,
    /// Take the pictures of this folder as further originals to fit on
    #[arg(long, value_name = "FOLDER", requires = "features")]
    also: Option<PathBuf>,
    /// Only the part about light, printed
    #[arg(long)]
    light: bool,
    /// Print the tables instead of writing them into docs/quality.md
    #[arg(long)]
    print: bool,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut photos = photos::collect(&root)?;
    if let Some(folder) = &arguments.also {
        photos.extend(photos::others(folder)?);
    }
    let originals: Vec<&Photo> = photos.iter().filter(|photo| photo.kind.is_original()).collect();
    if arguments.light {
        let real = judged(&photos)?;
        let spots = light::spots(&originals)?;
        println!("{}", report::light(&light::run(&originals)?, &spots, &real));
        return Ok(());
    }
    let samples = synthetic::run(&originals, arguments.features.is_some())?;
    let real = judged(&photos)?;
    if let Some(file) = &arguments.features {
        return write(file, &features::csv(&samples, &real));
    }
    let results = Results {
        samples: &samples,
        real: &real,
        brackets: &light::run(&originals)?,
        spots: &light::spots(&originals)?,
        hashes: &copies::hashes(&photos)?,
        pairs: &copies::pairs(&photos)?,
    };
    let document = root.join("docs/quality.md");
    if arguments.print {
        println!("{}", results.tables());
        return Ok(());
    }
    let text = std::fs::read_to_string(&document)?;
    write(&document, &report::insert(&text, &results.tables())?)
}

/// The photos as they are.
fn judged(photos: &[Photo]) -> anyhow::Result<Vec<(&Photo, Judged)>> {
    let judged = work::for_all(photos, |photo| Ok(Judged::still(&photo.decode()?)))?;
    Ok(photos.iter().zip(judged).collect())
}

#[allow(clippy::disallowed_methods, reason = "a table that can be made again need not be durable")]
fn write(file: &Path, text: &str) -> anyhow::Result<()> {
    Ok(std::fs::write(file, text)?)
}
