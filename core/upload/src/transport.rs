//! The HTTP client: TLS with *ring* and bundled roots, time-outs, no redirects.
//!
//! Why not the platform's trust store, and what that costs: `docs/adr/0005-tls-ring-and-bundled-roots.md`.

use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

use crate::{ServerAddress, UploadError};

/// How long finding and reaching the server may take. On a lossy phone network a lost SYN is sent again after 1, 3
/// and 7 s, so that three attempts fit in.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a body may make no progress. There is no limit on a whole upload: a slow network that moves is no fault.
/// 30 s is longer than a change from Wi-Fi to mobile data, and shorter than a shopper's patience.
pub const STALL_TIMEOUT: Duration = Duration::from_secs(30);

/// How long the answer may take once the last byte was handed to the system. Longer than [`STALL_TIMEOUT`], because
/// the system buffers up to about 4 MiB, which take 34 s on a 1 Mbit/s uplink, and the server syncs before it
/// answers.
pub const ANSWER_TIMEOUT: Duration = Duration::from_mins(1);

/// How long an idle connection is kept for the next step. A phone's network changes without a word; an old
/// connection then costs a whole [`STALL_TIMEOUT`].
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(15);

const USER_AGENT: &str = concat!("clearshot/", env!("CARGO_PKG_VERSION"));

/// How long each part of a request may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Name look-up, TCP and TLS. [`CONNECT_TIMEOUT`] by default.
    pub connect: Duration,
    /// Without progress of the body. [`STALL_TIMEOUT`] by default.
    pub stall: Duration,
    /// From the last byte of the body to the answer. [`ANSWER_TIMEOUT`] by default.
    pub answer: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: CONNECT_TIMEOUT, stall: STALL_TIMEOUT, answer: ANSWER_TIMEOUT }
    }
}

/// How requests travel: time-outs, and whom TLS trusts.
#[derive(Debug, Clone, Default)]
pub struct Transport {
    pub(crate) timeouts: Timeouts,
    extra_roots: Vec<CertificateDer<'static>>,
}

impl Transport {
    /// With other time-outs.
    #[must_use]
    pub fn with_timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// Trusts the certificates in `pem`, too: for a test server, or a company whose own authority signs its servers.
    pub fn with_extra_root(mut self, pem: &[u8]) -> Result<Self, UploadError> {
        let before = self.extra_roots.len();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate
                .map_err(|error| UploadError::RootCertificate(format!("it is not PEM ({error})")))?;
            // Tried out here, so that a wrong one is refused where it is given.
            RootCertStore::empty()
                .add(certificate.clone())
                .map_err(|error| UploadError::RootCertificate(error.to_string()))?;
            self.extra_roots.push(certificate);
        }
        if self.extra_roots.len() == before {
            return Err(UploadError::RootCertificate("there is no certificate in it".to_owned()));
        }
        Ok(self)
    }

    /// The HTTP client that the uploader uses, for an app's other calls to the same server.
    pub fn client(&self, server: &ServerAddress) -> Result<reqwest::Client, UploadError> {
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(self.tls()?)
            .connect_timeout(self.timeouts.connect)
            .pool_idle_timeout(POOL_IDLE_TIMEOUT)
            // A redirect would carry the token and the photo to an address that nobody has checked.
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .user_agent(USER_AGENT);
        if server.is_loopback() {
            // A proxy from the environment cannot reach this computer's loopback.
            builder = builder.no_proxy();
        }
        builder.build().map_err(UploadError::Client)
    }

    /// The provider is named here rather than installed for the process: the app around us may have its own.
    fn tls(&self) -> Result<ClientConfig, UploadError> {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        for certificate in &self.extra_roots {
            roots.add(certificate.clone())?;
        }
        let mut config =
            ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()?
                .with_root_certificates(roots)
                .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_that_is_none_is_refused_where_it_is_given() {
        for pem in [
            &b""[..],
            b"nonsense",
            b"-----BEGIN CERTIFICATE-----\nbm9uc2Vuc2U=\n-----END CERTIFICATE-----\n",
            b"-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n",
        ] {
            let error = Transport::default().with_extra_root(pem).unwrap_err();
            assert_eq!(error.code(), "invalid_root_certificate");
        }
    }

    #[test]
    fn no_crypto_provider_is_installed_for_the_process() {
        let server = ServerAddress::parse("https://shop.example", crate::PlainHttp::LoopbackOnly).unwrap();
        Transport::default().client(&server).unwrap();
        assert!(rustls::crypto::CryptoProvider::get_default().is_none());
    }
}
