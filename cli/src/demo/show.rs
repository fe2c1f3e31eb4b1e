//! What the demo prints.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use clearshot_analysis::StillError;
use clearshot_capture::{Assessment, CaptureStore, JudgedPhoto};
use clearshot_protocol::CaptureId;
use clearshot_protocol::api::{EventKind, EventView, EvidenceView, Page, ReturnView};
use clearshot_server::RunningServer;
use clearshot_upload::{Phase, ProgressEvent};
use console::style;
use futures_util::{Stream, StreamExt as _};

use super::Sent;
use super::photos::StoryPhoto;
use super::shopper::{Fate, Taken};
use crate::output::{self, Voice, heading};
use crate::photo_files::PhotoError;

pub(super) fn opening(voice: Voice, server: &RunningServer, opened: &ReturnView) -> anyhow::Result<()> {
    voice.say(&heading("A return is opened"))?;
    voice.say(&format!("  server   {}", server.base_url()?))?;
    voice.say(&format!("  order    {}, return {}", opened.order, opened.id))?;
    for item in &opened.items {
        voice.say(&format!(
            "  item     {:<14} {} ({}, wants a {})",
            item.sku, item.title, item.reason, item.wanted
        ))?;
    }
    voice.say("")
}

pub(super) fn taken(
    voice: Voice,
    photo: &StoryPhoto,
    judged: &JudgedPhoto,
    assessment: &Assessment,
    fate: &Fate,
    judging: Duration,
    keeping: Duration,
) -> anyhow::Result<()> {
    voice.say(&format!(
        "  {}  {:<26} {}   {:>8}",
        output::verdict(assessment.verdict),
        photo.name,
        output::figures(judged.report()),
        output::millis(judging)
    ))?;
    voice.say(&format!("          {}", style(&photo.defect).dim()))?;
    for reason in &assessment.reasons {
        voice.say(&format!(
            "          {} {}",
            style(format!("{}:", reason.code())).yellow(),
            reason.hint()
        ))?;
    }
    match fate {
        Fate::TakenAgain => voice.say("          → not kept; the shopper takes it again"),
        Fate::Saved(saved) => {
            let how = match (&saved.kept_anyway, &saved.supersedes) {
                (Some(_), _) => "the shopper insists: kept anyway, and the agent will see that; ",
                (None, Some(_)) => "replaces the one before; ",
                (None, None) => "",
            };
            voice.say(&format!(
                "          {}",
                style(format!(
                    "→ {how}sealed and durable in {} as …{} ({})",
                    output::millis(keeping),
                    output::short(saved.id),
                    output::bytes(saved.length)
                ))
                .dim()
            ))
        }
    }
}

pub(super) fn unreadable(voice: Voice, photo: &StoryPhoto, error: StillError) -> anyhow::Result<()> {
    voice.say(&format!(
        "  {}   {:<26} {}",
        style("error").red().bold(),
        photo.name,
        PhotoError::from(error).detail
    ))
}

/// The queue, as files and rows.
pub(super) fn queue_on_disk(voice: Voice, store: &CaptureStore) -> anyhow::Result<()> {
    voice.say("")?;
    voice.say(&heading("The queue, as it lies on the disk"))?;
    let vault = store.folder().join("vault");
    let mut files: Vec<_> = std::fs::read_dir(&vault)?.filter_map(Result::ok).collect();
    files.sort_by_key(std::fs::DirEntry::file_name);
    for file in &files {
        voice.say(&format!(
            "  vault/{}  {:>8}  sealed",
            file.file_name().to_string_lossy(),
            output::bytes(file.metadata()?.len())
        ))?;
    }
    let (entries, counters) = (store.queue()?, store.counters()?);
    voice.say(&format!("  queue.sqlite  {} rows, without a SKU or a pixel in clear:", entries.len()))?;
    for entry in &entries {
        voice.say(&format!(
            "    {}  …{}  {:<14} {:<9} {:>8}{}",
            output::state(entry.state),
            output::short(entry.capture),
            entry.sku.as_deref().unwrap_or_default(),
            entry.role.as_str(),
            output::bytes(entry.length),
            if entry.kept_anyway.is_some() { "  kept anyway" } else { "" }
        ))?;
    }
    voice.say(&format!("  {} captured, {} queued", counters.captured, counters.queued))?;
    voice.say("")
}

