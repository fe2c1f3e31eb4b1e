//! `clearshot queue`: shows a phone's queue, tries a capture again, discards one.

mod choices;
mod show;

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Subcommand;
use clearshot_capture::{CaptureError, CaptureState, CaptureStore, QueueEntry};
use clearshot_protocol::{CaptureId, Timestamp};
use serde_json::json;

pub(crate) use self::show::print_sum;
use crate::output;
use crate::phone::Phone;
use crate::photo_files::PhotoError;

#[derive(clap::Args)]
pub(crate) struct QueueArguments {
    /// The phone's folder
    #[arg(long, value_name = "DIR", env = "CLEARSHOT_QUEUE", global = true)]
    queue: Option<PathBuf>,
    /// One JSON object a line: each capture, then the counters
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Subcommand)]
enum Action {
    /// Try a stalled or rejected capture again, from a clean slate
    Retry {
        /// Its id, or the end of it as the queue shows it
        #[arg(value_name = "ID")]
        capture: String,
    },
    /// Delete the photo of a rejected capture from this phone, for good
    Discard {
        /// Its id, or the end of it as the queue shows it
        #[arg(value_name = "ID")]
        capture: String,
        /// Do not ask first
        #[arg(long)]
        yes: bool,
    },
}

pub(crate) fn run(arguments: &QueueArguments) -> anyhow::Result<ExitCode> {
    let folder = arguments
        .queue
        .as_ref()
        .context("find the queue: name the phone's folder with --queue DIR or in CLEARSHOT_QUEUE")?;
    let store = Phone::at(folder).open()?;
    match &arguments.action {
        None => show(&store, arguments.json),
        Some(Action::Retry { capture }) => {
            let capture = find(&store, capture)?;
            let result = store.retry(capture, Timestamp::now());
            tell(&store, capture, result, arguments.json, |()| {
                format!("{capture} waits to be sent again, with the next clearshot sync")
            })
        }
        Some(Action::Discard { capture, yes }) => {
            let capture = find(&store, capture)?;
            if !yes && !confirm(&store.entry(capture)?)? {
                output::print_line("nothing was discarded")?;
                return Ok(ExitCode::FAILURE);
            }
            tell(&store, capture, store.discard(capture), arguments.json, |freed| match freed {
                0 => format!("the photo of {capture} is not on this phone any more"),
                freed => format!("discarded the photo of {capture}: {} are free again", output::bytes(freed)),
            })
        }
    }
}

fn show(store: &CaptureStore, json: bool) -> anyhow::Result<ExitCode> {
    let (entries, counters) = (store.queue()?, store.counters()?);
    if json {
        show::print_json(&entries, &counters, &store.unreadable_files())?;
    } else {
        show::print_entries(&entries)?;
        print_sum(&counters)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The capture with this id, or the only one whose id ends so.
fn find(store: &CaptureStore, text: &str) -> anyhow::Result<CaptureId> {
    if let Ok(capture) = text.parse() {
        return Ok(capture);
    }
    let captures = store.queue()?.into_iter().map(|entry| entry.capture);
    let found: Vec<_> =
        captures.filter(|id| !text.is_empty() && id.to_string().ends_with(&text.to_lowercase())).collect();
    match found[..] {
        [capture] => Ok(capture),
        [] => bail!("find a capture whose id ends in \"{text}\": clearshot queue shows what there is"),
        _ => bail!("choose among {} captures whose ids end in \"{text}\": give more of the id", found.len()),
    }
}

/// Says what came of it: with `--json` the capture as it stands now, or the error with its code.
fn tell<T>(
    store: &CaptureStore,
    capture: CaptureId,
    result: Result<T, CaptureError>,
    json: bool,
    sentence: impl FnOnce(T) -> String,
) -> anyhow::Result<ExitCode> {
    match result {
        Ok(done) if !json => output::print_line(&sentence(done))?,
        Ok(_) => output::print_json(&show::entry_json(&store.entry(capture)?))?,
        Err(error) if json => {
            output::print_json(&json!({ "capture": capture, "error": PhotoError::from(error) }))?;
            return Ok(ExitCode::FAILURE);
        }
        Err(error) => return Err(error.into()),
    }
    Ok(ExitCode::SUCCESS)
}

/// Asks whether the photo is to go. What the queue refuses to discard anyway is not asked about.
fn confirm(entry: &QueueEntry) -> anyhow::Result<bool> {
    if entry.state != CaptureState::Rejected || !entry.on_device {
        return Ok(true);
    }
    if !std::io::stdin().is_terminal() {
        bail!("discard {}: it needs a person who says yes, or --yes", entry.capture);
    }
    eprintln!("{}", entry.status);
    eprint!(
        "Delete the photo of {} ({}) from this phone? Nobody can bring it back. [y/N] ",
        entry.capture,
        output::bytes(entry.length)
    );
    std::io::stderr().flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).context("read the answer")?;
    Ok(is_yes(&answer))
}

fn is_yes(answer: &str) -> bool {
    matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clear_yes_discards() {
        assert!([" y\n", "Yes\n", "YES"].iter().all(|answer| is_yes(answer)));
        assert!(["", "\n", "n\n", "yep\n", "discard\n"].iter().all(|answer| !is_yes(answer)));
    }
}
