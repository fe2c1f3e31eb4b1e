//! What is seen of a running synchronisation, on standard error: bars where a terminal watches, otherwise a line for each
//! thing that happens.

use std::collections::HashMap;

use clearshot_capture::{QueueEntry, WaitReason};
use clearshot_protocol::{CaptureId, Timestamp};
use clearshot_upload::{Phase, PhotoProgress, ProgressEvent, Totals};
use futures_util::{Stream, StreamExt as _};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::waiting;
use crate::output::{self, Voice};

/// Shows events until the synchronisation ends.
pub(super) async fn show(mut events: impl Stream<Item = ProgressEvent> + Unpin, entries: Vec<QueueEntry>) {
    let names = Names::of(&entries);
    let mut display = if console::user_attended_stderr() {
        Display::Bars(Box::new(Bars::new(MultiProgress::new(), Totals::of(&entries))))
    } else {
        Display::Lines(Lines::default())
    };
    while let Some(event) = events.next().await {
        match (event, &mut display) {
            (ProgressEvent::Photo(photo), Display::Bars(bars)) => bars.photo(&photo, &names),
            (ProgressEvent::Photo(photo), Display::Lines(lines)) => lines.photo(&photo, &names),
            (ProgressEvent::Waiting { until, reason }, Display::Bars(bars)) => bars.waiting(until, reason),
            (ProgressEvent::Waiting { until, reason }, Display::Lines(_)) => {
                say(&waiting(until, reason));
            }
            (ProgressEvent::Idle, _) => {}
            (ProgressEvent::Ended(_), _) => break,
        }
    }
    if let Display::Bars(bars) = display {
        bars.end();
    }
}

enum Display {
    Bars(Box<Bars>),
    Lines(Lines),
}

/// What photos are called in the queue.
struct Names(HashMap<CaptureId, String>);

impl Names {
    fn of(entries: &[QueueEntry]) -> Self {
        let name = |entry: &QueueEntry| {
            let sku = entry.sku.as_deref().unwrap_or("(unknown item)");
            format!("{}  {sku:<16} {:<9}", output::short(entry.capture), entry.role)
        };
        Self(entries.iter().map(|entry| (entry.capture, name(entry))).collect())
    }

    fn get(&self, capture: CaptureId) -> String {
        self.0.get(&capture).cloned().unwrap_or_else(|| output::short(capture))
    }
}

/// A line when something else happens to a photo than before.
#[derive(Default)]
struct Lines {
    last: HashMap<CaptureId, String>,
}

impl Lines {
    fn photo(&mut self, photo: &PhotoProgress, names: &Names) {
        let text = phase(&photo.phase);
        if self.last.insert(photo.capture, text.clone()).as_ref() != Some(&text) {
            say(&format!("{}  {text}", names.get(photo.capture)));
        }
    }
}

/// A bar for each photo on its way, and one for all. What is over becomes a line above them, so that the screen holds
/// any queue.
struct Bars {
    screen: MultiProgress,
    all: ProgressBar,
    photos: HashMap<CaptureId, ProgressBar>,
    totals: Totals,
}

impl Bars {
    fn new(screen: MultiProgress, totals: Totals) -> Self {
        let all = ProgressBar::new(totals.total()).with_position(totals.sent()).with_style(style(
            "all photos {bar:20} {decimal_bytes:>9} of {decimal_total_bytes:9} {decimal_bytes_per_sec:>11}  {wide_msg}",
        ));
        // What was sent before is no part of this speed.
        all.reset_eta();
        Self { all: screen.add(all), screen, photos: HashMap::new(), totals }
    }

