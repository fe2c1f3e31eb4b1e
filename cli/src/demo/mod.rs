//! `clearshot demo`: the whole way of a photo, with every part real: the server, the phone's queue on the disk, the
//! network between them, and a cable that is pulled once.

mod cable;
mod photos;
mod shopper;
mod show;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use clearshot_capture::{CaptureStore, Conditions};
use clearshot_protocol::Timestamp;
use clearshot_protocol::api::{CreateReturnItem, CreateReturnRequest, ReturnView};
use clearshot_server::{ModelSource, Role, RunningServer, Server, ServerConfig, TokenRequest};
use clearshot_upload::{SyncEnd, SyncReport, Timeouts};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use self::cable::Cable;
use self::photos::Story;
use self::shopper::Taken;
use crate::model::{ModelArguments, SharedModel};
use crate::output::{self, Voice, heading};
use crate::phone::{Phone, Service, http_client};
use crate::serve::stop_signal;
use crate::sync::{runtime, uploader};

#[derive(clap::Args)]
pub(crate) struct DemoArguments {
    /// Take your own photos (JPEG, PNG) instead of those that come with it
    #[arg(long, value_name = "DIR")]
    photos: Option<PathBuf>,
    /// Keep the phone's and the server's folders here
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Stay up afterwards, so that a browser can show the console
    #[arg(long)]
    serve: bool,
    #[command(flatten)]
    model: ModelArguments,
    /// The figures as a JSON object; the story goes to standard error
    #[arg(long)]
    json: bool,
}

/// A token for the demo's shopper lasts longer than anybody watches.
const TOKEN_LIFETIME: Duration = Duration::from_hours(1);

/// How long the demo waits for the server's re-check of the last photo.
const PATIENCE: Duration = Duration::from_mins(2);

pub(crate) fn run(arguments: &DemoArguments) -> anyhow::Result<ExitCode> {
    let story = match &arguments.photos {
        Some(folder) => photos::own_story(folder)?,
        None => photos::embedded_story()?,
    };
    let folder = Folder::new(arguments.keep.as_deref())?;
    runtime()?.block_on(demo(arguments, &story, &folder))
}

async fn demo(arguments: &DemoArguments, story: &Story, folder: &Folder) -> anyhow::Result<ExitCode> {
    let voice = if arguments.json { Voice::Error } else { Voice::Out };
    let model = arguments.model.load()?;
    let server = Server::start(ServerConfig {
        model: model.clone().map_or(ModelSource::Off, ModelSource::Given),
        ..ServerConfig::new(folder.path.join("server"), ([127, 0, 0, 1], 0).into())
    })
    .await?;
    let token = server.tokens().mint(
        &TokenRequest {
            role: Role::Shopper,
            subject: "demo-shopper".to_owned(),
            return_id: None,
            lifetime: TOKEN_LIFETIME,
        },
        Timestamp::now(),
    )?;
    let opened = open_return(&server, &token, story).await?;
    show::opening(voice, &server, &opened)?;

    voice.say(&heading("Offline: the photos are taken"))?;
    let store = open_store(&server, &folder.path, model)?;
    let taken = shopper::take_photos(voice, &store, opened.id, story)?;
    show::queue_on_disk(voice, &store)?;

    voice.say(&heading("Online: the queue is sent, and the cable is pulled once"))?;
    let sent = send(voice, &server, &token, &store).await?;

    let view: ReturnView = get(&server, &token, &format!("v1/returns/{}", opened.id)).await?;
    show::timeline(voice, &server, &token, &view).await?;
    show::figures(voice, &taken, &sent, &store)?;
    if arguments.json {
        output::print_json(&figures(&view, &taken, &sent, &store)?)?;
    }
    finish(arguments, voice, folder, server, &store, &sent).await
}

/// What sending the queue took.
struct Sent {
    report: SyncReport,
    was_cut: bool,
    carried: u64,
    elapsed: Duration,
}

async fn open_return(server: &RunningServer, token: &str, story: &Story) -> anyhow::Result<ReturnView> {
    let base = server.base_url()?;
    let request = CreateReturnRequest {
        order: story.order.clone(),
        items: story
            .items
            .iter()
            .map(|item| CreateReturnItem {
                sku: item.sku.clone(),
                title: item.title.clone(),
                quantity: 1,
                reason: item.reason,
                wanted: item.wanted,
            })
            .collect(),
    };
    let answer = http_client(base.as_str())?
        .post(base.join("v1/returns")?)
        .bearer_auth(token)
        .header("Idempotency-Key", &story.order)
        .json(&request)
        .send()
        .await
        .and_then(reqwest::Response::error_for_status)
        .context("open the return")?;
    answer.json().await.context("read the opened return")
}

async fn get<T: serde::de::DeserializeOwned>(
    server: &RunningServer,
    token: &str,
    path: &str,
) -> anyhow::Result<T> {
    let base = server.base_url()?;
    let answer = http_client(base.as_str())?
        .get(base.join(path)?)
        .bearer_auth(token)
        .header("Accept", "application/json")
        .send()
        .await
        .and_then(reqwest::Response::error_for_status)
        .with_context(|| format!("read {path}"))?;
    answer.json().await.with_context(|| format!("understand {path}"))
}

