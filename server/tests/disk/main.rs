//! The server's disk under power loss and I/O errors: the real server and its real database, on a simulated disk.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where by panicking")]

mod after_a_cut;
#[path = "../server/harness.rs"]
#[allow(dead_code, reason = "the other tests use the rest")]
mod harness;
mod io_errors;
mod leaving;
mod power_loss;
mod scenarios;
mod server_disk;