    fn photo(&mut self, photo: &PhotoProgress, names: &Names) {
        let furthest = self.totals.note(photo);
        self.all.set_length(self.totals.total());
        self.all.set_position(self.totals.sent());
        self.all.set_message("");
        if is_over(&photo.phase) {
            if let Some(bar) = self.photos.remove(&photo.capture) {
                self.screen.remove(&bar);
            }
            let line = format!("{}  {}", names.get(photo.capture), phase(&photo.phase));
            // A terminal that takes no line takes no bars either; the queue is the truth.
            let _ = self.screen.println(line);
            return;
        }
        let bar = self.photos.entry(photo.capture).or_insert_with(|| {
            let bar = ProgressBar::new(photo.total)
                .with_style(style(
                    "  {prefix} {bar:20} {decimal_bytes:>9} of {decimal_total_bytes:9} {wide_msg}",
                ))
                .with_prefix(output::short(photo.capture));
            self.screen.insert_before(&self.all, bar)
        });
        bar.set_position(furthest);
        bar.set_message(match &photo.phase {
            Phase::Sending => String::new(),
            other => phase(other),
        });
    }

    fn waiting(&self, until: Option<Timestamp>, reason: WaitReason) {
        self.all.set_message(waiting(until, reason));
    }

    fn end(self) {
        for bar in self.photos.values() {
            bar.finish_and_clear();
        }
        self.all.finish_and_clear();
    }
}

/// Says a line; that nobody reads it any more is no reason to stop sending.
fn say(line: &str) {
    let _ = Voice::Error.say(line);
}

fn style(template: &str) -> ProgressStyle {
    // The templates are constants of this file; a wrong one would show as the default bar.
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("━╸ ")
}

/// Whether nothing more will happen to the photo by itself.
fn is_over(phase: &Phase) -> bool {
    matches!(phase, Phase::Accepted | Phase::Rejected { .. } | Phase::Stalled { .. } | Phase::Lost)
}

fn phase(phase: &Phase) -> String {
    match phase {
        Phase::Sending => "is being sent".to_owned(),
        Phase::Verifying => "the server is checking it".to_owned(),
        Phase::Accepted => "accepted".to_owned(),
        Phase::Rejected { detail, .. } => format!("rejected: {detail}"),
        Phase::Retrying { detail, .. } => format!("will try again: {detail}"),
        Phase::Stalled { detail } => format!("stalled: {detail}"),
        Phase::Lost => "no longer whole on this phone".to_owned(),
        Phase::Paused => "paused".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use indicatif::{InMemoryTerm, ProgressDrawTarget};

    use super::*;

    fn photo(capture: u8, sent: u64, phase: Phase) -> PhotoProgress {
        PhotoProgress { capture: CaptureId::from_bytes([capture; 16]), sent, total: 1_000_000, phase }
    }

    #[test]
    fn bars_begin_where_photos_were_cut_and_what_is_over_becomes_a_line() {
        let terminal = InMemoryTerm::new(10, 110);
        let target = ProgressDrawTarget::term_like(Box::new(terminal.clone()));
        let mut totals = Totals::default();
        totals.note(&photo(1, 600_000, Phase::Sending));
        totals.note(&photo(2, 0, Phase::Sending));
        let mut bars = Bars::new(MultiProgress::with_draw_target(target), totals);
        let names = Names(HashMap::new());

        bars.photo(&photo(1, 0, Phase::Sending), &names);
        bars.photo(&photo(2, 100_000, Phase::Verifying), &names);
        let screen = terminal.contents();
        let bar_of = |name| screen.lines().find(|line| line.contains(name)).unwrap_or_default().to_owned();
        assert!(bar_of("01010101").contains("600.00 kB of 1.00 MB"), "{screen}");
        assert!(bar_of("02020202").ends_with("the server is checking it"), "{screen}");
        assert!(bar_of("all photos").contains("700.00 kB of 2.00 MB"), "{screen}");

        bars.photo(&photo(1, 1_000_000, Phase::Accepted), &names);
        let screen = terminal.contents();
        assert!(screen.starts_with("01010101  accepted"), "{screen}");
        assert_eq!(screen.lines().count(), 3, "the line, a bar, and the one for all: {screen}");
        bars.end();
        assert_eq!(terminal.contents(), "01010101  accepted");
    }
}
