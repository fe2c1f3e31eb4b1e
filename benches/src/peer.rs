//! A peer that runs in Python, in a process of its own: a line asks, a line answers.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

/// A script of this folder at work. Ends with this value.
#[derive(Debug)]
pub struct Peer {
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
    version: String,
}

impl Peer {
    /// Starts a script of this folder with these arguments; its first line says which version of what it runs. Gives a reason when the
    /// Python cannot run it.
    pub fn start(python: &str, script: &str, arguments: &[&str]) -> Result<Self, String> {
        let mut child = Command::new(python)
            .arg(format!("{}/{script}", env!("CARGO_MANIFEST_DIR")))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| error.to_string())?;
        let requests = child.stdin.take().ok_or("it has no input")?;
        let answers = BufReader::new(child.stdout.take().ok_or("it has no output")?);
        let mut peer = Self { child, requests, answers, version: String::new() };
        peer.version = peer.answer();
        if peer.version.is_empty() { Err("it says nothing".to_owned()) } else { Ok(peer) }
    }

    /// What it runs, in which version.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Hands over the bytes that `line` announces.
    ///
    /// # Panics
    /// When the peer has ended.
    #[allow(clippy::expect_used, reason = "a bench without its peer has nothing to measure")]
    pub fn send(&mut self, line: &str, data: &[u8]) {
        writeln!(self.requests, "{line}").expect("the peer listens");
        self.requests.write_all(data).expect("the peer takes the data");
        self.requests.flush().expect("the peer takes the data");
        assert_eq!(self.answer(), "ready");
    }

    /// Asks for something and gives the line that answers.
    ///
    /// # Panics
    /// When the peer has ended.
    #[allow(clippy::expect_used, reason = "as above")]
    pub fn ask(&mut self, what: &str) -> String {
        writeln!(self.requests, "{what}").expect("the peer listens");
        self.answer()
    }

    /// Has it run a variant; gives the CPU time that this took.
    ///
    /// # Panics
    /// When the peer has ended, or answers something else than nanoseconds.
    #[allow(clippy::expect_used, reason = "as above")]
    pub fn time(&mut self, variant: &str) -> Duration {
        Duration::from_nanos(
            self.ask(&format!("run {variant}")).parse().expect("the peer answers in nanoseconds"),
        )
    }

    #[allow(clippy::expect_used, reason = "as above")]
    fn answer(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("the peer answers");
        line.trim().to_owned()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
