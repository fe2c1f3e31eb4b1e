//! A slow network between phone and server.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

/// Bytes that are passed on at a time.
const BLOCK: usize = 4 * 1024;

/// A TCP relay that carries only so many bytes a second from the phone to the server. The server behind it can be
/// exchanged, as happens when it restarts on another port.
pub(crate) struct Uplink {
    address: SocketAddr,
    state: Arc<State>,
}

struct State {
    server_port: AtomicU64,
    bytes_per_second: AtomicU64,
}

impl Uplink {
    /// Opens the relay, without a limit until [`Self::limit`] sets one.
    pub(crate) fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state =
            Arc::new(State { server_port: AtomicU64::new(0), bytes_per_second: AtomicU64::new(u64::MAX) });
        let of_thread = Arc::clone(&state);
        thread::spawn(move || {
            for phone in listener.incoming().map_while(Result::ok) {
                let state = Arc::clone(&of_thread);
                thread::spawn(move || carry(&phone, &state));
            }
        });
        Self { address, state }
    }

    /// Names the server that new connections go to.
    pub(crate) fn lead_to(&self, server: SocketAddr) {
        self.state.server_port.store(u64::from(server.port()), Ordering::SeqCst);
    }

    /// Sets how many bytes a second go up.
    pub(crate) fn limit(&self, bytes_per_second: u64) {
        self.state.bytes_per_second.store(bytes_per_second, Ordering::SeqCst);
    }

    /// What the phone takes for the server's address.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

fn carry(phone: &TcpStream, state: &State) {
    let port = state.server_port.load(Ordering::SeqCst) as u16;
    // Without a server, the connection is closed: what a phone sees of a server that is down.
    let Ok(server) = TcpStream::connect(("127.0.0.1", port)) else { return };
    let down = {
        let (mut from, mut to) = (server.try_clone().unwrap(), phone.try_clone().unwrap());
        thread::spawn(move || {
            let _ = std::io::copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Both);
        })
    };
    let _ = carry_up(phone, &server, state);
    let _ = server.shutdown(Shutdown::Both);
    let _ = down.join();
}

fn carry_up(mut phone: &TcpStream, mut server: &TcpStream, state: &State) -> std::io::Result<()> {
    let mut block = [0; BLOCK];
    loop {
        let length = phone.read(&mut block)?;
        if length == 0 {
            return Ok(());
        }
        server.write_all(&block[..length])?;
        let limit = state.bytes_per_second.load(Ordering::SeqCst);
        if limit != u64::MAX {
            thread::sleep(Duration::from_micros(length as u64 * 1_000_000 / limit));
        }
    }
}
