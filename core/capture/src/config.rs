//! What a store is told once, when it is opened: keys and limits.

use std::time::Duration;

use clearshot_protocol::seal::{Identity, Recipient};

/// The keys of a store.
#[derive(Debug, Clone)]
pub struct StoreKeys {
    /// The phone's own key: photos are sealed to it too, so that the shopper can look at them, and the labels of
    /// items are sealed with a key derived from it.
    pub device: Identity,
    /// The returns service's public key.
    pub service: Recipient,
}

/// The limits of a store. [`StoreConfig::default`] is what a phone should use.
#[derive(Debug, Clone)]
pub struct StoreConfig {
    /// Bytes that the vault may hold. Default 2 GiB: about 2,000 photos, far beyond any return, and still a size that a
    /// shopper's phone has.
    pub max_vault_bytes: u64,
    /// Captures that the vault may hold. Default 1,000.
    pub max_captures: u64,
    /// How much of the room that the vault could have (its own bytes and the disk's free ones) it may take, in percent.
    /// Default 20: the shopper's phone goes on working.
    pub max_disk_share_percent: u8,
    /// How long a step belongs to the one who got it. Default 10 min: longer than the slowest 5 MiB request, short
    /// enough for a killed app to heal by itself.
    pub lease: Duration,
    /// Whether a step ends with the process that performs it: then the leases of a process that died are free again as
    /// soon as the store is opened anew. Default true; false where the platform goes on without the app (a background
    /// `URLSession`), and leases end by time alone.
    pub steps_end_with_process: bool,
    /// How long a photo stays after the server accepted it. Default 24 h: time for a server to come back from a backup.
    pub grace: Duration,
    /// How long a session stays in the queue once its last photo was accepted and deleted. Default 90 days: until the money
    /// is back, the shopper looks at what they have sent, and what is left is a few hundred bytes a photo.
    pub retention: Duration,
    /// The shortest back-off. Default 1 s.
    pub min_back_off: Duration,
    /// The longest back-off. Default 5 min.
    pub max_back_off: Duration,
    /// Failed tries without progress after which a capture is `stalled`. Default 12.
    pub stall_tries: u32,
    /// Time without progress after which a failing capture is `stalled`. Default 24 h.
    pub stall_after: Duration,
    /// How long [`MeteredPolicy::UnmeteredThenAny`] holds out for a network that costs nothing. Default 2 h.
    pub unmetered_patience: Duration,
    /// Seeds the jitter of the back-off, for tests that must repeat. Default: a seed of its own for every store, so that
    /// a thousand phones do not come back in the same second.
    pub jitter_seed: Option<u64>,
}

impl Default for StoreConfig {
    fn default() -> Self {
        const HOUR: Duration = Duration::from_hours(1);
        Self {
            max_vault_bytes: 2 * 1024 * 1024 * 1024,
            max_captures: 1_000,
            max_disk_share_percent: 20,
            lease: Duration::from_mins(10),
            steps_end_with_process: true,
            grace: 24 * HOUR,
            retention: 90 * 24 * HOUR,
            min_back_off: Duration::from_secs(1),
            max_back_off: Duration::from_mins(5),
            stall_tries: 12,
            stall_after: 24 * HOUR,
            unmetered_patience: 2 * HOUR,
            jitter_seed: None,
        }
    }
}

/// How hard a merchant insists on a good photo of a shot. None of them traps the shopper.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum AskPolicy {
    /// Says what is wrong and keeps the photo, recorded as an override.
    Warn,
    /// Asks twice; the third photo is kept, recorded as an override. Before that, the shopper can insist.
    #[default]
    Soft,
    /// Asks twice; the third photo is kept, recorded as an override. Before that, insisting does not help.
    Hard,
}

/// Which networks a capture may use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum MeteredPolicy {
    /// Any.
    #[default]
    Any,
    /// Only those that cost nothing.
    Unmetered,
    /// Those that cost nothing, and after [`StoreConfig::unmetered_patience`] any.
    UnmeteredThenAny,
}

macro_rules! stored_words {
    ($name:ident, { $($variant:ident = $word:literal),* }) => {
        #[allow(unreachable_pub)] // public and private enums have the same words
        impl $name {
            /// The word that is stored and printed.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }

        impl std::str::FromStr for $name {
            type Err = ();

            fn from_str(word: &str) -> Result<Self, ()> {
                match word { $($word => Ok(Self::$variant),)* _ => Err(()) }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}
pub(crate) use stored_words;

stored_words!(AskPolicy, { Warn = "warn", Soft = "soft", Hard = "hard" });
stored_words!(MeteredPolicy, { Any = "any", Unmetered = "unmetered", UnmeteredThenAny = "unmetered_then_any" });
