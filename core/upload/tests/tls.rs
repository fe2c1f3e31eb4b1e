//! Whom TLS trusts.
#![allow(clippy::unwrap_used)] // clippy does not see that the helper is test code

mod support;

use std::sync::Arc;

use clearshot_capture::Outcome;
use clearshot_upload::Transport;
use support::*;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// A server whose certificate is its own authority; and that certificate.
async fn server_for(name: &str) -> (Server, String) {
    let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let handler: Handler = Arc::new(|_| reply(&tus("200 OK", "Upload-Offset: 3\r\n")));
    (Server::tls(handler, TlsAcceptor::from(Arc::new(config))).await, made.cert.pem())
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused_before_the_token_is_sent() {
    let (server, _) = server_for("localhost").await;
    let outcome = perform(&server.performer(), &ask_offset(10), &[]).await;
    let Outcome::NetworkFault { detail } = outcome else { panic!("{outcome:?}") };
    assert!(detail.contains("certificate"), "{detail}");
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn an_additional_root_is_trusted() {
    let (server, pem) = server_for("localhost").await;
    let transport = Transport::default().with_extra_root(pem.as_bytes()).unwrap();
    let outcome = perform(&server.performer_with(&transport), &ask_offset(10), &[]).await;
    assert_eq!(outcome, Outcome::Offset { offset: 3 });
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused_even_from_a_trusted_root() {
    let (server, pem) = server_for("shop.example").await;
    let transport = Transport::default().with_extra_root(pem.as_bytes()).unwrap();
    let outcome = perform(&server.performer_with(&transport), &ask_offset(10), &[]).await;
    assert!(matches!(outcome, Outcome::NetworkFault { .. }), "{outcome:?}");
    assert!(server.seen().is_empty());
}
