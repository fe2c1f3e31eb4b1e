//! `clearshot serve`: runs the returns API and the agent console.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clearshot_protocol::Timestamp;
use clearshot_server::{Server, ServerConfig};
use serde_json::json;

use crate::model::ModelArguments;
use crate::output;
use crate::sync::runtime;

#[derive(clap::Args)]
pub(crate) struct ServeArguments {
    /// The server's folder: database, photos, keys; made when it is new
    #[arg(long, value_name = "DIR", env = "CLEARSHOT_DATA")]
    data: PathBuf,
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    #[command(flatten)]
    model: ModelArguments,
    /// Say where it listens as a JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &ServeArguments) -> anyhow::Result<ExitCode> {
    log_to_stderr();
    runtime()?.block_on(async {
        let defaults = ServerConfig::new(&arguments.data, arguments.listen);
        let config = ServerConfig { model: arguments.model.source(), ..defaults };
        let server = Server::start(config).await?;
        let login = server.one_time_login(Timestamp::now()).await?;
        if arguments.json {
            output::print_json(&json!({
                "listen": server.local_addr(),
                "recipient": server.recipient(),
                "console": login,
            }))?;
        } else {
            output::print_line(&format!("listening on {}", server.base_url()?))?;
            output::print_line(&format!("console (this link logs in once, within 10 minutes): {login}"))?;
            output::print_line("stop with Ctrl-C")?;
        }
        stop_signal().await;
        server.shutdown().await?;
        Ok(ExitCode::SUCCESS)
    })
}

/// Ends with Ctrl-C or, as service managers send it, SIGTERM.
pub(crate) async fn stop_signal() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    if let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        tokio::select! {
            _ = interrupt => {}
            _ = terminate.recv() => {}
        }
        return;
    }
    // A program that cannot hear the signal is ended by it, which the server survives.
    let _ = interrupt.await;
}

/// Logs to standard error; `RUST_LOG` chooses what, by default warnings and the server's own notes.
fn log_to_stderr() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn,clearshot_server=info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}
