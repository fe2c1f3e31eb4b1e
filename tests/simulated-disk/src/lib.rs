//! For tests: a disk that writes down what is done to it, fails on order, and can stop as a killed process does; and
//! every state in which a power cut can leave it.
//!
//! Phone and server each ask a disk through a trait of their own. Their tests implement it by asking a [`Disk`] first,
//! which notes the change and may refuse it, and the real disk then: so the code under test runs as it always does, on
//! a real folder, with its real database. [`find_crash`] then goes through what is noted, and makes of each change the
//! disks that could be found if the power went there (`crash`).
//!
//! The database's files do not go through it: before each change is noted what they hold. That a committed transaction
//! survives is SQLite's promise (WAL, `synchronous=FULL`).
//!
//! Not responsible for what must hold afterwards: that is said by the tests, which give a function for it.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod crash;
mod disk;
mod model;

pub use crash::{Crash, find_crash};
pub use disk::{Change, Disk, Entry, Log, Node, Snapshot, Trouble};
