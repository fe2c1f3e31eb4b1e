//! Resumable uploads: one state machine, two protocols on the same addresses.
//!
//! - tus 1.0 (<https://tus.io/protocols/resumable-upload>) with creation, creation-with-upload,
//!   creation-defer-length, expiration, checksum and termination: [`tus`].
//! - The IETF's resumable uploads (draft-ietf-httpbis-resumable-upload), interop versions 3, 5, 6, 8 and 9: [`draft`].
//! - Anything else that is posted is an ordinary upload: one request, one body.
//!
//! The codecs turn headers into [commands](command) and the machine's answers into headers. A rule is in the machine,
//! once; an upload that was begun in one protocol can go on in the other.
//!
//! What holds, whatever clients, networks and power do:
//!
//! - **An acknowledged byte is on the disk.** `Upload-Offset` is only ever said after `fdatasync` of those bytes and
//!   the commit of the row that counts them. It never goes down.
//! - **What arrived is kept.** When a connection breaks, goes silent, or is overtaken, the bytes that came are made
//!   durable and counted before anything else happens to the upload. Only bytes that have a checksum of their own are
//!   kept whole or not at all.
//! - **The newest request wins.** Every request for an upload takes the next [turn](turns); whoever writes hears of it
//!   at once, keeps what it has, and ends with 409. The number of the turn is kept with the row, so that a writer from
//!   before cannot change it any more. There are no locks that a client could see, and no 423.
//! - **A capture arrives once.** Its id is the creation's key: the same creation again finds the same upload.
//! - **Only the declared bytes become evidence.** The digest is computed while bytes arrive and compared at the end. Bytes
//!   that were damaged on the way end the upload, and [the capture can be created again](refuse).
//! - **Rights are looked at twice**: when a request begins, and when its bytes [become evidence](right).
//! - **Nobody holds the server.** Silent and slow requests end with 408; the bytes in memory, the requests and the
//!   spool of each client are [limited](budget); abandoned uploads [expire](expire).
//!
//! The way of the bytes: `spool/<upload>` → `fdatasync` → digest → link as `evidence/<shard>/<capture>.age` → `fsync` of
//! that folder → rows and events in one transaction → the name in the spool is removed. At each moment the rows
//! decide, and [`repair`] brings the files in line with them after a crash; what the disk held on to is swept later
//! ([`expire`]). An upload that nobody has said anything of stays in the spool until it is [attached](attach), which is
//! written down before its file gets a name, or expires.
//!
//! | module | holds |
//! | --- | --- |
//! | `handlers` | the routes, and which protocol a request speaks |
//! | `tus`, `draft` | headers to commands, answers to headers; pure |
//! | `command` | what is asked of the machine, and what it says |
//! | `create`, `append`, `standing`, `terminate`, `attach`, `expire` | what can happen to an upload |
//! | `receive`, `gather` | bytes from the network into the spool |
//! | `keep_on` | work that does not end with its connection |
//! | `finish` | from the last byte to evidence |
//! | `refuse` | the end of an upload whose bytes cannot be evidence |
//! | `right` | whether the return takes them, and from whom |
//! | `repair` | what is done at start |
//! | `turns`, `budget` | whose turn it is, and how much at a time |
//! | `spool`, `checksum` | the file of an upload, the checksum of a request |
//! | `fields` | header values that both protocols read alike |
//!
//! Not responsible for what the bytes are: that is the re-check's ([`crate::recheck`]).

mod append;
mod attach;
mod budget;
mod checksum;
mod command;
mod create;
mod draft;
mod expire;
mod fields;
mod finish;
mod gather;
mod handlers;
mod keep_on;
mod receive;
mod refuse;
mod repair;
mod right;
mod spool;
mod standing;
mod terminate;
mod turns;
mod tus;

pub(crate) use attach::attach;
pub(crate) use budget::{Budget, BudgetLimits};
pub(crate) use expire::keep_clean;
pub(crate) use fields::idempotency_key;
pub(crate) use handlers::{
    __path_create, __path_describe, __path_describe_one, __path_head, __path_patch, __path_terminate, create,
    describe, describe_one, head, name_protocol, patch, terminate,
};
pub(crate) use repair::repair;
pub(crate) use turns::Turns;
pub(crate) use tus::meant_method;
