//! How things look in a terminal: errors as sentences, states in colour, bytes and times for people.

use std::io::{ErrorKind, Write as _};
use std::time::Duration;

use clearshot_analysis::{
    Exposure, FrameReport, Glare, Noise, Relevance, Sharpness, StillReport, Subject, Verdict,
};
use clearshot_capture::{CaptureError, CaptureState};
use console::{Style, StyledObject, style};
use serde::Serialize;

use crate::photo_files::causes;

/// Prints `value` as one line of JSON. A reader that has gone away (`| head`) is no error.
pub(crate) fn print_json(value: &impl Serialize) -> anyhow::Result<()> {
    print_line(&serde_json::to_string(value)?)
}

/// Prints a line to standard output. A reader that has gone away (`| head`) ends the program quietly.
pub(crate) fn print_line(line: &str) -> anyhow::Result<()> {
    match writeln!(std::io::stdout().lock(), "{line}") {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => std::process::exit(0),
        other => Ok(other?),
    }
}

/// Where a command that tells a story tells it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Voice {
    /// To standard output, for people.
    Out,
    /// To standard error: standard output belongs to the JSON.
    Error,
}

impl Voice {
    /// Says a line.
    pub(crate) fn say(self, line: &str) -> anyhow::Result<()> {
        match self {
            Self::Out => print_line(line),
            Self::Error => Ok(writeln!(std::io::stderr().lock(), "{line}")?),
        }
    }
}

/// Prints an error with its causes as one sentence, and what to do, where that is known.
pub(crate) fn print_error(error: &anyhow::Error) {
    eprintln!("{} failed to {}", style("error:").red().bold().for_stderr(), causes(error.as_ref()));
    if let Some(advice) =
        error.chain().find_map(|cause| cause.downcast_ref::<CaptureError>()).map(CaptureError::advice)
    {
        eprintln!("       {advice}");
    }
}

/// The verdict, padded to one width.
pub(crate) fn verdict(verdict: Verdict) -> StyledObject<&'static str> {
    match verdict {
        Verdict::Good => style("good  ").green(),
        Verdict::Retake => style("retake").yellow().bold(),
    }
}

/// Where a capture stands, padded to one width.
pub(crate) fn state(state: CaptureState) -> StyledObject<String> {
    let text = format!("{state:<9}");
    match state {
        CaptureState::Accepted => style(text).green(),
        CaptureState::Rejected | CaptureState::Lost => style(text).red().bold(),
        CaptureState::Stalled => style(text).yellow().bold(),
        CaptureState::Queued | CaptureState::Uploading | CaptureState::Uploaded => style(text).cyan(),
    }
}

/// What the reports of photos and of frames have in common.
pub(crate) struct Figures {
    sharpness: Sharpness,
    exposure: Exposure,
    noise: Noise,
    glare: Glare,
    relevance: Option<Relevance>,
}

impl From<&StillReport> for Figures {
    fn from(report: &StillReport) -> Self {
        let StillReport { sharpness, exposure, noise, glare, relevance, .. } = *report;
        Self { sharpness, exposure, noise, glare, relevance }
    }
}

impl From<&FrameReport> for Figures {
    fn from(report: &FrameReport) -> Self {
        let FrameReport { sharpness, exposure, noise, glare, relevance, .. } = *report;
        Self { sharpness, exposure, noise, glare, relevance }
    }
}

/// `sharp 0.93   light good p50 118   noise 1.2   product 97 %`: the figures of a report, in one line.
pub(crate) fn figures(report: impl Into<Figures>) -> String {
    let Figures { sharpness, exposure, noise, glare, relevance } = report.into();
    let subject = relevance.map_or_else(String::new, |relevance| format!("   {}", subject(relevance)));
    let glare = if glare.present { format!("   glare {:.1} %", glare.area * 100.0) } else { String::new() };
    format!(
        "{:<7} {:.2}   light {:<8} p50 {:>3.0}   noise {:>4.1}{subject}{glare}",
        word(&sharpness.state),
        sharpness.score,
        word(&exposure.state),
        exposure.p50,
        noise.sigma,
    )
}

/// `product  97 %`, and what it might be instead of a product: `screen   80 % (product 15 %)`.
fn subject(relevance: Relevance) -> String {
    let percent = |share: f64| share * 100.0;
    let product = match relevance.subject {
        Subject::Product => String::new(),
        _ => format!(" (product {:.0} %)", percent(relevance.scores.of(Subject::Product))),
    };
    format!("{:<8} {:>3.0} %{product}", relevance.subject.code(), percent(relevance.confidence))
}

/// The word that an enum is in JSON.
pub(crate) fn word(state: &impl Serialize) -> String {
    serde_json::to_value(state).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

/// `1.4 MB` (decimal).
pub(crate) fn bytes(count: u64) -> String {
    match count {
        0..1_000 => format!("{count} B"),
        1_000..1_000_000 => format!("{:.0} kB", count as f64 / 1e3),
        _ => format!("{:.1} MB", count as f64 / 1e6),
    }
}

/// `12.3 ms`, `4.56 s`.
pub(crate) fn millis(duration: Duration) -> String {
    let millis = duration.as_secs_f64() * 1e3;
    if millis < 1_000.0 { format!("{millis:.1} ms") } else { format!("{:.2} s", millis / 1e3) }
}

/// The first eight digits of an id: enough to tell the lines of one list apart, for UUIDv7 its last ones.
pub(crate) fn short(id: impl std::fmt::Display) -> String {
    let text = id.to_string();
    text.chars().skip(text.len().saturating_sub(8)).collect()
}

/// A heading of a part of the output.
pub(crate) fn heading(text: &str) -> String {
    Style::new().bold().underlined().apply_to(text).to_string()
}
