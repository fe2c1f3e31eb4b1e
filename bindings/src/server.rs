//! Which server photos are sent to, and over what network.

use clearshot_capture as core;
use clearshot_upload::{PlainHttp, ServerAddress, Transport};

use crate::error::CaptureError;

/// The returns API, as the app's configuration has it.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ServerSetup {
    /// Its address, such as `https://returns.shop.example`.
    pub url: String,
    /// Certificates to trust in addition, PEM: for a test server or a company's own authority. Counts where Clearshot
    /// itself sends.
    pub extra_root: Option<Vec<u8>>,
    /// Whether `http` may go to other computers than this one. The token then travels in clear: for trying things out.
    pub allow_plain_http: bool,
}

/// The network as the platform knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct Conditions {
    /// Whether there is one at all.
    pub online: bool,
    /// Whether it costs the shopper money by the byte.
    pub metered: bool,
}

impl ServerSetup {
    pub(crate) fn address(&self) -> Result<ServerAddress, CaptureError> {
        let plain = if self.allow_plain_http { PlainHttp::Anywhere } else { PlainHttp::LoopbackOnly };
        Ok(ServerAddress::parse(&self.url, plain)?)
    }

    pub(crate) fn transport(&self) -> Result<Transport, CaptureError> {
        let transport = Transport::default();
        Ok(match &self.extra_root {
            Some(pem) => transport.with_extra_root(pem)?,
            None => transport,
        })
    }
}

impl From<Conditions> for core::Conditions {
    fn from(conditions: Conditions) -> Self {
        Self { online: conditions.online, metered: conditions.metered }
    }
}
