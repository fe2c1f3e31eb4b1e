//! HTTP/1.1 by hand: what a client library hides, such as interim answers and requests that stop in the middle.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::harness::{PATIENCE, Sealed, TestServer};

pub(crate) struct Wire {
    pub(crate) socket: TcpStream,
    unread: Vec<u8>,
}

/// An answer, or an interim one, which has no body.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

impl Wire {
    pub(crate) async fn open(server: &TestServer) -> Self {
        Self { socket: TcpStream::connect(server.address()).await.unwrap(), unread: Vec::new() }
    }

    /// A PATCH of all bytes of an upload, which are sent and on the server's disk but for the last `missing`.
    pub(crate) async fn nearly_done(
        server: &TestServer,
        place: &str,
        sealed: &Sealed,
        missing: usize,
    ) -> Self {
        let mut wire = Self::open(server).await;
        let length = sealed.bytes.len().to_string();
        let headers = [
            ("tus-resumable", "1.0.0"),
            ("upload-offset", "0"),
            ("content-type", "application/offset+octet-stream"),
            ("content-length", length.as_str()),
        ];
        wire.ask(server, &format!("PATCH {place}"), &headers).await;
        let sent = sealed.bytes.len() - missing;
        wire.send(&sealed.bytes[..sent]).await;
        // What waits for more is written after a moment.
        while server.spool().iter().map(|path| std::fs::metadata(path).unwrap().len()).sum::<u64>()
            < sent as u64
        {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        wire
    }

    /// Sends the head of a request of the shopper's.
    pub(crate) async fn ask(&mut self, server: &TestServer, line: &str, headers: &[(&str, &str)]) {
        let mut head =
            format!("{line} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n", server.shopper());
        for (name, value) in headers {
            head.extend([name, ": ", value, "\r\n"]);
        }
        head.push_str("\r\n");
        self.send(head.as_bytes()).await;
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.socket.write_all(bytes).await.unwrap();
        self.socket.flush().await.unwrap();
    }

    /// The next answer, interim or not.
    pub(crate) async fn next(&mut self) -> Answer {
        let end = loop {
            if let Some(at) = self.unread.windows(4).position(|four| four == b"\r\n\r\n") {
                break at;
            }
            self.read().await;
        };
        let head = String::from_utf8(self.unread.drain(..end + 4).collect()).unwrap();
        let mut lines = head.trim_end().lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers: Vec<_> = lines
            .map(|line| line.split_once(':').unwrap())
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let mut answer = Answer { status, headers, body: Vec::new() };
        let length = answer.header("content-length").map_or(0, |length| length.parse().unwrap());
        while self.unread.len() < length {
            self.read().await;
        }
        answer.body = self.unread.drain(..length).collect();
        answer
    }

    /// The answer itself, after all interim ones.
    pub(crate) async fn last(&mut self) -> Answer {
        loop {
            let answer = self.next().await;
            if answer.status >= 200 {
                return answer;
            }
        }
    }

    async fn read(&mut self) {
        let mut part = [0; 8192];
        let read = tokio::time::timeout(PATIENCE, self.socket.read(&mut part)).await.unwrap().unwrap();
        assert!(read > 0, "the connection was closed");
        self.unread.extend_from_slice(&part[..read]);
    }
}
