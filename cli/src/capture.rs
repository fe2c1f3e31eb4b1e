//! `clearshot capture`: judges photos, seals them, and puts them into the queue. Works without a network.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clearshot_analysis::{Policy, StillLimits, StillScratch};
use clearshot_capture::{
    AskPolicy, Assessment, CaptureError, CaptureStore, JudgedPhoto, Keep, MeteredPolicy, NewCapture, NewItem,
    NewSession, SavedCapture, SessionView,
};
use clearshot_protocol::api::{ReturnReason, ShotRole};
use clearshot_protocol::seal::Recipient;
use clearshot_protocol::{ReturnId, ReturnItemId, ShotId, Timestamp};
use serde_json::json;

use crate::model::ModelArguments;
use crate::output;
use crate::phone::{Phone, Service, ask_service};
use crate::photo_files::{PhotoError, read_photo};
use crate::sync::runtime;

#[derive(clap::Args)]
pub(crate) struct CaptureArguments {
    /// The phone's folder; made when it is new
    #[arg(long, value_name = "DIR", env = "CLEARSHOT_QUEUE")]
    queue: PathBuf,
    /// The return's id, as the server gave it
    #[arg(long = "return", value_name = "ID")]
    return_id: ReturnId,
    /// The item's SKU
    #[arg(long, value_name = "SKU")]
    item: String,
    /// What the photos show: overview, defect, label, packaging, serial, other
    #[arg(long, value_name = "ROLE")]
    shot: ShotRole,
    /// Why the item comes back; decides which shots it needs
    #[arg(long, value_name = "REASON", default_value = "damaged")]
    reason: ReturnReason,
    /// Replace the newest photo of this shot instead of adding one
    #[arg(long)]
    retake: bool,
    /// Keep the photos whatever the judgement is; the agent sees that
    #[arg(long)]
    keep: bool,
    /// Which networks the photos may use [default: any, or what the item began with]
    #[arg(long, value_name = "any|unmetered|unmetered_then_any", value_parser = network)]
    network: Option<MeteredPolicy>,
    /// The returns API; needed once for each queue
    #[arg(long, value_name = "URL")]
    server: Option<String>,
    /// The service's public key (age1…), to begin a queue without a network
    #[arg(long, value_name = "KEY", requires = "server")]
    recipient: Option<Recipient>,
    #[command(flatten)]
    model: ModelArguments,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
    /// Photos (JPEG, PNG)
    #[arg(required = true, value_name = "PHOTO")]
    photos: Vec<PathBuf>,
}

fn network(word: &str) -> Result<MeteredPolicy, &'static str> {
    word.parse().map_err(|()| "it is any, unmetered or unmetered_then_any")
}

