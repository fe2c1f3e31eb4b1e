//! The returns service: opens returns, receives sealed photos by resumable upload, checks them again, says what
//! happened, and shows the evidence to an agent.
//!
//! | you look for | it is in |
//! | --- | --- |
//! | a route | `routes` (JSON), `uploads`, `console` (HTML); all are put together in `app` |
//! | a table | `migrations/`, and one file per table in `store` |
//! | a status and when it changes | `lifecycle`, pure |
//! | who may do what | `auth` |
//! | what the server does to a photo | `recheck`; which relevance model it asks is in `recheck/model` |
//! | a limit or a time-out | [`config`] |
//!
//! Photos at rest are the sealed bytes as they were received; what names an order is sealed in its column. The
//! service's key opens both, in memory, for the re-check and for an agent's view.
//!
//! This crate is **not** responsible for judging pixels (`clearshot-analysis`), for the format of envelopes and the
//! words of the API (`clearshot-protocol`), or for a process: it is started by the command line and by tests with
//! [`Server::start`], and it never reads the clock but through [`config::Clock`].

mod app;
mod auth;
pub mod config;
mod connection;
mod console;
mod deadline;
mod disk;
mod error;
mod keys;
mod lifecycle;
mod linger;
mod listen;
mod login;
mod problem;
mod recheck;
mod routes;
mod server;
mod store;
mod token;
mod uploads;
mod vfs;

pub use app::openapi;
pub use config::{Clock, ModelSource, ServerConfig, UploadPace};
pub use error::ServerError;
pub use login::one_time_login;
pub use server::{RunningServer, Server, serve};
pub use token::{Role, TokenIssuer, TokenRequest, mint_token};
pub use vfs::{RealDisk, Vfs};
