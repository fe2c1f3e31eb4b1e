//! Resumable uploads: tus 1.0 (<https://tus.io/protocols/resumable-upload>) with creation, creation-with-upload and
//! termination.
//!
//! What holds, whatever clients, networks and power do:
//!
//! - **An acknowledged byte is on the disk.** `Upload-Offset` is only ever said after `fdatasync` of those bytes and
//!   the commit of the row that counts them. It never goes down.
//! - **What arrived is kept.** When a connection breaks, goes silent, or is overtaken, the bytes that came are made
//!   durable and counted before anything else happens to the upload.
//! - **The newest request wins.** Every request for an upload takes the next [turn](turns); whoever writes hears of it
//!   at once, keeps what it has, and ends with 409. There are no locks that a client could see, and no 423.
//! - **A capture arrives once.** Its id is the creation's key: the same creation again finds the same upload.
//! - **Only the declared bytes become evidence.** The digest is computed while bytes arrive and compared at the end.
//!
//! The way of the bytes: `spool/<upload>` → `fdatasync` → digest → rename to `evidence/<shard>/<capture>.age` → `fsync`
//! of that folder → rows and events in one transaction. [`repair`] finishes or undoes whatever a crash left half-way.
//!
//! | module | holds |
//! | --- | --- |
//! | `request` | what the headers say; pure |
//! | `turns` | whose turn it is to write |
//! | `spool` | the file of an unfinished upload |
//! | `receive` | bytes from the network into the spool |
//! | `finish` | from the last byte to evidence |
//! | `repair` | what is done at start |
//! | `create`, `resume` | the handlers |
//!
//! Not responsible for what the bytes are: that is the re-check's ([`crate::recheck`]).

mod create;
mod finish;
mod receive;
mod repair;
mod request;
mod resume;
mod spool;
mod turns;

pub(crate) use create::{__path_create, __path_describe, create, describe};
pub(crate) use repair::repair;
pub(crate) use resume::{
    __path_describe_one, __path_head, __path_patch, __path_terminate, describe_one, head, patch, terminate,
};
pub(crate) use turns::Turns;
