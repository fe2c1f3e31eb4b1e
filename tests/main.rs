//! End-to-end and fault tests of the whole: real processes, real sockets, real disks.
//!
//! A test target of `cli/`, so that it runs the program of the same build. `harness/` starts, kills and restarts it;
//! `contract/` has the fixtures that every implementation of the contract reads.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may fail by panicking

mod demo;
mod flipped_bytes;
mod harness;
mod interim_answers;
mod interop;
mod killed;
mod network_faults;
mod nothing_in_clear;
mod refusals;
mod relevance;
mod rights;
mod same_beginnings;
mod storm;
mod takeover;
