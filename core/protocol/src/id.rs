//! Ids: a UUID each, with its own type, so that a shot's id cannot be passed where a capture's is wanted.
//!
//! Ids that somebody mints are UUIDv7 (RFC 9562 §5.7): they sort by the time of minting. The one exception is
//! [`ReturnItemId`], which phone and server each derive from the return and the SKU, so that a photo can name its item
//! while the phone has no network, without the SKU standing in clear beside the sealed photo.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A text that is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "read \"{text}\" as the id of a {what}: expected a UUID such as 0198c5a0-7c3e-7d52-9f6b-2f6d0a4c1e77"
)]
pub struct IdError {
    /// What the id should have named.
    pub what: &'static str,
    /// The text, cut to 64 characters.
    pub text: String,
}

macro_rules! define_id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// The id with this UUID.
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The id of 16 bytes, as stored in a database or a file header.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }

            /// The UUID.
            pub const fn as_uuid(&self) -> Uuid {
                self.0
            }

            /// The 16 bytes of the UUID.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                Uuid::try_parse(text)
                    .map(Self)
                    .map_err(|_| IdError { what: $what, text: text.chars().take(64).collect() })
            }
        }
    };
}

macro_rules! mint_v7 {
    ($($name:ident),*) => {$(
        impl $name {
            /// A new id, unique by its 74 random bits, that sorts by `now` (milliseconds).
            pub fn mint(now: Timestamp) -> Self {
                let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
                let (seconds, nanos) = (millis / 1000, (millis % 1000) as u32 * 1_000_000);
                Self(Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, seconds, nanos)))
            }
        }
    )*};
}

define_id!(
    /// A return: what the shopper sends back of one order.
    ReturnId,
    "return"
);
define_id!(
    /// One line of a return. Derived from the return and the SKU by [`ReturnItemId::of`].
    ReturnItemId,
    "return item"
);
define_id!(
    /// One sitting of capturing for one return.
    SessionId,
    "session"
);
define_id!(
    /// A slot that wants a photo.
    ShotId,
    "shot"
);
define_id!(
    /// One photo taken for a shot; once the server knows it, the id of its evidence, too.
    CaptureId,
    "capture"
);
mint_v7!(ReturnId, SessionId, ShotId, CaptureId);

impl ReturnItemId {
    /// The id of the line with this SKU in this return: UUIDv5 (RFC 9562 §5.5) with the return's id as name space.
    ///
    /// A return holds each SKU once; how many pieces of it come back is the line's quantity.
    pub fn of(return_id: ReturnId, sku: &str) -> Self {
        Self(Uuid::new_v5(&return_id.as_uuid(), sku.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minted_ids_sort_by_time() {
        let early = CaptureId::mint(Timestamp::from_millisecond(1_700_000_000_000).unwrap());
        let late = CaptureId::mint(Timestamp::from_millisecond(1_700_000_000_001).unwrap());
        assert!(early < late);
        assert_eq!(early.as_uuid().get_version_num(), 7);
    }

    #[test]
    fn minted_ids_differ_within_a_millisecond() {
        let now = Timestamp::from_millisecond(1_700_000_000_000).unwrap();
        assert_ne!(CaptureId::mint(now), CaptureId::mint(now));
    }

    #[test]
    fn a_clock_before_1970_still_mints() {
        let id = CaptureId::mint(Timestamp::from_second(-5).unwrap());
        assert_eq!(id.as_uuid().get_version_num(), 7);
    }

    #[test]
    fn phone_and_server_derive_the_same_item_id() {
        let of: ReturnId = "0198c5a0-7c3e-7d52-9f6b-2f6d0a4c1e77".parse().unwrap();
        let other: ReturnId = "0198c5a0-7c3e-7d52-9f6b-2f6d0a4c1e78".parse().unwrap();
        let item = ReturnItemId::of(of, "MUG-350");
        assert_eq!(item.to_string(), "7ff3566b-a807-5b95-8ca6-c773ea4b171e");
        assert_ne!(item, ReturnItemId::of(other, "MUG-350"));
        assert_ne!(item, ReturnItemId::of(of, "MUG-351"));
    }

    #[test]
    fn a_wrong_text_is_a_clear_error() {
        let error = "nonsense".parse::<ReturnId>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "read \"nonsense\" as the id of a return: expected a UUID such as 0198c5a0-7c3e-7d52-9f6b-2f6d0a4c1e77"
        );
        assert!("é".repeat(100).parse::<ShotId>().is_err());
    }
}
