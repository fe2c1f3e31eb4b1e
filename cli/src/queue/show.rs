//! How a queue is printed: for people, and as JSON.

use std::path::PathBuf;

use clearshot_capture::{Choice, Counters, QueueEntry};
use serde_json::{Value, json};

use super::choices::advice;
use crate::output;

/// A line for each capture, and below it what to do where something is to be done.
pub(super) fn print_entries(entries: &[QueueEntry]) -> anyhow::Result<()> {
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
        // What only waits for its turn needs no second line.
        let choices = entry.choices();
        if (choices != [Choice::Wait] || entry.next_at.is_some())
            && let Some(advice) = advice(entry)
        {
            output::print_line(&format!("           {advice}{}", commands(entry, &choices)))?;
        }
    }
    Ok(())
}

/// How many captures stand where.
pub(crate) fn print_sum(counters: &Counters) -> anyhow::Result<()> {
    let Counters { captured, queued, uploading, uploaded, accepted, rejected, stalled, lost } = counters;
    output::print_line(&format!(
        "{captured} captured: {queued} queued, {uploading} uploading, {uploaded} uploaded, {accepted} accepted, \
         {rejected} rejected, {stalled} stalled, {lost} lost"
    ))
}

/// A line for each capture, then the counters and what the disk does not give.
pub(super) fn print_json(
    entries: &[QueueEntry],
    counters: &Counters,
    unreadable: &[PathBuf],
) -> anyhow::Result<()> {
    for entry in entries {
        output::print_json(&entry_json(entry))?;
    }
    output::print_json(&sum_json(counters, unreadable))
}

fn sum_json(counters: &Counters, unreadable: &[PathBuf]) -> Value {
    let Counters { captured, queued, uploading, uploaded, accepted, rejected, stalled, lost } = counters;
    let unreadable: Vec<_> = unreadable.iter().map(|path| path.display().to_string()).collect();
    json!({
        "counters": {
            "captured": captured, "queued": queued, "uploading": uploading, "uploaded": uploaded,
            "accepted": accepted, "rejected": rejected, "stalled": stalled, "lost": lost,
        },
        "unreadable_files": unreadable,
    })
}

/// A capture, with its reason and what the shopper can do.
pub(super) fn entry_json(entry: &QueueEntry) -> Value {
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
        "choices": entry.choices().iter().map(|choice| choice.as_str()).collect::<Vec<_>>(),
        "advice": advice(entry),
        "network": entry.metered.as_str(),
        "on_device": entry.on_device,
    })
}

/// The commands by which the shopper does what only a command can do.
fn commands(entry: &QueueEntry, choices: &[Choice]) -> String {
    let commands: Vec<_> = choices
        .iter()
        .filter_map(|choice| match choice {
            Choice::Retry => Some("retry"),
            Choice::Discard => Some("discard"),
            _ => None,
        })
        .map(|command| format!("clearshot queue {command} {}", output::short(entry.capture)))
        .collect();
    if commands.is_empty() { String::new() } else { format!("  ({})", commands.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_disk_does_not_give_is_named_beside_the_counters() {
        let counters = Counters { captured: 2, queued: 1, lost: 1, ..Counters::default() };
        let sum = sum_json(&counters, &[PathBuf::from("queue/vault/a.sealed")]);
        assert_eq!((&sum["counters"]["captured"], &sum["counters"]["lost"]), (&2.into(), &1.into()));
        assert_eq!(sum["unreadable_files"], json!(["queue/vault/a.sealed"]));
    }
}