fn open_store(
    server: &RunningServer,
    folder: &Path,
    model: Option<SharedModel>,
) -> anyhow::Result<Arc<CaptureStore>> {
    let phone = Phone::at(&folder.join("phone"));
    phone.remember(&Service { server: server.base_url()?.to_string(), recipient: server.recipient() })?;
    let store = phone.open()?;
    Ok(Arc::new(match model {
        Some(model) => store.with_model(model),
        None => store,
    }))
}

/// Sends the queue over a cable that breaks in the middle of the second photo.
async fn send(
    voice: Voice,
    server: &RunningServer,
    token: &str,
    store: &Arc<CaptureStore>,
) -> anyhow::Result<Sent> {
    let lengths: Vec<u64> = store.queue()?.iter().map(|entry| entry.length).collect();
    let middle = match lengths[..] {
        [first, second, ..] => first + second / 2,
        [only] => only / 2,
        [] => bail!("send anything: no photo was kept"),
    };
    let cable = Cable::lay(server.local_addr(), middle).await?;
    // One photo at a time, so that it is one photo that the cut hits.
    let uploader = uploader(&format!("http://{}", cable.phone_end), token, Timeouts::default())?
        .with_parallelism(1)
        .with_patience(PATIENCE);
    let (network, conditions) = watch::channel(Conditions::OFFLINE);
    let display = tokio::spawn(show::sending(voice, uploader.events(), Arc::clone(store)));
    network.send(Conditions::UNMETERED)?;
    let start = Instant::now();
    let report = uploader.sync(Arc::clone(store), conditions, &CancellationToken::new()).await?;
    let elapsed = start.elapsed();
    display.await??;
    Ok(Sent { report, was_cut: cable.was_cut(), carried: cable.carried(), elapsed })
}

/// The figures of `--json`.
fn figures(view: &ReturnView, taken: &Taken, sent: &Sent, store: &CaptureStore) -> anyhow::Result<Value> {
    let millis = |times: &[Duration]| times.iter().map(|time| time.as_secs_f64() * 1e3).collect::<Vec<_>>();
    let counters = store.counters()?;
    Ok(json!({
        "return": view.id,
        "status": view.status,
        "photos_taken": taken.photos,
        "photos_kept": counters.captured,
        "photos_accepted": counters.accepted,
        "bytes_from_camera": taken.bytes,
        "bytes_sealed": store.queue()?.iter().map(|entry| entry.length).sum::<u64>(),
        "bytes_sent": sent.report.bytes_sent,
        "bytes_sent_twice": sent.report.bytes_resent,
        "cable_was_cut": sent.was_cut,
        "millis": {
            "judge": millis(&taken.judging),
            "keep": millis(&taken.keeping),
            "send_and_check": sent.elapsed.as_secs_f64() * 1e3,
        },
    }))
}

async fn finish(
    arguments: &DemoArguments,
    voice: Voice,
    folder: &Folder,
    server: RunningServer,
    store: &CaptureStore,
    sent: &Sent,
) -> anyhow::Result<ExitCode> {
    let counters = store.counters()?;
    let all_accepted = sent.report.end == SyncEnd::Done && counters.accepted == counters.captured;
    if let Some(kept) = &arguments.keep {
        voice.say(&format!("kept in {}: phone/ and server/", kept.display()))?;
        voice.say(&format!("look again: clearshot serve --data {}", folder.path.join("server").display()))?;
    }
    let login = server.one_time_login(Timestamp::now()).await?;
    if arguments.serve {
        voice.say(&format!("agent console (this link logs in once): {login}"))?;
        voice.say("stop with Ctrl-C")?;
        stop_signal().await;
    } else {
        voice.say(&format!("agent console: {login}"))?;
        voice.say("  it ends with the demo; --serve keeps it up for your browser")?;
    }
    server.shutdown().await?;
    if !all_accepted {
        bail!("get every photo accepted: {} of {}", counters.accepted, counters.captured);
    }
    voice.say(&format!("{} All {} photos are accepted.", console::style("✔").green(), counters.captured))?;
    Ok(ExitCode::SUCCESS)
}

/// The folder that phone and server write to: a fresh one each time, removed at the end unless it is kept.
struct Folder {
    path: PathBuf,
    _removed_at_the_end: Option<tempfile::TempDir>,
}

impl Folder {
    fn new(keep: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = keep else {
            let folder =
                tempfile::Builder::new().prefix("clearshot-demo-").tempdir().context("make a folder")?;
            return Ok(Self { path: folder.path().to_owned(), _removed_at_the_end: Some(folder) });
        };
        std::fs::create_dir_all(path).with_context(|| format!("make {}", path.display()))?;
        let mut entries = std::fs::read_dir(path).with_context(|| format!("read {}", path.display()))?;
        if entries.next().is_some() {
            bail!("keep the demo in {}: there is something in it already; name a new folder", path.display());
        }
        Ok(Self { path: path.to_owned(), _removed_at_the_end: None })
    }
}
