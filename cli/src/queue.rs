//! `clearshot queue`: shows a phone's queue.

use std::path::PathBuf;
use std::process::ExitCode;

use clearshot_capture::{Counters, QueueEntry};
use serde_json::json;

use crate::output;
use crate::phone::Phone;

#[derive(clap::Args)]
pub(crate) struct QueueArguments {
    /// The phone's folder
    #[arg(long, value_name = "DIR", env = "CLEARSHOT_QUEUE")]
    queue: PathBuf,
    /// One JSON object a line: each capture, then the counters
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &QueueArguments) -> anyhow::Result<ExitCode> {
    let store = Phone::at(&arguments.queue).open()?;
    let (entries, counters) = (store.queue()?, store.counters()?);
    if arguments.json {
        for entry in &entries {
            output::print_json(&entry_json(entry))?;
        }
        output::print_json(&json!({ "counters": counters_json(&counters) }))?;
    } else {
        print_queue(&entries, &counters)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The queue for a person: a line a capture, what to do where something is to be done, and the sum.
pub(crate) fn print_queue(entries: &[QueueEntry], counters: &Counters) -> anyhow::Result<()> {
    for entry in entries {
        output::print_line(&format!(
            "{}  {}  {:<16} {:<9} {:>9} of {:<8}{}  {}",
            output::state(entry.state),
            output::short(entry.capture),
            entry.sku.as_deref().unwrap_or("(unknown item)"),
            entry.role,
            output::bytes(entry.offset),
            output::bytes(entry.length),
            if entry.kept_anyway.is_some() { "  kept anyway" } else { "" },
            entry.status,
        ))?;
        if let Some(advice) = &entry.advice {
            output::print_line(&format!("           {advice}"))?;
        }
    }
    let Counters { captured, queued, uploading, uploaded, accepted, rejected, stalled, lost } = counters;
    output::print_line(&format!(
        "{captured} captured: {queued} queued, {uploading} uploading, {uploaded} uploaded, {accepted} accepted, \
         {rejected} rejected, {stalled} stalled, {lost} lost"
    ))
}

fn entry_json(entry: &QueueEntry) -> serde_json::Value {
    json!({
        "capture": entry.capture,
        "session": entry.session,
        "return": entry.return_id,
        "item": entry.item,
        "sku": entry.sku,
        "shot": entry.shot,
        "role": entry.role,
        "taken_at": entry.taken_at,
        "verdict": entry.verdict,
        "reasons": entry.reasons,
        "override": entry.kept_anyway,
        "supersedes": entry.supersedes,
        "superseded_by": entry.superseded_by,
        "state": entry.state.as_str(),
        "offset": entry.offset,
        "length": entry.length,
        "sha256": entry.sha256,
        "attempts": entry.attempts,
        "next_at": entry.next_at,
        "error": entry.error,
        "status": entry.status,
        "advice": entry.advice,
        "on_device": entry.on_device,
    })
}

fn counters_json(counters: &Counters) -> serde_json::Value {
    let Counters { captured, queued, uploading, uploaded, accepted, rejected, stalled, lost } = counters;
    json!({
        "captured": captured, "queued": queued, "uploading": uploading, "uploaded": uploaded,
        "accepted": accepted, "rejected": rejected, "stalled": stalled, "lost": lost,
    })
}
