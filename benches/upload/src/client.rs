//! One connection to a server, and one upload after the other on it: creation with upload (tus 1.0), all bytes in one
//! request.

use anyhow::{Context as _, bail};
use bytes::Bytes;
use clearshot_protocol::api::{CreateReturnItem, CreateReturnRequest, Resolution, ReturnReason};
use clearshot_protocol::upload::{OFFSET_OCTET_STREAM, TUS_VERSION, UploadMetadata, header};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, LOCATION};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::server::Running;

/// A connection that is kept.
pub(crate) struct Client<'a> {
    server: &'a Running,
    sender: SendRequest<Full<Bytes>>,
}

impl<'a> Client<'a> {
    pub(crate) async fn connect(server: &'a Running) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(server.address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self { server, sender })
    }

    /// Sends one upload. An answer that is not that of a whole upload is an error.
    pub(crate) async fn upload(
        &mut self,
        bytes: Bytes,
        metadata: Option<&UploadMetadata>,
    ) -> anyhow::Result<()> {
        let length = bytes.len() as u64;
        let mut request = Request::post(self.server.path)
            .header(HOST, "localhost")
            .header(header::TUS_RESUMABLE, TUS_VERSION)
            .header(header::UPLOAD_LENGTH, length)
            .header(CONTENT_TYPE, OFFSET_OCTET_STREAM);
        if let Some(token) = &self.server.token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        if let Some(metadata) = metadata {
            request = request
                .header(header::IDEMPOTENCY_KEY, metadata.capture.to_string())
                .header(header::UPLOAD_METADATA, metadata.to_header());
        }
        let response = self.send(request.body(Full::new(bytes))?).await?;
        if response.status() != StatusCode::CREATED || !response.headers().contains_key(LOCATION) {
            bail!("{} answered an upload with {}", self.server.name, response.status());
        }
        let offset = response.headers().get(header::UPLOAD_OFFSET).context("find Upload-Offset")?;
        if offset.to_str()?.parse::<u64>()? != length {
            bail!("{} has {offset:?} of {length} bytes", self.server.name);
        }
        Ok(())
    }

    /// Opens a return with one line, as our server alone knows it; ids of the return and of the line.
    pub(crate) async fn open_return(&mut self) -> anyhow::Result<(String, String)> {
        let item = CreateReturnItem {
            sku: "MUG-01".to_owned(),
            title: "Mug".to_owned(),
            quantity: 1,
            reason: ReturnReason::Damaged,
            wanted: Resolution::Refund,
        };
        let body = CreateReturnRequest { order: "ORDER-1".to_owned(), items: vec![item] };
        let token = self.server.token.as_deref().context("find the token")?;
        let request = Request::post("/v1/returns")
            .header(HOST, "localhost")
            .header(AUTHORIZATION, format!("Bearer {token}"))
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(serde_json::to_vec(&body)?.into()))?;
        let response = self.send(request).await?;
        if response.status() != StatusCode::CREATED {
            bail!("a return was answered with {}", response.status());
        }
        let view: serde_json::Value = serde_json::from_slice(response.body())?;
        let id = |value: &serde_json::Value| value.as_str().map(str::to_owned).context("find an id");
        Ok((id(&view["id"])?, id(&view["items"][0]["id"])?))
    }

    async fn send(&mut self, request: Request<Full<Bytes>>) -> anyhow::Result<Response<Bytes>> {
        if self.sender.ready().await.is_err() {
            // The server closes connections now and then.
            *self = Self::connect(self.server).await?;
        }
        let (head, body) = self.sender.send_request(request).await?.into_parts();
        Ok(Response::from_parts(head, body.collect().await?.to_bytes()))
    }
}