/// Prints what happens while the queue is sent, a line for each thing worth knowing.
pub(super) async fn sending(
    voice: Voice,
    mut events: impl Stream<Item = ProgressEvent> + Unpin,
    store: Arc<CaptureStore>,
) -> anyhow::Result<()> {
    let names: HashMap<CaptureId, String> = store
        .queue()?
        .into_iter()
        .map(|entry| {
            let sku = entry.sku.as_deref().unwrap_or_default();
            (
                entry.capture,
                format!("…{}  {sku:<14} {:<9}", output::short(entry.capture), entry.role.as_str()),
            )
        })
        .collect();
    let mut interrupted = HashSet::new();
    while let Some(event) = events.next().await {
        let photo = match event {
            ProgressEvent::Photo(photo) => photo,
            ProgressEvent::Waiting { .. } | ProgressEvent::Idle => continue,
            ProgressEvent::Ended(_) => break,
        };
        let name = names.get(&photo.capture).map_or("", String::as_str);
        match photo.phase {
            Phase::Retrying { detail, .. } => {
                interrupted.insert(photo.capture);
                voice.say(&format!("  {}  {name}  {detail}", style("cut off ").yellow().bold()))?;
            }
            Phase::Sending if interrupted.remove(&photo.capture) => {
                voice.say(&format!(
                    "  {}  {name}  at {} of {}, which the server had kept",
                    style("resumed ").cyan(),
                    output::bytes(store.entry(photo.capture)?.offset),
                    output::bytes(photo.total)
                ))?;
            }
            Phase::Accepted => voice.say(&format!("  {}  {name}", style("accepted").green()))?,
            Phase::Rejected { detail, .. } | Phase::Stalled { detail } => {
                voice.say(&format!("  {}  {name}  {detail}", style("failed  ").red().bold()))?;
            }
            Phase::Sending | Phase::Verifying | Phase::Lost | Phase::Paused => {}
        }
    }
    voice.say("")
}

/// What the server recorded, and how the two analyses compare.
pub(super) async fn timeline(
    voice: Voice,
    server: &RunningServer,
    token: &str,
    view: &ReturnView,
) -> anyhow::Result<()> {
    voice.say(&heading("The return's timeline, as the server recorded it"))?;
    let page: Page<EventView> = super::get(server, token, &format!("v1/events?return={}", view.id)).await?;
    for event in &page.entries {
        if matches!(event.kind, EventKind::EvidenceUploading | EventKind::EvidenceReceived) {
            continue;
        }
        let about = event.evidence_id.map(|id| format!("…{}", output::short(id))).unwrap_or_default();
        let status = event.data.get("status").and_then(|status| status.as_str()).unwrap_or_default();
        voice.say(&format!(
            "  {}  {:<24} {about:<10} {status}",
            event.at.strftime("%H:%M:%S%.3f"),
            event.kind.as_str()
        ))?;
    }
    voice.say("")?;
    voice.say(&heading("Phone and server, side by side"))?;
    for item in &view.items {
        for evidence in &item.evidence {
            voice.say(&format!(
                "  …{}  {:<14} {}",
                output::short(evidence.id),
                item.sku,
                side_by_side(evidence)
            ))?;
        }
    }
    voice.say("")
}

fn side_by_side(evidence: &EvidenceView) -> String {
    let verdict = |record: Option<&clearshot_protocol::manifest::AnalysisRecord>| match record {
        None => "not judged".to_owned(),
        Some(record) if record.reasons.is_empty() => "good".to_owned(),
        Some(record) => format!("retake ({})", record.reasons.join(", ")),
    };
    let capture = evidence.capture.as_ref();
    format!(
        "{:<9} {:<10} phone: {:<22} server: {:<22}{}",
        capture.map_or("", |capture| capture.role.as_str()),
        evidence.status.as_str(),
        verdict(capture.map(|capture| &capture.device_analysis)),
        verdict(evidence.server_analysis.as_ref()),
        if capture.is_some_and(|capture| capture.kept_anyway.is_some()) { " kept anyway" } else { "" }
    )
}

pub(super) fn figures(voice: Voice, taken: &Taken, sent: &Sent, store: &CaptureStore) -> anyhow::Result<()> {
    let sealed: u64 = store.queue()?.iter().map(|entry| entry.length).sum();
    voice.say(&heading("Figures"))?;
    let line = |name: &str, text: String| voice.say(&format!("  {name:<26} {text}"));
    line("photos", format!("{} taken, {} kept", taken.photos, taken.keeping.len()))?;
    line(
        "bytes",
        format!("{} from the camera, {} sealed", output::bytes(taken.bytes), output::bytes(sealed)),
    )?;
    line("judge a photo", median_and_worst(&taken.judging))?;
    line("seal it, make it durable", median_and_worst(&taken.keeping))?;
    line("send all, and re-check", output::millis(sent.elapsed))?;
    line(
        "bytes sent twice",
        format!(
            "{} (the cable was {}pulled; {} went through it, requests' heads included)",
            output::bytes(sent.report.bytes_resent),
            if sent.was_cut { "" } else { "not " },
            output::bytes(sent.carried)
        ),
    )?;
    voice.say("")
}

fn median_and_worst(times: &[Duration]) -> String {
    let mut times = times.to_vec();
    times.sort();
    match times.last() {
        Some(worst) => {
            format!("{} (median), {} (worst)", output::millis(times[times.len() / 2]), output::millis(*worst))
        }
        None => "none".to_owned(),
    }
}
