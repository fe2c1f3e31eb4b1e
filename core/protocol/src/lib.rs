//! What the phone and the server agree on.
//!
//! This crate is the contract: the words of the API ([`api`]), the ids ([`id`]), the [`digest`]s, the evidence
//! [`manifest`] that travels sealed beside every photo, the [`envelope`] that holds the two, the [`seal`]ing itself
//! ([age](https://age-encryption.org/v1), X25519), the names that uploads use on the wire ([`upload`]), and the
//! questions that check the promise that nothing is lost ([`reconcile`]). What phone and server saw in a photo is put
//! side by side in [`relevance`].
//!
//! It is **not** responsible for judging photos (`clearshot-analysis`), for keeping them (`clearshot-capture`), or for
//! any I/O: everything here works on values and on `Read`/`Write`. Reason codes travel as text
//! ([`manifest::AnalysisRecord`]), so that a server which is older than a phone keeps a reason that it does not know;
//! the closed enum of them is `clearshot_analysis::Reason`.

pub mod api;
pub mod digest;
pub mod envelope;
pub mod field;
pub mod id;
pub mod manifest;
pub mod problem;
pub mod reconcile;
pub mod relevance;
pub mod seal;
pub mod upload;

pub use digest::{DigestWriter, Sha256Digest};
pub use id::{CaptureId, ReturnId, ReturnItemId, SessionId, ShotId};
pub use jiff::Timestamp;
