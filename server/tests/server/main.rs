//! The server from outside: real sockets, a real database, a file per subject.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where by panicking")]

mod auth;
mod console;
mod digest;
mod events;
mod harness;
mod hostile;
mod idempotency;
mod interruptions;
mod openapi;
mod privacy;
mod recheck;
mod restart;
mod returns;
mod uploads;
