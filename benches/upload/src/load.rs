//! What is put on a server, and what comes of it.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use clearshot_protocol::upload::UploadMetadata;
use clearshot_protocol::{CaptureId, Sha256Digest};
use futures_util::future::try_join_all;
use jiff::Timestamp;

use crate::client::Client;
use crate::process::{cpu_time, peak_resident_kib};
use crate::server::Running;

/// So many uploads of one size by so many clients, each of which sends one after the other.
pub(crate) struct Load {
    /// What the report calls it.
    pub(crate) name: &'static str,
    uploads: usize,
    /// Bytes of each.
    size: usize,
    clients: usize,
    /// Whether our server is told of the capture that each upload is. The others know no such thing.
    attached: bool,
}

impl Load {
    /// Bytes of all uploads.
    pub(crate) fn bytes(&self) -> usize {
        self.uploads * self.size
    }
}

/// The loads. The largest upload is as large as our server takes one.
pub(crate) const LOADS: &[Load] = &[
    Load { name: "500 x 2 MB by 32", uploads: 500, size: 2_000_000, clients: 32, attached: false },
    Load { name: "500 x 2 MB by 32, attached", uploads: 500, size: 2_000_000, clients: 32, attached: true },
    Load { name: "2,000 x 500 kB by 64", uploads: 2_000, size: 500_000, clients: 64, attached: false },
    Load { name: "1,024 x 2 MB by 256", uploads: 1_024, size: 2_000_000, clients: 256, attached: false },
    Load { name: "1 x 64 MB", uploads: 1, size: 64_000_000, clients: 1, attached: false },
];

/// Uploads before the ones that count: connections, caches, compiled code.
const WARM_UP: usize = 16;

/// Captures of one return, as shoppers send them.
const CAPTURES_PER_RETURN: usize = 4;

/// Bytes to send: random, so that no disk or file system makes them smaller.
pub(crate) struct Payloads(Bytes);

impl Payloads {
    pub(crate) fn random() -> anyhow::Result<Self> {
        let largest = LOADS.iter().map(|load| load.size).max().unwrap_or(0);
        let mut bytes = vec![0; largest];
        getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("make random bytes: {error}"))?;
        Ok(Self(bytes.into()))
    }
}

/// What one load came to on one server.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Figures {
    /// Whole uploads a second.
    pub(crate) uploads_per_second: f64,
    /// Bytes a second, in MB.
    pub(crate) mb_per_second: f64,
    /// Time of an upload, median.
    pub(crate) p50: Duration,
    /// Time of an upload that 95 of 100 do not exceed.
    pub(crate) p95: Duration,
    /// CPU time of the server's process for a GB.
    pub(crate) cpu_seconds_per_gb: f64,
    /// The most memory that the server's process had, since its start.
    pub(crate) peak_mib: f64,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { uploads_per_second, mb_per_second, p50, p95, cpu_seconds_per_gb, peak_mib } = self;
        let (p50, p95) = (p50.as_secs_f64() * 1e3, p95.as_secs_f64() * 1e3);
        write!(
            f,
            "{uploads_per_second:.0} uploads/s, {mb_per_second:.0} MB/s, p50 {p50:.0} ms, p95 {p95:.0} ms, \
             {cpu_seconds_per_gb:.2} CPU s/GB, {peak_mib:.0} MiB"
        )
    }
}

/// Puts a load on a server.
pub(crate) async fn run(load: &Load, server: &Running, payloads: &Payloads) -> anyhow::Result<Figures> {
    let payload = payloads.0.slice(..load.size);
    let uploads = load.uploads;
    let metadata = if load.attached && server.knows_evidence {
        announce(server, uploads, Sha256Digest::of(&payload)).await?
    } else {
        Vec::new()
    };
    let mut warming = Client::connect(server).await?;
    for _ in 0..WARM_UP.min(uploads) {
        warming.upload(payload.clone(), None).await?;
    }
    let mut clients = try_join_all((0..load.clients).map(|_| Client::connect(server))).await?;
    let next = AtomicUsize::new(0);
    let cpu_before = cpu_time(server.process())?;
    let begun = Instant::now();
    let each = clients.iter_mut().map(async |client| {
        let mut took = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= uploads {
                return anyhow::Ok(took);
            }
            let begun = Instant::now();
            client.upload(payload.clone(), metadata.get(index)).await?;
            took.push(begun.elapsed());
        }
    });
    let mut took = try_join_all(each).await?.concat();
    let seconds = begun.elapsed().as_secs_f64();
    let cpu = cpu_time(server.process())?.saturating_sub(cpu_before);
    took.sort_unstable();
    let bytes = load.bytes() as f64;
    Ok(Figures {
        uploads_per_second: uploads as f64 / seconds,
        mb_per_second: bytes / 1e6 / seconds,
        p50: took[(uploads - 1) / 2],
        p95: took[(uploads - 1) * 95 / 100],
        cpu_seconds_per_gb: cpu.as_secs_f64() / (bytes / 1e9),
        peak_mib: peak_resident_kib(server.process())? as f64 / 1024.0,
    })
}

/// Opens returns, and names a capture of them for each upload.
async fn announce(
    server: &Running,
    uploads: usize,
    sha256: Sha256Digest,
) -> anyhow::Result<Vec<UploadMetadata>> {
    let mut client = Client::connect(server).await?;
    let mut metadata = Vec::with_capacity(uploads);
    while metadata.len() < uploads {
        let (return_id, item) = client.open_return().await?;
        for _ in 0..CAPTURES_PER_RETURN.min(uploads - metadata.len()) {
            metadata.push(UploadMetadata {
                capture: CaptureId::mint(Timestamp::now()),
                return_id: return_id.parse()?,
                item: item.parse()?,
                sha256,
            });
        }
    }
    Ok(metadata)
}
