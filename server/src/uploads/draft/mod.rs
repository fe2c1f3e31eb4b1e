//! The IETF's resumable uploads (draft-ietf-httpbis-resumable-upload): headers to commands, answers to headers. Pure.
//!
//! While it is a draft, client and server say which iteration they speak by `Upload-Draft-Interop-Version`; a version
//! that the server does not speak makes an ordinary upload (Draft Version Identification).
//!
//! | interop version | drafts | what is different |
//! | --- | --- | --- |
//! | 3 | -01 | `Upload-Incomplete`, the opposite of `Upload-Complete` |
//! | 5 | -03 | `Upload-Complete`; progress by 104 |
//! | 6 | -04, -05 | PATCH wants `application/partial-upload`; `Upload-Limit` with `expires`; problem types |
//! | 8 | -09 and later | `expires` is `max-age` |
//! | 9 | later | as 8 |

mod answer;
mod request;

pub(super) use answer::{
    appended, capabilities, created, progress, refused, resumable, standing, terminated,
};
pub(super) use request::{asks_for_resumption, read_append, read_creation, read_plain};

use axum::http::HeaderMap;
use clearshot_protocol::upload::header;

/// An iteration of the draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Interop(u8);

impl Interop {
    /// Those that the server speaks.
    pub(super) const SPOKEN: [u8; 5] = [3, 5, 6, 8, 9];
    /// The first in which completeness is said as it is, and not by its opposite.
    const COMPLETE: Self = Self(4);
    /// The first with a media type for PATCH, limits and problem types.
    const PARTIAL_UPLOAD: Self = Self(6);
    /// The first in which the limit on the time is `max-age`.
    const MAX_AGE: Self = Self(7);

    /// The iteration that the request is made in; `None` when it is none that the server speaks.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let version = item(headers, header::UPLOAD_DRAFT_INTEROP_VERSION)?.parse().ok()?;
        Self::SPOKEN.contains(&version).then_some(Self(version))
    }

    pub(super) const fn number(self) -> u8 {
        self.0
    }

    fn inverts_completeness(self) -> bool {
        self < Self::COMPLETE
    }

    fn has_partial_upload(self) -> bool {
        self >= Self::PARTIAL_UPLOAD
    }

    fn age_key(self) -> &'static str {
        if self >= Self::MAX_AGE { "max-age" } else { "expires" }
    }
}

/// The bare item of a structured field (RFC 9651 §3.3), its parameters left out; `None` when the field is absent or
/// there twice.
fn item<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    if values.next().is_some() {
        return None;
    }
    Some(value.split(';').next().unwrap_or_default().trim())
}
