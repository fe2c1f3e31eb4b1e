//! `clearshot sync`: sends a phone's queue, and can be stopped at any moment.

mod show;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clearshot_capture::{CaptureStore, Conditions, WaitReason};
use clearshot_protocol::Timestamp;
use clearshot_upload::{
    ANSWER_TIMEOUT, AccessToken, FixedToken, PlainHttp, ServerAddress, StepPerformer, SyncEnd, SyncReport,
    Timeouts, Transport, Uploader,
};
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
    /// The network costs by the byte: fewer photos travel at a time, and those that may not use it wait
    #[arg(long)]
    metered: bool,
    /// Photos that travel at a time, instead of as many as the network is good for
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=8))]
    parallel: Option<u8>,
    /// Seconds to wait for a network, a back-off or the server's re-check before giving up for now
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    patience: u64,
    /// Seconds that the server may take to answer once it has a request: more on a slow uplink, whose last bytes leave late
    #[arg(long, value_name = "SECONDS", default_value_t = ANSWER_TIMEOUT.as_secs(), value_parser = clap::value_parser!(u64).range(1..))]
    answer_timeout: u64,
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
    let timeouts = Timeouts { answer: Duration::from_secs(arguments.answer_timeout), ..Timeouts::default() };
    let mut uploader = uploader(&arguments.server, &arguments.token, timeouts)?
        .with_patience(Duration::from_secs(arguments.patience));
    if let Some(parallel) = arguments.parallel {
        uploader = uploader.with_parallelism(usize::from(parallel));
    }
    let conditions = Conditions { online: true, metered: arguments.metered };
    let report = runtime()?.block_on(sync(&uploader, &store, conditions, !arguments.json))?;
    store.sweep(Timestamp::now())?;
    let counters = store.counters()?;
    let in_trouble = counters.rejected + counters.stalled + counters.lost;
    if arguments.json {
        output::print_json(&report_json(&report))?;
    } else {
        print_end(&report)?;
        crate::queue::print_sum(&counters)?;
        if in_trouble > 0 {
            output::print_line("clearshot queue says why, and what to do about each")?;
        }
    }
    let all_there = report.end == SyncEnd::Done && in_trouble == 0;
    Ok(if all_there { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The runtime of a command that talks to the network.
pub(crate) fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("start the runtime")
}

/// An uploader to this server, with this token.
pub(crate) fn uploader(server: &str, token: &str, timeouts: Timeouts) -> anyhow::Result<Uploader> {
    let clock: clearshot_upload::Clock = Arc::new(Timestamp::now);
    let server = ServerAddress::parse(server, PlainHttp::LoopbackOnly)?;
    let transport = Transport::default().with_timeouts(timeouts);
    let performer = StepPerformer::new(server, &transport, Arc::clone(&clock))?;
    Ok(Uploader::new(performer, Arc::new(FixedToken(AccessToken::new(token)?)), clock))
}

/// Sends the queue until it is done, waits too long, or is told to stop; shows how it goes.
async fn sync(
    uploader: &Uploader,
    store: &Arc<CaptureStore>,
    conditions: Conditions,
    shown: bool,
) -> anyhow::Result<SyncReport> {
    let cancel = CancellationToken::new();
    tokio::spawn(stop_at_signal(cancel.clone()));
    let (_network, conditions) = watch::channel(conditions);
    let display =
        if shown { Some(tokio::spawn(show::show(uploader.events(), store.queue()?))) } else { None };
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

/// The first Ctrl-C drops the requests under way and notes where they stood. The second ends the program where it is,
/// which the queue survives as well.
async fn stop_at_signal(cancel: CancellationToken) {
    stop_signal().await;
    cancel.cancel();
    stop_signal().await;
    std::process::exit(1);
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
