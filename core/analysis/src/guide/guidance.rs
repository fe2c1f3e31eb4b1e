//! What the guide answers.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::hint::Hint;

/// What to show and offer now.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Guidance {
    /// The one thing to tell the shopper; none at the start of a shot, while nothing is known.
    pub hint: Option<Hint>,
    /// When that was first shown, on the caller's clock.
    pub since: Duration,
    /// How near the last seconds were to good: 0 (the most urgent fault all along) to 1. It is 1 exactly when the scene
    /// is good now, also while an earlier hint still has its time.
    pub progress: f64,
    /// What to do about the torch.
    pub torch: TorchAdvice,
    /// Whether a photo could be taken for the shopper now: `good` is shown, holds, and no recent frame differed.
    pub auto_capture: bool,
    /// Whether to show an example picture: no progress for 6 s.
    pub show_example: bool,
    /// Whether to offer to take the photo as it is: 10 s without good. Stays until the next shot.
    pub offer_override: bool,
}

/// What to do about the torch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TorchAdvice {
    /// Leave it as it is.
    #[default]
    None,
    /// It is dark: offer to switch it on.
    Suggest,
    /// It made a reflection: offer to switch it off again.
    Withdraw,
}
