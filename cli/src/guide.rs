//! `clearshot guide`: plays pictures as a camera would deliver them, and prints what the shopper would be told.
//!
//! Each picture is reduced to a preview frame and shown for one frame, or for as long as `--hold` says. The clock is the
//! frame number over the frame rate, so that two runs print the same.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clearshot_analysis::{
    Flicker, FrameContext, Guidance, Guide, GuidePolicy, Hint, HintSet, LiveView, Look, PREVIEW_LONG_SIDE,
    Policy, Preview, Relevance, Still, StillLimits, StillScratch, TorchAdvice,
};
use clearshot_relevance::{Schedule, SubjectWatch, ThermalState};
use serde::Serialize;

use crate::model::ModelArguments;
use crate::output;
use crate::photo_files::{FailedPhoto, photos_of, read_photo};
use crate::scene::SceneArguments;

/// Frame rates that a camera has, per second; slower than the slowest, the guide could not follow.
const FPS: std::ops::RangeInclusive<f64> = 0.1..=240.0;
/// The longest that one picture can be held, in seconds.
const LONGEST_HOLD: f64 = 600.0;

#[derive(clap::Args)]
pub(crate) struct GuideArguments {
    /// Pictures (JPEG, PNG) in the order of playing, or folders of them, which are played by name
    #[arg(required = true, value_name = "FRAMES")]
    frames: Vec<PathBuf>,
    /// Frames per second
    #[arg(long, value_name = "NUMBER", default_value = "15", value_parser = parse_fps)]
    fps: f64,
    /// Show each picture for so many seconds, as if the camera was held still; without this, for one frame
    #[arg(long, value_name = "SECONDS", value_parser = parse_hold)]
    hold: Option<f64>,
    #[command(flatten)]
    scene: SceneArguments,
    #[command(flatten)]
    model: ModelArguments,
    /// One JSON object for each frame, and one with the summary
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &GuideArguments) -> anyhow::Result<ExitCode> {
    let mut player = Player::new(arguments)?;
    let mut all_played = true;
    for path in arguments.frames.iter().flat_map(|path| photos_of(path)) {
        match path.and_then(|path| player.load(&path)) {
            Ok(picture) => player.play(&picture)?,
            Err(failed) => {
                all_played = false;
                failed.print(arguments.json)?;
            }
        }
    }
    player.finish()?;
    Ok(if all_played { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A picture that the camera sees.
struct Picture {
    path: String,
    preview: Preview,
}

struct Player {
    json: bool,
    fps: f64,
    /// Frames that each picture is shown for.
    frames_each: u64,
    context: FrameContext,
    policy: Policy,
    limits: StillLimits,
    scratch: StillScratch,
    live: LiveView,
    watch: SubjectWatch,
    /// What was printed last.
    printed: Option<Shown>,
    tally: Tally,
}

impl Player {
    fn new(arguments: &GuideArguments) -> anyhow::Result<Self> {
        let (policy, limits, scratch) = Default::default();
        Ok(Self {
            json: arguments.json,
            fps: arguments.fps,
            frames_each: arguments.hold.map_or(1, |hold| (hold * arguments.fps).round().max(1.0) as u64),
            context: arguments.scene.context(),
            policy,
            limits,
            scratch,
            live: LiveView::new(Guide::new(GuidePolicy::default())),
            watch: SubjectWatch::new(arguments.model.load()?, Schedule::default()),
            printed: None,
            tally: Tally::default(),
        })
    }

    fn load(&mut self, path: &Path) -> Result<Picture, FailedPhoto> {
        let bytes = read_photo(path, &self.limits).map_err(|error| FailedPhoto::new(path, error))?;
        let still = Still::decode_with(&bytes, &self.limits, &mut self.scratch)
            .map_err(|error| FailedPhoto::new(path, error))?;
        Ok(Picture { path: path.display().to_string(), preview: still.preview(PREVIEW_LONG_SIDE) })
    }

    fn play(&mut self, picture: &Picture) -> anyhow::Result<()> {
        self.tally.pictures += 1;
        for _ in 0..self.frames_each {
            let now = Duration::from_secs_f64(self.tally.frames as f64 / self.fps);
            let plane = picture.preview.plane();
            // In the player's time a look takes none, so that two runs print the same.
            let sighting = self.watch.advance(&plane, now, ThermalState::Nominal, || now);
            let context = FrameContext { sighting, ..self.context };
            let look = self.live.advance(&plane, &context, &self.policy, now)?;
            self.print_frame(picture, now, &look)?;
            self.tally.count(look.report.hints.most_urgent(), look.guidance.hint);
        }
        Ok(())
    }

    fn print_frame(&mut self, picture: &Picture, now: Duration, look: &Look) -> anyhow::Result<()> {
        let guidance = &look.guidance;
        if self.json {
            return output::print_json(&FrameJson {
                frame: self.tally.frames,
                seconds: (now.as_secs_f64() * 1e3).round() / 1e3,
                path: &picture.path,
                seen: look.report.hints,
                flicker: look.flicker,
                relevance: look.report.relevance,
                text: guidance.hint.map(Hint::text),
                guidance,
            });
        }
        let shown = Shown::of(guidance);
        if self.printed == Some(shown) || (self.printed.is_none() && shown == Shown::default()) {
            return Ok(());
        }
        if self.printed.is_none() {
            let heading = "    time  hint           to good  what the shopper reads";
            output::print_line(&console::style(heading).dim().to_string())?;
        }
        self.printed = Some(shown);
        output::print_line(&format!(
            "{:>6.2} s  {}  {:>5.0} %  {:<36}  {}{}",
            now.as_secs_f64(),
            hint_word(guidance.hint),
            guidance.progress * 100.0,
            guidance.hint.map_or("", Hint::text),
            console::style(&picture.path).dim(),
            shown.offers(),
        ))
    }

    fn finish(&self) -> anyhow::Result<()> {
        if self.tally.frames == 0 {
            return Ok(());
        }
        let summary = self.tally.summary(self.fps);
        if self.json {
            return output::print_json(&SummaryJson { summary });
        }
        if self.printed.is_none() {
            output::print_line(
                "The guide has said nothing: it is silent at the start of a shot. With --hold 2 each picture is shown for \
                 two seconds.",
            )?;
        }
        output::print_line(&format!(
            "{} of {} in {:.1} s: the hint changed {}, {:.2} a second; each frame by itself would have changed it {}, \
             {:.2} a second",
            counted(summary.frames, "frame"),
            counted(summary.pictures, "picture"),
            summary.seconds,
            counted(summary.changes, "time"),
            summary.changes_per_second,
            counted(summary.raw_changes, "time"),
            summary.raw_changes_per_second,
        ))
    }
}

/// What a line is printed for when it changes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Shown {
    hint: Option<Hint>,
    torch: TorchAdvice,
    auto_capture: bool,
    show_example: bool,
    offer_override: bool,
}

impl Shown {
    fn of(guidance: &Guidance) -> Self {
        let Guidance { hint, torch, auto_capture, show_example, offer_override, .. } = *guidance;
        Self { hint, torch, auto_capture, show_example, offer_override }
    }

    /// What is offered beside the hint.
    fn offers(self) -> String {
        let offers = [
            (self.torch == TorchAdvice::Suggest, "torch: switch on"),
            (self.torch == TorchAdvice::Withdraw, "torch: switch off"),
            (self.auto_capture, "takes the photo"),
            (self.show_example, "shows an example"),
            (self.offer_override, "offers to take it anyway"),
        ];
        let on: Vec<_> = offers.into_iter().filter(|(is_on, _)| *is_on).map(|(_, what)| what).collect();
        if on.is_empty() { String::new() } else { format!("  [{}]", on.join(", ")) }
    }
}

/// What was played.
#[derive(Debug, Default)]
struct Tally {
    pictures: u64,
    frames: u64,
    /// Times that the hint shown became another one; its first appearance is none.
    changes: u64,
    /// The same of the most urgent hint of each frame.
    raw_changes: u64,
    shown: Option<Hint>,
    raw: Option<Hint>,
}

impl Tally {
    fn count(&mut self, raw: Hint, shown: Option<Hint>) {
        self.frames += 1;
        self.raw_changes += u64::from(self.raw.is_some_and(|last| last != raw));
        self.raw = Some(raw);
        self.changes += u64::from(self.shown.is_some() && self.shown != shown);
        self.shown = shown;
    }

    fn summary(&self, fps: f64) -> Summary {
        let seconds = self.frames as f64 / fps;
        let rate = |count: u64| (count as f64 / seconds * 1e3).round() / 1e3;
        Summary {
            pictures: self.pictures,
            frames: self.frames,
            seconds: (seconds * 1e3).round() / 1e3,
            changes: self.changes,
            changes_per_second: rate(self.changes),
            raw_changes: self.raw_changes,
            raw_changes_per_second: rate(self.raw_changes),
        }
    }
}

#[derive(Debug, Serialize)]
struct FrameJson<'a> {
    frame: u64,
    seconds: f64,
    path: &'a str,
    /// Everything that this frame by itself would have said.
    seen: HintSet,
    flicker: Flicker,
    /// What the model saw last.
    relevance: Option<Relevance>,
    text: Option<&'static str>,
    #[serde(flatten)]
    guidance: &'a Guidance,
}

#[derive(Debug, Serialize)]
struct SummaryJson {
    summary: Summary,
}

#[derive(Debug, Serialize)]
struct Summary {
    pictures: u64,
    frames: u64,
    seconds: f64,
    changes: u64,
    changes_per_second: f64,
    raw_changes: u64,
    raw_changes_per_second: f64,
}

/// `1 frame`, `2 frames`.
fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// The code of a hint, padded to one width and coloured by what it asks for.
fn hint_word(hint: Option<Hint>) -> console::StyledObject<String> {
    let text = console::style(format!("{:<13}", hint.map_or("–", Hint::code)));
    match hint {
        None => text.dim(),
        Some(Hint::Good) => text.green(),
        Some(Hint::Soft) => text.cyan(),
        Some(_) => text.yellow().bold(),
    }
}

fn parse_fps(text: &str) -> Result<f64, String> {
    let fps: f64 = text.parse().map_err(|_| "it is not a number".to_owned())?;
    if FPS.contains(&fps) {
        Ok(fps)
    } else {
        Err(format!("a camera delivers {} to {} frames per second", FPS.start(), FPS.end()))
    }
}

fn parse_hold(text: &str) -> Result<f64, String> {
    let seconds: f64 = text.parse().map_err(|_| "it is not a number".to_owned())?;
    if seconds > 0.0 && seconds <= LONGEST_HOLD {
        Ok(seconds)
    } else {
        Err(format!("more than 0 and at most {LONGEST_HOLD} seconds are possible"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_rate_that_no_camera_has_is_refused() {
        assert_eq!(parse_fps("29.97"), Ok(29.97));
        for wrong in ["0", "-15", "NaN", "inf", "1e300", "fast", ""] {
            assert!(parse_fps(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_picture_is_held_for_some_time_but_not_for_ever() {
        assert_eq!(parse_hold("0.5"), Ok(0.5));
        for wrong in ["0", "-1", "NaN", "inf", "601"] {
            assert!(parse_hold(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn the_first_hint_is_no_change_and_every_other_one_is() {
        let mut tally = Tally::default();
        for (raw, shown) in [
            (Hint::TooDark, None),
            (Hint::Soft, Some(Hint::TooDark)),
            (Hint::TooDark, Some(Hint::TooDark)),
            (Hint::Good, Some(Hint::Good)),
        ] {
            tally.count(raw, shown);
        }
        let summary = tally.summary(2.0);
        assert_eq!((summary.changes, summary.raw_changes), (1, 3));
        assert_eq!((summary.changes_per_second, summary.raw_changes_per_second), (0.5, 1.5));
    }
}
