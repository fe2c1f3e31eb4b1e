//! `clearshot check`: judges photos.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clearshot_analysis::{Policy, Still, StillLimits, StillReport, StillScratch};
use serde::Serialize;
use serde_json::Value;

use crate::output;
use crate::photo_files::{PhotoError, photos_in, read_photo};

#[derive(clap::Args)]
pub(crate) struct CheckArguments {
    /// Photos (JPEG, PNG), or folders of them
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

/// What is printed of a photo that was judged.
#[derive(Debug, Serialize)]
struct Checked {
    path: String,
    width: u32,
    height: u32,
    orientation: u8,
    #[serde(flatten)]
    report: Value,
    millis: Millis,
}

#[derive(Debug, Serialize)]
struct Millis {
    decode: f64,
    analyse: f64,
}

/// What is printed of a photo that could not be judged.
#[derive(Debug, Serialize)]
struct Unchecked {
    path: String,
    error: CheckError,
}

#[derive(Debug, Serialize)]
struct CheckError {
    code: String,
    detail: String,
}

pub(crate) fn run(arguments: &CheckArguments) -> anyhow::Result<ExitCode> {
    let mut checker = Checker {
        policy: Policy::default(),
        limits: StillLimits::default(),
        scratch: StillScratch::default(),
    };
    let mut all_judged = true;
    for path in arguments.paths.iter().flat_map(|path| photos_of(path)) {
        match path.and_then(|path| checker.check(&path)) {
            Ok((checked, report)) if arguments.json => output::print_json(&checked.with(&report)?)?,
            Ok((checked, report)) => print_report(&checked, &report)?,
            Err(unchecked) => {
                all_judged = false;
                if arguments.json { output::print_json(&unchecked)? } else { print_failure(&unchecked)? }
            }
        }
    }
    Ok(if all_judged { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A path itself, or the photos in the folder and below it.
fn photos_of(path: &Path) -> Vec<Result<PathBuf, Unchecked>> {
    if !path.is_dir() {
        return vec![Ok(path.to_owned())];
    }
    match photos_in(path) {
        Ok(photos) if photos.is_empty() => {
            let detail = "there is no .jpg, .jpeg or .png in it; name photos, or their folder".to_owned();
            vec![Err(Unchecked::new(path, PhotoError { code: "no_photos".to_owned(), detail }))]
        }
        Ok(photos) => photos.into_iter().map(Ok).collect(),
        Err(error) => vec![Err(Unchecked::new(path, PhotoError::unreadable("folder", &error)))],
    }
}

struct Checker {
    policy: Policy,
    limits: StillLimits,
    scratch: StillScratch,
}

impl Checker {
    fn check(&mut self, path: &Path) -> Result<(Checked, StillReport), Unchecked> {
        let bytes = read_photo(path, &self.limits).map_err(|error| Unchecked::new(path, error))?;
        let start = Instant::now();
        let still = Still::decode_with(&bytes, &self.limits, &mut self.scratch)
            .map_err(|error| Unchecked::new(path, error.into()))?;
        let decoded = Instant::now();
        let report = still.report(&self.policy);
        let checked = Checked {
            path: path.display().to_string(),
            width: still.width(),
            height: still.height(),
            orientation: still.orientation(),
            report: Value::Null,
            millis: Millis {
                decode: rounded_millis(decoded - start),
                analyse: rounded_millis(decoded.elapsed()),
            },
        };
        Ok((checked, report))
    }
}

fn rounded_millis(duration: std::time::Duration) -> f64 {
    (duration.as_secs_f64() * 1e5).round() / 1e2
}

impl Checked {
    /// With the report's fields beside its own; the original's size stays as it is.
    fn with(mut self, report: &StillReport) -> serde_json::Result<Self> {
        self.report = serde_json::to_value(report)?;
        if let Value::Object(fields) = &mut self.report {
            fields.retain(|name, _| name != "width" && name != "height");
        }
        Ok(self)
    }
}

impl Unchecked {
    fn new(path: &Path, error: PhotoError) -> Self {
        let PhotoError { code, detail } = error;
        Self { path: path.display().to_string(), error: CheckError { code, detail } }
    }
}

fn print_report(checked: &Checked, report: &StillReport) -> anyhow::Result<()> {
    output::print_line(&format!(
        "{}  {}   {:>5}×{:<5} {:>6.1} ms   {}",
        output::verdict(report.verdict),
        output::figures(report),
        checked.width,
        checked.height,
        checked.millis.decode + checked.millis.analyse,
        checked.path
    ))?;
    for reason in &report.reasons {
        output::print_line(&format!("        {}: {}", reason.code(), reason.hint()))?;
    }
    Ok(())
}

fn print_failure(unchecked: &Unchecked) -> anyhow::Result<()> {
    output::print_line(&format!(
        "{}  {}: {}",
        console::style("error ").red().bold(),
        unchecked.path,
        unchecked.error.detail
    ))
}