pub(crate) fn run(arguments: &CaptureArguments) -> anyhow::Result<ExitCode> {
    let phone = Phone::at(&arguments.queue);
    learn_service(&phone, arguments)?;
    let mut store = phone.open()?;
    if let Some(model) = arguments.model.load()? {
        store = store.with_model(model);
    }
    let session = session(&store, arguments)?;
    let mut capturer = Capturer::new(&store, arguments.network);
    let mut all_saved = true;
    for path in &arguments.photos {
        let shot = choose_shot(&store, &session, arguments)?;
        let result = capturer.take(path, (shot, arguments.shot), arguments.keep, monotonic_millis(&session));
        all_saved &= matches!(result, Ok(Taken::Saved { .. }));
        if arguments.json {
            print_json(path, &result)?;
        } else {
            print_taken(path, &result)?;
        }
    }
    Ok(if all_saved { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn learn_service(phone: &Phone, arguments: &CaptureArguments) -> anyhow::Result<()> {
    match (&arguments.server, &arguments.recipient) {
        (Some(server), Some(recipient)) => {
            phone.remember(&Service { server: server.clone(), recipient: recipient.clone() })
        }
        // A queue that knows its service already is not sent to the network for it.
        (Some(server), None)
            if phone.service()?.is_none_or(|known| known.server != server.trim_end_matches('/')) =>
        {
            phone.remember(&runtime()?.block_on(async { ask_service(server).await })?)
        }
        _ => Ok(()),
    }
}

/// The return's session, with the item in it.
fn session(store: &CaptureStore, arguments: &CaptureArguments) -> anyhow::Result<SessionView> {
    let now = Timestamp::now();
    let item = NewItem {
        sku: arguments.item.clone(),
        title: arguments.item.clone(),
        reason: arguments.reason,
        metered: arguments.network.unwrap_or_default(),
        ask_policy: AskPolicy::Soft,
    };
    let id = match store.session_of_return(arguments.return_id)? {
        Some(session) => {
            if !session.items.iter().any(|known| known.id == item_id(arguments)) {
                store.add_item(session.id, &item, now)?;
            }
            session.id
        }
        None => store.open_session(&NewSession { return_id: arguments.return_id, items: vec![item] }, now)?,
    };
    Ok(store.session(id)?)
}

fn item_id(arguments: &CaptureArguments) -> ReturnItemId {
    ReturnItemId::of(arguments.return_id, &arguments.item)
}

/// The first shot of the role that has no photo yet; one more when all have; with `--retake` the last that has.
fn choose_shot(
    store: &CaptureStore,
    session: &SessionView,
    arguments: &CaptureArguments,
) -> anyhow::Result<ShotId> {
    let session = store.session(session.id)?;
    let item = session.items.iter().find(|item| item.id == item_id(arguments)).context("find the item")?;
    let mut of_role = item.shots.iter().filter(|shot| shot.role == arguments.shot);
    if arguments.retake {
        return match of_role.rfind(|shot| shot.current.is_some()) {
            Some(shot) => Ok(shot.id),
            None => bail!("retake the {} of {}: there is no photo of it yet", arguments.shot, arguments.item),
        };
    }
    match of_role.find(|shot| shot.current.is_none()) {
        Some(shot) => Ok(shot.id),
        None => Ok(store.add_shot(session.id, item.id, arguments.shot, Timestamp::now())?),
    }
}

/// Milliseconds since the session began. The command line has no monotonic clock that lasts from call to call, so this
/// is the wall clock's difference.
fn monotonic_millis(session: &SessionView) -> u64 {
    u64::try_from(Timestamp::now().duration_since(session.opened_at).as_millis()).unwrap_or(0)
}

/// What became of one photo.
pub(crate) enum Taken {
    /// Durable in the queue.
    Saved { photo: Box<JudgedPhoto>, saved: SavedCapture },
    /// Not kept: the shopper is asked for another one.
    Asked { photo: Box<JudgedPhoto>, assessment: Assessment },
}

/// Takes photos from files as a phone takes them from its camera.
pub(crate) struct Capturer<'a> {
    store: &'a CaptureStore,
    network: Option<MeteredPolicy>,
    policy: Policy,
    limits: StillLimits,
    scratch: StillScratch,
}

impl<'a> Capturer<'a> {
    fn new(store: &'a CaptureStore, network: Option<MeteredPolicy>) -> Self {
        let (policy, limits, scratch) = Default::default();
        Self { store, network, policy, limits, scratch }
    }

    /// Judges the photo of a file, and keeps it if it is good, if the shopper insists, or if they were asked enough.
    pub(crate) fn take(
        &mut self,
        path: &Path,
        (shot, role): (ShotId, ShotRole),
        insist: bool,
        monotonic_millis: u64,
    ) -> Result<Taken, PhotoError> {
        let bytes = read_photo(path, &self.limits)?;
        let taken_at = Timestamp::now();
        let mut photo = self.store.judge(&bytes, role, &self.limits, &self.policy, &mut self.scratch)?;
        let assessment = self.store.assess(shot, &mut photo)?;
        let decision = if insist { Keep::Override } else { Keep::AsGood };
        let new = NewCapture {
            shot,
            photo: &photo,
            decision,
            taken_at,
            monotonic_millis,
            annotation: Vec::new(),
            metered: self.network,
        };
        match self.store.keep(&new, taken_at) {
            Ok(saved) => Ok(Taken::Saved { photo: Box::new(photo), saved }),
            Err(CaptureError::AskFirst { .. }) => {
                self.store.record_ask(shot, &photo, taken_at)?;
                Ok(Taken::Asked { photo: Box::new(photo), assessment })
            }
            Err(error) => Err(error.into()),
        }
    }
}

fn print_taken(path: &Path, result: &Result<Taken, PhotoError>) -> anyhow::Result<()> {
    let name = path.display();
    match result {
        Ok(Taken::Saved { photo, saved, .. }) => {
            output::print_line(&format!(
                "{}  {}   saved as {} ({} sealed){}   {name}",
                output::verdict(photo.verdict()),
                output::figures(photo.report()),
                saved.id,
                output::bytes(saved.length),
                if saved.kept_anyway.is_some() { ", kept anyway" } else { "" },
            ))?;
            print_reasons(photo)?;
        }
        Ok(Taken::Asked { photo, .. }) => {
            output::print_line(&format!(
                "{}  {}   not saved   {name}",
                output::verdict(photo.verdict()),
                output::figures(photo.report())
            ))?;
            print_reasons(photo)?;
            output::print_line("        Take another photo, or keep this one with --keep.")?;
        }
        Err(error) => {
            output::print_line(&format!(
                "{}  {}   {name}",
                console::style("error ").red().bold(),
                error.detail
            ))?;
        }
    }
    Ok(())
}

/// Why the photo should be retaken; nothing for a good one.
fn print_reasons(photo: &JudgedPhoto) -> anyhow::Result<()> {
    for reason in &photo.report().reasons {
        output::print_line(&format!("        {}: {}", reason.code(), reason.hint()))?;
    }
    Ok(())
}

fn print_json(path: &Path, result: &Result<Taken, PhotoError>) -> anyhow::Result<()> {
    let path = path.display().to_string();
    output::print_json(&match result {
        Ok(Taken::Saved { photo, saved, .. }) => json!({
            "path": path,
            "saved": true,
            "capture": saved.id,
            "supersedes": saved.supersedes,
            "length": saved.length,
            "sha256": saved.sha256,
            "override": saved.kept_anyway,
            "report": photo.report(),
        }),
        Ok(Taken::Asked { photo, assessment }) => json!({
            "path": path,
            "saved": false,
            "duplicate_of": assessment.duplicate_of,
            "report": photo.report(),
        }),
        Err(error) => json!({ "path": path, "error": { "code": error.code, "detail": error.detail } }),
    })
}
