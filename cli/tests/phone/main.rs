//! A phone's queue on the command line: `clearshot capture`, `queue` and `sync`, as processes, against a real server.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may fail by panicking

mod capture;
#[path = "../../../tests/harness/mod.rs"]
#[allow(dead_code, unused_imports)] // these tests need a part of it
mod harness;
mod interrupted;
mod queue;
mod scene;
mod sync;
