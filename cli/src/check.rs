//! `clearshot check`: judges photos, as the photos they are or as the camera's preview of them.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clearshot_analysis::{
    FrameContext, FrameReport, FrameScratch, LumaPlane, PREVIEW_LONG_SIDE, Policy, Still, StillLimits,
    StillReport, StillScratch, analyse_frame,
};
use serde::Serialize;
use serde_json::Value;

use crate::model::{ModelArguments, ModelName, SharedModel, look};
use crate::output;
use crate::photo_files::{FailedPhoto, PhotoError, photos_of, read_photo};
use crate::scene::SceneArguments;

#[derive(clap::Args)]
pub(crate) struct CheckArguments {
    /// Photos (JPEG, PNG), or folders of them
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Judge at the size of a camera's preview, and say what the shopper would be told
    #[arg(long)]
    as_frame: bool,
    #[command(flatten)]
    scene: SceneArguments,
    #[command(flatten)]
    model: ModelArguments,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &CheckArguments) -> anyhow::Result<ExitCode> {
    let mut checker = Checker::new(arguments)?;
    let mut all_judged = true;
    for path in arguments.paths.iter().flat_map(|path| photos_of(path)) {
        match path.and_then(|path| checker.check(&path)) {
            Ok(checked) if arguments.json => output::print_json(&checked.to_json(checker.model.as_ref())?)?,
            Ok(checked) => checked.print()?,
            Err(failed) => {
                all_judged = false;
                failed.print(arguments.json)?;
            }
        }
    }
    Ok(if all_judged { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

struct Checker {
    as_frame: bool,
    context: FrameContext,
    model: Option<SharedModel>,
    policy: Policy,
    limits: StillLimits,
    scratch: StillScratch,
    frame_scratch: FrameScratch,
}

impl Checker {
    fn new(arguments: &CheckArguments) -> anyhow::Result<Self> {
        let (policy, limits, scratch, frame_scratch) = Default::default();
        let (context, model) = (arguments.scene.context(), arguments.model.load()?);
        Ok(Self { as_frame: arguments.as_frame, context, model, policy, limits, scratch, frame_scratch })
    }

    fn check(&mut self, path: &Path) -> Result<Checked, FailedPhoto> {
        let bytes = read_photo(path, &self.limits).map_err(|error| FailedPhoto::new(path, error))?;
        let start = Instant::now();
        let still = Still::decode_with(&bytes, &self.limits, &mut self.scratch)
            .map_err(|error| FailedPhoto::new(path, error))?;
        let decoded = Instant::now();
        let judgement = self.judge(&still).map_err(|error| FailedPhoto::new(path, error))?;
        Ok(Checked {
            path: path.display().to_string(),
            width: still.width(),
            height: still.height(),
            orientation: still.orientation(),
            judgement,
            decode: decoded - start,
            analyse: decoded.elapsed(),
        })
    }

    fn judge(&mut self, still: &Still) -> Result<Judgement, PhotoError> {
        if !self.as_frame {
            let context = self.seeing(&still.plane())?;
            return Ok(Judgement::Still(Box::new(still.report_in(&context, &self.policy))));
        }
        let preview = still.preview(PREVIEW_LONG_SIDE);
        let context = self.seeing(&preview.plane())?;
        let report = analyse_frame(&preview.plane(), &context, &self.policy, &mut self.frame_scratch)?;
        let size = Size { width: preview.width(), height: preview.height() };
        Ok(Judgement::Frame { preview: size, report: Box::new(report) })
    }

    /// The scene, with what the model sees of it.
    fn seeing(&self, picture: &LumaPlane<'_>) -> Result<FrameContext, PhotoError> {
        Ok(FrameContext { sighting: look(self.model.as_ref(), picture)?, ..self.context })
    }
}

/// A photo that was judged.
struct Checked {
    path: String,
    width: u32,
    height: u32,
    orientation: u8,
    judgement: Judgement,
    decode: Duration,
    analyse: Duration,
}

enum Judgement {
    Still(Box<StillReport>),
    Frame { preview: Size, report: Box<FrameReport> },
}

#[derive(Debug, Serialize)]
struct Size {
    width: usize,
    height: usize,
}

/// What is printed of it in JSON.
#[derive(Debug, Serialize)]
struct CheckedJson<'a> {
    path: &'a str,
    width: u32,
    height: u32,
    orientation: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    preview: Option<&'a Size>,
    #[serde(flatten)]
    report: Value,
    /// The model that looked at it.
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<ModelName<'a>>,
    millis: Millis,
}

#[derive(Debug, Serialize)]
struct Millis {
    decode: f64,
    analyse: f64,
}

impl Checked {
    /// With the report's fields beside its own; the original's size stays as it is.
    fn to_json<'a>(&'a self, model: Option<&'a SharedModel>) -> serde_json::Result<CheckedJson<'a>> {
        let (preview, mut report) = match &self.judgement {
            Judgement::Still(report) => (None, serde_json::to_value(report)?),
            Judgement::Frame { preview, report } => (Some(preview), serde_json::to_value(report)?),
        };
        if let Value::Object(fields) = &mut report {
            fields.retain(|name, _| name != "width" && name != "height");
        }
        let millis = Millis { decode: rounded_millis(self.decode), analyse: rounded_millis(self.analyse) };
        let Self { width, height, orientation, .. } = *self;
        let model = model.map(ModelName::of);
        Ok(CheckedJson { path: &self.path, width, height, orientation, preview, report, model, millis })
    }

    fn print(&self) -> anyhow::Result<()> {
        let (verdict, figures, advice): (_, _, Vec<(&str, &str)>) = match &self.judgement {
            Judgement::Still(report) => {
                let reasons = report.reasons.iter().map(|reason| (reason.code(), reason.hint()));
                (report.verdict, output::figures(&**report), reasons.collect())
            }
            Judgement::Frame { report, .. } => {
                let hints = report.hints.iter().map(|hint| (hint.code(), hint.text()));
                (report.verdict, output::figures(&**report), hints.collect())
            }
        };
        let millis = (self.decode + self.analyse).as_secs_f64() * 1e3;
        output::print_line(&format!(
            "{}  {figures}   {:>5}×{:<5} {millis:>6.1} ms   {}",
            output::verdict(verdict),
            self.width,
            self.height,
            self.path
        ))?;
        advice.iter().try_for_each(|(code, text)| output::print_line(&format!("        {code}: {text}")))
    }
}

fn rounded_millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e5).round() / 1e2
}
