//! A running server: sockets, start and end.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use clearshot_protocol::Timestamp;
use clearshot_protocol::seal::Recipient;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;

use crate::app::{App, router};
use crate::config::{DRAIN_TIMEOUT, HEADER_COUNT_LIMIT, HEADER_LIMIT, HEADER_TIMEOUT, ServerConfig};
use crate::disk::DataFolder;
use crate::error::ServerError;
use crate::keys::Keys;
use crate::login::mint_link;
use crate::recheck;
use crate::store::Store;
use crate::token::TokenIssuer;
use crate::tus::{self, Turns};

/// How many photos are opened for viewers at a time: 4 of the largest are 256 MiB.
const VIEWERS: usize = 4;

/// How long to wait after `accept` failed, such as for want of file descriptors, in milliseconds.
const ACCEPT_PAUSE_MILLIS: u64 = 50;

/// Starts servers.
#[derive(Debug, Clone, Copy)]
pub struct Server;

impl Server {
    /// Opens the data folder, repairs what a crash left half-way, begins to listen, and returns.
    pub async fn start(config: ServerConfig) -> Result<RunningServer, ServerError> {
        let folder = DataFolder::open(&config.data)?;
        let lock = folder.lock()?;
        let keys = Arc::new(Keys::open(&folder)?);
        let tokens = TokenIssuer::of(&folder)?;
        let store = Store::open(&folder.database(), keys).await?;
        tus::repair(&store, &folder, config.clock.now()).await?;
        let listener = TcpListener::bind(config.listen)
            .await
            .map_err(|source| ServerError::Bind { address: config.listen, source })?;
        let address = listener.local_addr()?;
        let app = Arc::new(App {
            store,
            folder,
            tokens,
            clock: config.clock,
            turns: Turns::default(),
            to_check: Notify::new(),
            viewers: Semaphore::new(VIEWERS),
            upload_idle_timeout: config.upload_idle_timeout,
            tasks: TaskTracker::new(),
            stopping: CancellationToken::new(),
            cut: CancellationToken::new(),
        });
        recheck::start(&app, config.recheck_workers).await?;
        let accepting = tokio::spawn(accept(app.clone(), listener));
        tracing::info!(%address, "listening");
        Ok(RunningServer { app, address, accepting, _lock: lock })
    }
}

/// Runs a server until `stop` ends, then lets requests that have begun finish.
pub async fn serve(config: ServerConfig, stop: impl Future<Output = ()>) -> Result<(), ServerError> {
    let server = Server::start(config).await?;
    stop.await;
    server.shutdown().await
}

/// A server that listens. Dropped without [`RunningServer::shutdown`], it goes on until its runtime ends.
pub struct RunningServer {
    app: Arc<App>,
    address: SocketAddr,
    accepting: JoinHandle<()>,
    _lock: std::fs::File,
}

impl RunningServer {
    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens, as an address for clients on this machine.
    pub fn base_url(&self) -> Result<Url, ServerError> {
        let mut host = self.address;
        if host.ip().is_unspecified() {
            host.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
        }
        Url::parse(&format!("http://{host}/")).map_err(|error| ServerError::Io(std::io::Error::other(error)))
    }

    /// The key that photos are sealed to.
    pub fn recipient(&self) -> Recipient {
        self.app.store.keys.recipient()
    }

    /// Makes tokens that this server accepts.
    pub fn tokens(&self) -> &TokenIssuer {
        &self.app.tokens
    }

    /// Makes a link that logs a browser in to the console once, within ten minutes.
    pub async fn one_time_login(&self, now: Timestamp) -> Result<Url, ServerError> {
        mint_link(&self.app.store, &self.base_url()?, now).await
    }

    /// Stops listening, lets requests that have begun finish, cuts those that take too long, closes the database.
    pub async fn shutdown(self) -> Result<(), ServerError> {
        self.app.stopping.cancel();
        self.app.tasks.close();
        let mut drained = pin!(async {
            let _ = self.accepting.await;
            self.app.tasks.wait().await;
        });
        if tokio::time::timeout(DRAIN_TIMEOUT, &mut drained).await.is_err() {
            self.app.cut.cancel();
            let _ = tokio::time::timeout(DRAIN_TIMEOUT, &mut drained).await;
        }
        self.app.store.close().await;
        tracing::info!("stopped");
        Ok(())
    }
}

impl std::fmt::Debug for RunningServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RunningServer").field("address", &self.address).finish_non_exhaustive()
    }
}

/// Accepts connections until the server stops, then ends those that are idle and waits for the others.
async fn accept(app: Arc<App>, listener: TcpListener) {
    let graceful = GracefulShutdown::new();
    let service = TowerToHyperService::new(router(app.clone()));
    loop {
        let stream = tokio::select! {
            biased;
            () = app.stopping.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "could not accept a connection");
                    tokio::time::sleep(std::time::Duration::from_millis(ACCEPT_PAUSE_MILLIS)).await;
                    continue;
                }
            },
        };
        serve_connection(stream, service.clone(), &graceful);
    }
    drop(listener);
    graceful.shutdown().await;
}

fn serve_connection(
    stream: TcpStream,
    service: TowerToHyperService<axum::Router>,
    graceful: &GracefulShutdown,
) {
    // An answer is one small write; waiting to fill a packet would only delay it.
    let _ = stream.set_nodelay(true);
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_headers(HEADER_COUNT_LIMIT)
        .max_buf_size(HEADER_LIMIT)
        .serve_connection(TokioIo::new(stream), service);
    let connection = graceful.watch(connection);
    tokio::spawn(async move {
        // A connection that breaks is the client's everyday life, and what it had sent is kept.
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection ended");
        }
    });
}
