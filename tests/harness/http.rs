//! As much of HTTP/1.1 as a test needs that stands between client and server, or sends what no HTTP library would.

use std::io::{self, Read, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use clearshot_protocol::Sha256Digest;

/// The longest head in bytes; the server allows 32 KiB.
const HEAD_LIMIT: usize = 64 * 1024;

/// How long a test waits for bytes before it fails: far longer than anything takes, even on a loaded machine.
pub(crate) const PATIENCE: Duration = Duration::from_mins(2);

/// The head of a request or an answer, as it came.
#[derive(Debug, Clone)]
pub(crate) struct Head {
    /// All its bytes, the empty line included.
    pub(crate) bytes: Vec<u8>,
    first_line: Vec<String>,
    headers: Vec<(String, String)>,
}

impl Head {
    /// Reads to the empty line; `None` where the connection ends before the first byte.
    pub(crate) fn read(from: &mut impl Read) -> io::Result<Option<Self>> {
        let mut bytes = Vec::new();
        let mut byte = [0];
        while !bytes.ends_with(b"\r\n\r\n") {
            if from.read(&mut byte)? == 0 {
                return if bytes.is_empty() { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
            }
            bytes.push(byte[0]);
            if bytes.len() > HEAD_LIMIT {
                return Err(io::ErrorKind::InvalidData.into());
            }
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let mut lines = text.trim_end().lines();
        let first_line = lines.next().unwrap_or_default().split(' ').map(str::to_owned).collect();
        let headers = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        Ok(Some(Self { bytes, first_line, headers }))
    }

    /// The method of a request.
    pub(crate) fn method(&self) -> &str {
        self.first_line.first().map_or("", String::as_str)
    }

    /// The path of a request.
    pub(crate) fn target(&self) -> &str {
        self.first_line.get(1).map_or("", String::as_str)
    }

    /// The status of an answer.
    pub(crate) fn status(&self) -> u16 {
        self.first_line.get(1).and_then(|text| text.parse().ok()).unwrap_or(0)
    }

    /// A header by its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A header that is a number.
    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        self.header(name)?.parse().ok()
    }

    /// Bytes of the body behind it, by `Content-Length`.
    pub(crate) fn body_length(&self) -> u64 {
        self.number("content-length").unwrap_or(0)
    }
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) head: Head,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The next final answer to a request of this method; interim ones (1xx) go to `interim`.
    pub(crate) fn read(
        from: &mut impl Read,
        method: &str,
        mut interim: impl FnMut(&Head) -> io::Result<()>,
    ) -> io::Result<Option<Self>> {
        loop {
            let Some(head) = Head::read(from)? else { return Ok(None) };
            if head.status() < 200 {
                interim(&head)?;
                continue;
            }
            let bodyless = method == "HEAD" || matches!(head.status(), 204 | 304);
            let mut body = vec![0; if bodyless { 0 } else { head.body_length() as usize }];
            from.read_exact(&mut body)?;
            return Ok(Some(Self { head, body }));
        }
    }

    pub(crate) fn status(&self) -> u16 {
        self.head.status()
    }

    pub(crate) fn offset(&self) -> Option<u64> {
        self.head.number("upload-offset")
    }
}

/// A connection to the server on which a test says every byte itself.
pub(crate) struct Wire {
    pub(crate) socket: TcpStream,
    /// Interim answers (1xx) that came before the final ones.
    pub(crate) interim: Vec<Head>,
    /// The header that names the protocol.
    spoken: &'static str,
    authorization: String,
    method: String,
}

impl Wire {
    /// Connects; every request carries this token.
    pub(crate) fn open(server: SocketAddr, token: &str) -> Self {
        Self::connect(server, token).unwrap()
    }

    /// As [`Self::open`], and speaks the IETF's draft instead of tus.
    pub(crate) fn open_draft(server: SocketAddr, token: &str) -> Self {
        Self { spoken: "upload-draft-interop-version: 8", ..Self::open(server, token) }
    }

    /// As [`Self::open`], to a server that may be down.
    pub(crate) fn connect(server: SocketAddr, token: &str) -> io::Result<Self> {
        let socket = TcpStream::connect(server)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.set_write_timeout(Some(PATIENCE))?;
        socket.set_nodelay(true)?;
        Ok(Self {
            socket,
            interim: Vec::new(),
            spoken: "tus-resumable: 1.0.0",
            authorization: format!("Bearer {token}"),
            method: String::new(),
        })
    }

    /// Sends the head of a request, with headers of its own.
    pub(crate) fn ask(&mut self, method: &str, target: &str, headers: &[(&str, String)]) -> io::Result<()> {
        method.clone_into(&mut self.method);
        let mut head = format!(
            "{method} {target} HTTP/1.1\r\nhost: localhost\r\nauthorization: {}\r\n{}\r\n",
            self.authorization, self.spoken
        );
        for (name, value) in headers {
            head.extend([name, ": ", value, "\r\n"]);
        }
        head.push_str("\r\n");
        self.socket.write_all(head.as_bytes())
    }

    /// The head of a PATCH for `length` bytes from `offset` on.
    pub(crate) fn ask_append(&mut self, place: &str, offset: u64, length: usize) -> io::Result<()> {
        let headers = [
            ("upload-offset", offset.to_string()),
            ("content-type", "application/offset+octet-stream".to_owned()),
            ("content-length", length.to_string()),
        ];
        self.ask("PATCH", place, &headers)
    }

    /// Sends bytes of a body.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.socket.write_all(bytes)
    }

    /// The answer to what was asked last.
    pub(crate) fn answer(&mut self) -> io::Result<Answer> {
        let interim = &mut self.interim;
        let keep = |head: &Head| {
            interim.push(head.clone());
            Ok(())
        };
        Answer::read(&mut self.socket, &self.method, keep)?.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    /// Makes an upload that will have these bytes, and has none yet; its address. The same key again is the same upload.
    pub(crate) fn create(&mut self, bytes: &[u8], key: &str) -> io::Result<String> {
        let headers = [
            ("upload-length", bytes.len().to_string()),
            ("repr-digest", Sha256Digest::of(bytes).to_repr_digest()),
            ("idempotency-key", key.to_owned()),
            ("content-length", "0".to_owned()),
        ];
        self.ask("POST", "/v1/uploads", &headers)?;
        let answer = self.answer()?;
        assert_eq!(answer.status(), 201, "{}", String::from_utf8_lossy(&answer.body));
        Ok(answer.head.header("location").unwrap().to_owned())
    }

    /// How many bytes the server has.
    pub(crate) fn offset(&mut self, place: &str) -> io::Result<u64> {
        self.ask("HEAD", place, &[])?;
        let answer = self.answer()?;
        assert_eq!(answer.status(), 200, "{place}");
        Ok(answer.offset().unwrap())
    }
}
