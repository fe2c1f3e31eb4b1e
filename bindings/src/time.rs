//! Ids and times as the border has them: text, and milliseconds since 1970 (UTC).

use std::fmt::Display;
use std::ops::Range;
use std::str::FromStr;

use clearshot_protocol::Timestamp;

use crate::error::{CaptureError, ErrorCode};

/// An id from its text.
pub(crate) fn id<T: FromStr<Err: Display>>(text: &str) -> Result<T, CaptureError> {
    text.parse().map_err(|error: T::Err| CaptureError::new(ErrorCode::InvalidArgument, error.to_string()))
}

/// The times that are taken, in milliseconds since 1970, up to the year 6429. Earlier ones have no place in an id, which has
/// 48 bits for them; of those, one is left for what is added: a lease, a back-off.
const TIMES: Range<i64> = 0..1 << 47;

/// A moment from milliseconds since 1970.
pub(crate) fn moment(millis: i64) -> Result<Timestamp, CaptureError> {
    let moment = Timestamp::from_millisecond(millis).ok().filter(|_| TIMES.contains(&millis));
    moment.ok_or_else(|| {
        let reason = format!("use {millis} as a time: it is no number of milliseconds since 1970");
        CaptureError::new(ErrorCode::InvalidArgument, reason)
    })
}
