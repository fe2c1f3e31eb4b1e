//! The configuration that an app ships or fetches: one JSON document, checked when it is read.
//!
//! ```json
//! {"analysis": {"sharp_from": 0.5}, "guide": {"example_ms": 5000}}
//! ```
//!
//! Both parts may be left out, and so may every field of theirs. A field that is unknown or out of its bounds is an error.
//! Not responsible for the fields: they are those of the core's `Policy` and `GuidePolicy`.

use clearshot_analysis::{GuidePolicy, Policy};
use serde::Deserialize;

use crate::error::{CaptureError, ErrorCode, guarded};

/// Largest configuration in bytes, a hundred times a full one: what is larger is none, and is not read.
const MAX_CONFIG_BYTES: usize = 256 << 10;

/// What a configuration is, as it is recorded with every verdict.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ConfigInfo {
    /// Version of the thresholds.
    pub policy_version: u32,
    /// SHA-256 of the thresholds' canonical JSON, in hex.
    pub policy_hash: String,
}

/// A configuration that was read.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    #[serde(rename = "analysis")]
    pub(crate) policy: Policy,
    pub(crate) guide: GuidePolicy,
}

/// Reads a configuration and says which it is. Without one, the shipped one is described.
#[uniffi::export]
pub fn check_config(json: Option<String>) -> Result<ConfigInfo, CaptureError> {
    guarded(|| {
        let Config { policy, .. } = Config::read(json.as_deref())?;
        Ok(ConfigInfo { policy_version: policy.version, policy_hash: policy.hash() })
    })
}

impl Config {
    /// Reads and checks a configuration; none is the shipped one.
    pub(crate) fn read(json: Option<&str>) -> Result<Self, CaptureError> {
        let Some(json) = json else { return Ok(Self::default()) };
        if json.len() > MAX_CONFIG_BYTES {
            let reason =
                format!("use a configuration of {} bytes: at most {MAX_CONFIG_BYTES} are read", json.len());
            return Err(CaptureError::new(ErrorCode::InvalidConfig, reason));
        }
        serde_json::from_str(json).map_err(|error| {
            CaptureError::new(ErrorCode::InvalidConfig, format!("read the configuration: {error}"))
        })
    }
}
