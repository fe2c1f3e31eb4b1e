//! The servers that are compared: how each is started, and what it promises with its answer.

use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

/// A server, as the report names it.
pub(crate) struct Server {
    pub(crate) name: &'static str,
    kind: Kind,
    /// What is on the disk when the upload is answered.
    pub(crate) durable: &'static str,
    /// Whether their SHA-256 is computed.
    pub(crate) hashed: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Clearshot,
    TusNode,
    Rustus,
}

/// Ours first: the others are compared with it.
pub(crate) const SERVERS: &[Server] = &[
    Server { name: "clearshot", kind: Kind::Clearshot, durable: "all", hashed: true },
    Server { name: "@tus/server 2.4.5", kind: Kind::TusNode, durable: "nothing", hashed: false },
    // One fdatasync for the bytes; the file's name and what it notes of the upload are not synced (strace).
    Server { name: "rustus 0.5.10, fsync", kind: Kind::Rustus, durable: "bytes", hashed: false },
];

/// How long a server may take to listen.
const START_TIME: Duration = Duration::from_secs(20);

/// The largest body that rustus takes at a time; by default it takes 256 KiB.
const RUSTUS_BODY: usize = 128 * 1024 * 1024;

/// Where the programs are; absent ones are passed over.
pub(crate) struct Programs {
    pub(crate) clearshot: Option<PathBuf>,
    pub(crate) node_modules: Option<PathBuf>,
    pub(crate) rustus: Option<PathBuf>,
}

impl Server {
    /// Whether it can be started; says so where it cannot.
    pub(crate) fn is_there(&self, programs: &Programs) -> bool {
        let place = match self.kind {
            Kind::Clearshot => &programs.clearshot,
            Kind::TusNode => &programs.node_modules,
            Kind::Rustus => &programs.rustus,
        };
        let there = place.as_ref().is_some_and(|path| path.exists());
        if !there {
            eprintln!("skipped: {} is not installed", self.name);
        }
        there
    }
}

/// A server's process, with an empty folder of its own. Killed when dropped.
pub(crate) struct Running {
    pub(crate) name: &'static str,
    pub(crate) address: SocketAddr,
    /// Where uploads are created.
    pub(crate) path: &'static str,
    pub(crate) token: Option<String>,
    /// Whether uploads can be attached to returns.
    pub(crate) knows_evidence: bool,
    child: Child,
}

impl Running {
    pub(crate) fn start(server: &Server, programs: &Programs, folder: &Path) -> anyhow::Result<Self> {
        match server.kind {
            Kind::Clearshot => {
                let program = programs.clearshot.as_deref().context("find clearshot")?;
                Self::clearshot(server, program, folder)
            }
            Kind::TusNode => {
                let modules = programs.node_modules.as_deref().context("find @tus/server")?;
                Self::tus_node(server, modules, folder)
            }
            Kind::Rustus => {
                let program = programs.rustus.as_deref().context("find rustus")?;
                Self::rustus(server, program, folder)
            }
        }
    }

    /// The process's id.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    fn clearshot(server: &Server, program: &Path, folder: &Path) -> anyhow::Result<Self> {
        let mut command = Command::new(program);
        command
            .args(["serve", "--json", "--listen", "127.0.0.1:0", "--data"])
            .arg(folder)
            .env("RUST_LOG", "warn");
        let (child, started) = spawn_talking(&mut command)?;
        let address = started["listen"].as_str().context("find the address")?.parse()?;
        // A service speaks for many shoppers, so that the limit of one shopper's uploads does not count.
        let output =
            Command::new(program).args(["token", "--role", "service", "--data"]).arg(folder).output()?;
        let token = Some(String::from_utf8(output.stdout)?.trim().to_owned());
        let path = clearshot_protocol::upload::UPLOADS_PATH;
        Ok(Self { name: server.name, address, path, token, knows_evidence: true, child })
    }

    fn tus_node(server: &Server, modules: &Path, folder: &Path) -> anyhow::Result<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tus_server.js");
        let mut command = Command::new("node");
        command.arg(script).arg(folder).env("NODE_PATH", modules).env("NODE_NO_WARNINGS", "1");
        let (child, started) = spawn_talking(&mut command)?;
        let port = started["port"].as_u64().context("find the port")?;
        let address = (Ipv4Addr::LOCALHOST, u16::try_from(port)?).into();
        let (path, token) = (clearshot_protocol::upload::UPLOADS_PATH, None);
        Ok(Self { name: server.name, address, path, token, knows_evidence: false, child })
    }

    fn rustus(server: &Server, program: &Path, folder: &Path) -> anyhow::Result<Self> {
        // It cannot be asked which port it took.
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let child = Command::new(program)
            .args(["--host", "127.0.0.1", "--port", &address.port().to_string(), "--url", "/files"])
            .args(["--force-fsync", "yes", "--log-level", "ERROR"])
            .args(["--max-body-size", &RUSTUS_BODY.to_string()])
            .args([Path::new("--data-dir"), folder, Path::new("--info-dir"), folder])
            .stdout(Stdio::null())
            // It greets at length.
            .stderr(Stdio::null())
            .spawn()
            .context("start rustus")?;
        let running =
            Self { name: server.name, address, path: "/files/", token: None, knows_evidence: false, child };
        let begun = Instant::now();
        while TcpStream::connect(address).is_err() {
            if begun.elapsed() > START_TIME {
                bail!("rustus does not listen");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(running)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts a process that says in its first line, as JSON, where it listens.
fn spawn_talking(command: &mut Command) -> anyhow::Result<(Child, serde_json::Value)> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    let mut line = String::new();
    BufReader::new(child.stdout.take().context("read the server's output")?).read_line(&mut line)?;
    let started = serde_json::from_str(&line).with_context(|| format!("read {line:?}"))?;
    Ok((child, started))
}
