//! The server from outside: real sockets, a real database, a file per subject.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where by panicking")]

mod attach;
mod auth;
#[cfg(feature = "relevance")]
mod bundled_model;
mod console;
mod digest;
mod draft_musts;
mod events;
mod expiry;
mod harness;
mod hostile;
mod idempotency;
mod interruptions;
mod limits;
mod migrations;
mod openapi;
mod privacy;
mod recheck;
mod reconcile;
mod relevance;
mod restart;
mod returns;
mod rights;
mod takeover;
mod tus_musts;
mod uploads;
mod wire;
