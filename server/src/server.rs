//! A running server: sockets, start and end.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use clearshot_protocol::Timestamp;
use clearshot_protocol::seal::Recipient;
use tokio::net::TcpListener;
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;

use crate::app::App;
use crate::config::{DRAIN_TIMEOUT, ServerConfig};
use crate::disk::DataFolder;
use crate::error::ServerError;
use crate::keys::Keys;
use crate::listen::{accept, allowed_connections};
use crate::login::mint_link;
use crate::recheck::{self, Model};
use crate::store::Store;
use crate::token::TokenIssuer;
use crate::uploads::{self, Budget, BudgetLimits, Turns};

/// How many photos are opened for viewers at a time: 4 of the largest are 256 MiB.
const VIEWERS: usize = 4;

/// Starts servers.
#[derive(Debug, Clone, Copy)]
pub struct Server;

impl Server {
    /// Opens the data folder, repairs what a crash left half-way, begins to listen, and returns.
    pub async fn start(config: ServerConfig) -> Result<RunningServer, ServerError> {
        let folder = DataFolder::open_on(config.disk.clone(), &config.data)?;
        let lock = folder.lock()?;
        let keys = Arc::new(Keys::open(&folder)?);
        let tokens = TokenIssuer::of(&folder)?;
        let model = Model::open(&config.model)?;
        let store = Store::open(&folder.database(), keys).await?;
        uploads::repair(&store, &folder, config.clock.now()).await?;
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
            model,
            to_check: Notify::new(),
            viewers: Arc::new(Semaphore::new(VIEWERS)),
            budget: Arc::new(Budget::new(BudgetLimits {
                requests: config.upload_requests,
                per_client: config.upload_requests_per_client,
            })),
            upload_pace: config.upload_pace,
            checkpoint_interval: config.checkpoint_interval,
            sweep_interval: config.sweep_interval,
            body_timeout: config.body_timeout,
            tasks: TaskTracker::new(),
            stopping: CancellationToken::new(),
            cut: CancellationToken::new(),
        });
        recheck::start(&app, config.recheck_workers).await?;
        app.tasks.spawn(uploads::keep_clean(app.clone()));
        let connections = allowed_connections(config.connections);
        let accepting = tokio::spawn(accept(app.clone(), listener, connections));
        tracing::info!(%address, "listening");
        Ok(RunningServer { app, address, accepting, drain_timeout: config.drain_timeout, _lock: lock })
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
    drain_timeout: Duration,
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
        if tokio::time::timeout(self.drain_timeout, &mut drained).await.is_err() {
            self.app.cut.cancel();
            // The bytes that have come are made durable; that takes as long as the disk does, within reason.
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
