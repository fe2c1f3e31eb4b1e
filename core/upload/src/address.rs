//! The server's address, and which addresses below it may be given the token.

use std::net::IpAddr;

use clearshot_protocol::CaptureId;
use clearshot_protocol::api::EVIDENCE_PATH;
use clearshot_protocol::reconcile::RECONCILE_PATH;
use clearshot_protocol::upload::UPLOADS_PATH;
use url::{Host, Position, Url};

use crate::UploadError;

/// Where `http` without TLS may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PlainHttp {
    /// To this computer only (`localhost`, `127.0.0.0/8`, `::1`): for trying things out.
    #[default]
    LoopbackOnly,
    /// Anywhere. The token then travels in clear: only for a network that protects it otherwise.
    Anywhere,
}

/// A server's base address, such as `https://returns.shop.example` or, behind a proxy,
/// `https://shop.example/clearshot`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerAddress {
    /// Its path ends with a slash; it has no query, fragment, user name or password.
    base: Url,
}

/// An upload's address that the token must not be sent to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LocationError {
    #[error("the upload's address is not one")]
    Syntax,
    #[error("the upload's address is on another server ({0})")]
    Foreign(String),
}

impl ServerAddress {
    /// Reads and checks an address.
    pub fn parse(address: &str, plain_http: PlainHttp) -> Result<Self, UploadError> {
        // What stands before an @ may be a password.
        let shown = address.rsplit_once('@').map_or(address, |(_, host)| host);
        let invalid = |why: String| UploadError::InvalidServer { address: shown.to_owned(), why };
        let mut base = Url::parse(address.trim()).map_err(|error| {
            invalid(format!("{error}; expected one such as https://returns.shop.example"))
        })?;
        if !base.username().is_empty() || base.password().is_some() {
            // Not repeated in the error: it holds a password.
            return Err(UploadError::InvalidServer {
                address: base.host_str().unwrap_or_default().to_owned(),
                why: "a user name or password has no place in it".to_owned(),
            });
        }
        if base.query().is_some() || base.fragment().is_some() {
            return Err(invalid("it must end with its path, without ? or #".to_owned()));
        }
        match base.scheme() {
            "https" => {}
            "http" if plain_http == PlainHttp::Anywhere || is_loopback(&base) => {}
            "http" => return Err(UploadError::InsecureServer { address: address.to_owned() }),
            other => return Err(invalid(format!("it begins with {other}:, expected https:"))),
        }
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        Ok(Self { base })
    }

    /// The address, with a slash at the end of its path.
    pub fn as_url(&self) -> &Url {
        &self.base
    }

    /// Whether it is this computer.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.base)
    }

    /// Where uploads are created.
    pub(crate) fn uploads(&self) -> Url {
        self.below(UPLOADS_PATH)
    }

    /// Where the evidence of a capture is read.
    pub(crate) fn evidence(&self, capture: CaptureId) -> Url {
        self.below(&format!("{EVIDENCE_PATH}/{capture}"))
    }

    /// Where the server is asked what it has.
    pub(crate) fn reconcile(&self) -> Url {
        self.below(RECONCILE_PATH)
    }

    /// The address of an upload, from its `Location`. An address on another origin is refused, because the request
    /// would carry the token there.
    pub(crate) fn locate(&self, location: &str) -> Result<Url, LocationError> {
        let mut url = self.uploads().join(location).map_err(|_| LocationError::Syntax)?;
        let named = !url.username().is_empty() || url.password().is_some();
        if url.origin() != self.base.origin() || named {
            return Err(LocationError::Foreign(url.host_str().unwrap_or("no host").to_owned()));
        }
        if url.path().starts_with("//") {
            // As a relative reference, that path would name a host.
            return Err(LocationError::Syntax);
        }
        url.set_fragment(None);
        Ok(url)
    }

    fn below(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{}", self.base.path(), path.trim_start_matches('/')));
        url
    }
}

/// What the queue keeps of an upload's address: its path and query, so that it stays valid when the server moves.
pub(crate) fn to_stored_location(url: &Url) -> String {
    url[Position::BeforePath..Position::AfterQuery].to_owned()
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(address: &str) -> Result<ServerAddress, UploadError> {
        ServerAddress::parse(address, PlainHttp::LoopbackOnly)
    }

    #[test]
    fn plain_http_is_for_this_computer_only() {
        for address in
            ["http://localhost:8080", "http://127.0.0.1:1", "http://127.8.9.1", "http://[::1]:80/x"]
        {
            assert!(parse(address).is_ok_and(|server| server.is_loopback()), "{address}");
        }
        for address in ["http://shop.example", "http://192.168.1.4:8080", "http://localhost.shop.example"] {
            assert_eq!(parse(address).unwrap_err().code(), "insecure_server", "{address}");
            assert!(ServerAddress::parse(address, PlainHttp::Anywhere).is_ok());
        }
        assert!(parse("https://shop.example").is_ok());
    }

    #[test]
    fn an_address_that_cannot_work_is_refused_and_no_password_is_repeated() {
        for address in
            ["", "shop.example", "ftp://shop.example", "https://shop.example/?a=1", "https://shop.example#x"]
        {
            assert_eq!(parse(address).unwrap_err().code(), "invalid_server", "{address}");
        }
        for address in [
            "https://me:geheim@shop.example",
            "https://me:geheim@shop.example:99999",
            "me:geheim@shop.example",
        ] {
            let text = parse(address).unwrap_err().to_string();
            assert!(!text.contains("geheim"), "{text}");
        }
    }

    #[test]
    fn a_path_prefix_is_kept() {
        let capture: CaptureId = "0198c5a0-7c3e-7d52-9f6b-000000000001".parse().unwrap();
        for address in ["https://shop.example/clearshot", "https://shop.example/clearshot/"] {
            let server = parse(address).unwrap();
            assert_eq!(server.uploads().as_str(), "https://shop.example/clearshot/v1/uploads");
            assert_eq!(
                server.evidence(capture).as_str(),
                "https://shop.example/clearshot/v1/evidence/0198c5a0-7c3e-7d52-9f6b-000000000001"
            );
        }
    }

    #[test]
    fn a_location_may_be_absolute_or_relative_and_is_kept_without_the_host() {
        let server = parse("https://shop.example/c").unwrap();
        for location in ["https://shop.example/c/v1/uploads/7?k=1#f", "/c/v1/uploads/7?k=1", "uploads/7?k=1"]
        {
            let url = server.locate(location).unwrap();
            assert_eq!(to_stored_location(&url), "/c/v1/uploads/7?k=1", "{location}");
            assert_eq!(server.locate(&to_stored_location(&url)).unwrap(), url);
        }
    }

    #[test]
    fn a_location_on_another_origin_is_refused() {
        let server = parse("https://shop.example").unwrap();
        for location in [
            "https://evil.example/v1/uploads/7",
            "//evil.example/7",
            "/\\evil.example/7",
            "http://shop.example/7",
            "https://shop.example:8443/7",
            "https://me@shop.example/7",
        ] {
            assert!(matches!(server.locate(location), Err(LocationError::Foreign(_))), "{location}");
        }
        assert_eq!(server.locate("https://shop.example//evil.example/7"), Err(LocationError::Syntax));
        assert_eq!(server.locate("https://["), Err(LocationError::Syntax));
    }
}
