//! `clearshot sync`: sends a phone's queue, with a bar for each photo on its way.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clearshot_capture::{CaptureStore, Conditions, WaitReason};
use clearshot_protocol::{CaptureId, Timestamp};
use clearshot_upload::{
    AccessToken, FixedToken, Phase, PhotoProgress, PlainHttp, ProgressEvent, ServerAddress, StepPerformer,
    SyncEnd, SyncReport, Transport, Uploader,
};
use futures_util::StreamExt as _;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde_json::json;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::output;
use crate::phone::Phone;
use crate::serve::stop_signal;

#[derive(clap::Args)]
pub(crate) struct SyncArguments {
    /// The phone's folder
    #[arg(long, value_name = "DIR", env = "CLEARSHOT_QUEUE")]
    queue: PathBuf,
    /// The returns API
    #[arg(long, value_name = "URL")]
    server: String,
    /// The shopper's token (clearshot token)
    #[arg(long, value_name = "TOKEN", env = "CLEARSHOT_TOKEN", hide_env_values = true)]
    token: String,
    /// Photos that travel at a time
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=8))]
    parallel: u8,
    /// Seconds to wait for a network, a back-off or the server's re-check before giving up for now
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    patience: u64,
    /// Try stalled photos again
    #[arg(long)]
    retry: bool,
    /// What was done, as a JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &SyncArguments) -> anyhow::Result<ExitCode> {
    let store = Arc::new(Phone::at(&arguments.queue).open()?);
    if arguments.retry {
        store.retry_stalled(Timestamp::now())?;
    }
    let uploader = uploader(&arguments.server, &arguments.token)?
        .with_parallelism(usize::from(arguments.parallel))
        .with_patience(Duration::from_secs(arguments.patience));
    let report = runtime()?.block_on(sync(&uploader, &store, !arguments.json))?;
    store.sweep(Timestamp::now())?;
    let counters = store.counters()?;
    if arguments.json {
        output::print_json(&report_json(&report))?;
    } else {
        print_end(&report)?;
        crate::queue::print_queue(&[], &counters)?;
    }
    let all_there = report.end == SyncEnd::Done && counters.rejected + counters.stalled + counters.lost == 0;
    Ok(if all_there { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The runtime of a command that talks to the network.
pub(crate) fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("start the runtime")
}

/// An uploader to this server, with this token.
pub(crate) fn uploader(server: &str, token: &str) -> anyhow::Result<Uploader> {
    let clock: clearshot_upload::Clock = Arc::new(Timestamp::now);
    let server = ServerAddress::parse(server, PlainHttp::LoopbackOnly)?;
    let performer = StepPerformer::new(server, &Transport::default(), Arc::clone(&clock))?;
    Ok(Uploader::new(performer, Arc::new(FixedToken(AccessToken::new(token)?)), clock))
}

/// Sends the queue until it is done, waits too long, or Ctrl-C; with bars when a terminal watches.
async fn sync(uploader: &Uploader, store: &Arc<CaptureStore>, bars: bool) -> anyhow::Result<SyncReport> {
    let cancel = CancellationToken::new();
    let on_signal = cancel.clone();
    tokio::spawn(async move {
        stop_signal().await;
        on_signal.cancel();
    });
    let (_online, conditions) = watch::channel(Conditions::UNMETERED);
    let display = bars.then(|| tokio::spawn(show(uploader.events(), pending(store))));
    let report = uploader.sync(Arc::clone(store), conditions, &cancel).await;
    if let Some(display) = display {
        // It ends with the `Ended` event; after an error there is none.
        if report.is_ok() {
            let _ = display.await;
        } else {
            display.abort();
        }
    }
    Ok(report?)
}

/// Sealed bytes that wait to be sent.
fn pending(store: &CaptureStore) -> u64 {
    store
        .queue()
        .unwrap_or_default()
        .iter()
        .filter(|entry| entry.on_device)
        .map(|entry| entry.length.saturating_sub(entry.offset))
        .sum()
}

/// Draws a bar for each photo on its way, and one for all, until the synchronisation ends.
async fn show(mut events: impl futures_util::Stream<Item = ProgressEvent> + Unpin, pending: u64) {
    let mut bars = Bars::new(pending);
    while let Some(event) = events.next().await {
        match event {
            ProgressEvent::Photo(photo) => bars.photo(&photo),
            ProgressEvent::Waiting { until, reason } => bars.waiting(until, reason),
            ProgressEvent::Idle => {}
            ProgressEvent::Ended(_) => break,
        }
    }
    bars.all.finish_and_clear();
}

struct Bars {
    screen: MultiProgress,
    all: ProgressBar,
    photos: HashMap<CaptureId, ProgressBar>,
}

impl Bars {
    fn new(pending: u64) -> Self {
        let screen = MultiProgress::new();
        let all = screen.add(ProgressBar::new(pending).with_style(style(
            "all photos  {bar:24} {decimal_bytes:>9} of {decimal_total_bytes:9} {decimal_bytes_per_sec:>11}  {wide_msg}",
        )));
        Self { screen, all, photos: HashMap::new() }
    }

    fn photo(&mut self, photo: &PhotoProgress) {
        let bar = self.photos.entry(photo.capture).or_insert_with(|| {
            let bar = ProgressBar::new(photo.total)
                .with_style(style(
                    "{prefix}    {bar:24} {decimal_bytes:>9} of {decimal_total_bytes:9} {wide_msg}",
                ))
                .with_prefix(output::short(photo.capture));
            self.screen.insert_before(&self.all, bar)
        });
        self.all.inc(photo.sent.saturating_sub(bar.position()));
        self.all.set_message("");
        bar.set_position(photo.sent.max(bar.position()));
        bar.set_message(phase(&photo.phase));
        if matches!(photo.phase, Phase::Accepted | Phase::Rejected { .. } | Phase::Lost) {
            bar.finish();
        }
    }

    fn waiting(&self, until: Option<Timestamp>, reason: WaitReason) {
        self.all.set_message(waiting(until, reason));
    }
}

fn style(template: &str) -> ProgressStyle {
    // The templates are constants of this file; a wrong one would show as the default bar.
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("━╸ ")
}

fn phase(phase: &Phase) -> String {
    match phase {
        Phase::Sending => String::new(),
        Phase::Verifying => "the server is checking it".to_owned(),
        Phase::Accepted => "accepted".to_owned(),
        Phase::Rejected { detail, .. } => format!("rejected: {detail}"),
        Phase::Retrying { detail, .. } => format!("will try again: {detail}"),
        Phase::Stalled { detail } => format!("stalled: {detail}"),
        Phase::Lost => "no longer whole on this phone".to_owned(),
        Phase::Paused => "paused".to_owned(),
    }
}

/// `waiting for a network`, `waiting until 14:05:07 (UTC) before the next try`.
fn waiting(until: Option<Timestamp>, reason: WaitReason) -> String {
    let what = match reason {
        WaitReason::Offline => "for a network",
        WaitReason::Metered => "for a network that is not metered",
        WaitReason::BackOff => "before the next try",
        WaitReason::Leased => "for another program that is sending",
        WaitReason::Unauthorised => "for a valid token",
        WaitReason::Verifying => "for the server's check",
    };
    match until {
        Some(until) => format!("waiting until {} UTC {what}", until.strftime("%H:%M:%S")),
        None => format!("waiting {what}"),
    }
}

fn print_end(report: &SyncReport) -> anyhow::Result<()> {
    let end = match report.end {
        SyncEnd::Done => "nothing is left to send".to_owned(),
        SyncEnd::Waiting { until, reason: WaitReason::Unauthorised } => {
            format!("{}: make a new one with clearshot token", waiting(until, WaitReason::Unauthorised))
        }
        SyncEnd::Waiting { until, reason } => format!("{}; sync again then", waiting(until, reason)),
        SyncEnd::Cancelled => "stopped; sync again to go on from here".to_owned(),
    };
    output::print_line(&format!(
        "{end} ({} sent, of them {} again; {} accepted, {} rejected)",
        output::bytes(report.bytes_sent),
        output::bytes(report.bytes_resent),
        report.accepted,
        report.rejected
    ))
}

fn report_json(report: &SyncReport) -> serde_json::Value {
    let (end, until, reason) = match report.end {
        SyncEnd::Done => ("done", None, None),
        SyncEnd::Waiting { until, reason } => ("waiting", until, Some(waiting(None, reason))),
        SyncEnd::Cancelled => ("cancelled", None, None),
    };
    json!({
        "end": end,
        "until": until,
        "reason": reason,
        "steps": report.steps,
        "failures": report.failures,
        "bytes_sent": report.bytes_sent,
        "bytes_resent": report.bytes_resent,
        "accepted": report.accepted,
        "rejected": report.rejected,
    })
}
