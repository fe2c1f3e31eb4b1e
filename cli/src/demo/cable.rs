//! The cable between phone and server: passes bytes on, counts them, and can be pulled once.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use anyhow::Context as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// Bytes that are passed on at a time.
const BLOCK: usize = 16 * 1024;

/// A TCP relay on this computer, running until it is dropped.
pub(super) struct Cable {
    /// Where the phone connects to.
    pub(super) phone_end: SocketAddr,
    state: Arc<CableState>,
    relay: tokio::task::JoinHandle<()>,
}

struct CableState {
    server: SocketAddr,
    /// Bytes after which the connection that carries them is cut.
    cut_after: u64,
    carried: AtomicU64,
    was_cut: AtomicBool,
}

impl Cable {
    /// Lays a cable that breaks once, when `cut_after` bytes have gone from the phone to the server.
    pub(super) async fn lay(server: SocketAddr, cut_after: u64) -> anyhow::Result<Self> {
        let listener =
            TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await.context("open a local port")?;
        let phone_end = listener.local_addr()?;
        let state = Arc::new(CableState {
            server,
            cut_after,
            carried: AtomicU64::new(0),
            was_cut: AtomicBool::new(false),
        });
        let relay = tokio::spawn(relay(listener, Arc::clone(&state)));
        Ok(Self { phone_end, state, relay })
    }

    /// Bytes that went from the phone to the server, requests' heads included.
    pub(super) fn carried(&self) -> u64 {
        self.state.carried.load(Ordering::Relaxed)
    }

    /// Whether it has broken.
    pub(super) fn was_cut(&self) -> bool {
        self.state.was_cut.load(Ordering::Relaxed)
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        self.relay.abort();
    }
}

async fn relay(listener: TcpListener, state: Arc<CableState>) {
    while let Ok((phone, _)) = listener.accept().await {
        let state = Arc::clone(&state);
        tokio::spawn(async move {
            // Either end closing, or the cut, ends the connection: that is all there is to report.
            let _ = carry(phone, &state).await;
        });
    }
}

async fn carry(phone: TcpStream, state: &CableState) -> std::io::Result<()> {
    let (mut from_server, mut to_server) = TcpStream::connect(state.server).await?.into_split();
    let (mut from_phone, mut to_phone) = phone.into_split();
    let up = async {
        let mut block = vec![0; BLOCK];
        loop {
            let length = from_phone.read(&mut block).await?;
            if length == 0 {
                return to_server.shutdown().await;
            }
            to_server.write_all(&block[..length]).await?;
            let carried = state.carried.fetch_add(length as u64, Ordering::Relaxed) + length as u64;
            if carried >= state.cut_after && !state.was_cut.swap(true, Ordering::Relaxed) {
                return Err(std::io::ErrorKind::ConnectionReset.into());
            }
        }
    };
    let down = tokio::io::copy(&mut from_server, &mut to_phone);
    // Returning drops both ends, whichever half has ended.
    tokio::select! {
        result = up => result,
        result = down => result.map(|_| ()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_cable_breaks_once_and_then_holds() {
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let cable = Cable::lay(server.local_addr().unwrap(), 100_000).await.unwrap();
        let received = tokio::spawn(async move {
            let mut lengths = Vec::new();
            for _ in 0..2 {
                let (mut stream, _) = server.accept().await.unwrap();
                let mut bytes = Vec::new();
                let _ = stream.read_to_end(&mut bytes).await;
                lengths.push(bytes.len());
            }
            lengths
        });
        for _ in 0..2 {
            let mut phone = TcpStream::connect(cable.phone_end).await.unwrap();
            let _ = phone.write_all(&vec![7; 1_000_000]).await;
            let _ = phone.shutdown().await;
            let _ = phone.read(&mut [0]).await;
        }
        let lengths = received.await.unwrap();
        assert!((100_000..200_000).contains(&lengths[0]), "{lengths:?}");
        assert_eq!(lengths[1], 1_000_000);
        assert!(cable.was_cut());
        assert_eq!(cable.carried() as usize, lengths.iter().sum::<usize>());
    }
}
