//! The `clearshot` program as its users run it: a server process, and a phone's queue from the command line.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

/// The program with these arguments, not yet started: that of the same build, or the one that `CLEARSHOT_PROGRAM` names,
/// such as a release build whose memory is measured.
pub(crate) fn clearshot(arguments: &[&str]) -> Command {
    let program = std::env::var_os("CLEARSHOT_PROGRAM");
    let mut command = Command::new(program.unwrap_or_else(|| env!("CARGO_BIN_EXE_clearshot").into()));
    command.args(arguments).env("NO_COLOR", "1").env_remove("CI");
    command
}

/// Runs the program to its end; what it printed must be text.
pub(crate) fn run(arguments: &[&str]) -> Output {
    clearshot(arguments).stdin(Stdio::null()).output().unwrap()
}

fn run_well(arguments: &[&str]) -> String {
    let output = run(arguments);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success(),
        "clearshot {}: {}\n{text}{}",
        arguments.join(" "),
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    text
}

/// A server process. Killed when dropped.
pub(crate) struct Server {
    data: PathBuf,
    child: Child,
    /// Where it listens.
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Starts a server on a free port, with its data in `data`.
    pub(crate) fn start(data: &Path) -> Self {
        let mut child = clearshot(&["serve", "--json", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let started: Value = serde_json::from_str(&line).expect("the server says where it listens");
        let address = started["listen"].as_str().unwrap().parse().unwrap();
        Self { data: data.to_owned(), child, address }
    }

    /// Kills the process as a power switch would (SIGKILL).
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Its address as a URL.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A token of this server.
    pub(crate) fn token(&self, role: &str) -> String {
        self.token_of(role, "tester")
    }

    /// A token of this server for somebody.
    pub(crate) fn token_of(&self, role: &str, subject: &str) -> String {
        let data = self.data.to_str().unwrap();
        run_well(&["token", "--data", data, "--role", role, "--subject", subject]).trim().to_owned()
    }

    /// The process.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// Opens a return with these SKUs; its id.
    pub(crate) fn open_return(&self, skus: &[&str]) -> String {
        let items: Vec<_> = skus
            .iter()
            .map(|sku| serde_json::json!({"sku": sku, "title": sku, "reason": "damaged", "wanted": "refund"}))
            .collect();
        let answer: Value = ureq::post(format!("{}/v1/returns", self.url()))
            .header("Authorization", format!("Bearer {}", self.token("shopper")))
            .header("Idempotency-Key", format!("return of {}", skus.join(" ")))
            .send_json(serde_json::json!({ "order": "ORDER-7731-Q", "items": items }))
            .unwrap()
            .body_mut()
            .read_json()
            .unwrap();
        answer["id"].as_str().unwrap().to_owned()
    }

    /// What an agent sees at this path.
    pub(crate) fn get(&self, path: &str) -> Value {
        ureq::get(format!("{}{path}", self.url()))
            .header("Authorization", format!("Bearer {}", self.token("agent")))
            .header("Accept", "application/json")
            .call()
            .unwrap()
            .body_mut()
            .read_json()
            .unwrap()
    }

    /// A photo, as an agent sees it.
    pub(crate) fn photo(&self, capture: &str) -> Vec<u8> {
        ureq::get(format!("{}/v1/evidence/{capture}/photo", self.url()))
            .header("Authorization", format!("Bearer {}", self.token("agent")))
            .call()
            .unwrap()
            .body_mut()
            .read_to_vec()
            .unwrap()
    }

    /// All events of a return, page by page.
    pub(crate) fn events(&self, return_id: &str) -> Vec<Value> {
        let mut events: Vec<Value> = Vec::new();
        loop {
            let after = events.last().map_or(0, |event| event["id"].as_i64().unwrap());
            let page = self.get(&format!("/v1/events?return={return_id}&after={after}"));
            events.extend(page["entries"].as_array().unwrap().iter().cloned());
            if page["next"].is_null() {
                return events;
            }
        }
    }

    /// All evidence of a return.
    pub(crate) fn evidence(&self, return_id: &str) -> Vec<Value> {
        let view = self.get(&format!("/v1/returns/{return_id}"));
        view["items"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|item| item["evidence"].as_array().unwrap().clone())
            .collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A phone's queue in a folder.
pub(crate) struct Phone {
    folder: PathBuf,
}

impl Phone {
    /// The phone in `folder`.
    pub(crate) fn at(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// Where the sealed photo of a capture is.
    pub(crate) fn vault_file(&self, capture: &str) -> PathBuf {
        self.folder.join("vault").join(format!("{capture}.sealed"))
    }

    fn folder(&self) -> &str {
        self.folder.to_str().unwrap()
    }

    /// Captures photos for a shot; what was printed, a JSON object a photo.
    pub(crate) fn capture(
        &self,
        server: &str,
        return_id: &str,
        sku: &str,
        role: &str,
        photos: &[&Path],
    ) -> Vec<Value> {
        let mut arguments = vec!["capture", "--json", "--keep", "--queue", self.folder(), "--server", server];
        arguments.extend(["--return", return_id, "--item", sku, "--shot", role]);
        arguments.extend(photos.iter().map(|photo| photo.to_str().unwrap()));
        run_well(&arguments).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// `clearshot sync`, not yet started.
    pub(crate) fn sync(&self, server: &str, token: &str) -> Command {
        let mut command = clearshot(&["sync", "--json", "--queue", self.folder(), "--server", server]);
        command
            .env("CLEARSHOT_TOKEN", token)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    /// The captures in the queue, and the counters.
    pub(crate) fn queue(&self) -> (Vec<Value>, Value) {
        let text = run_well(&["queue", "--json", "--queue", self.folder()]);
        let mut lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let counters = lines.pop().unwrap()["counters"].clone();
        (lines, counters)
    }
}
