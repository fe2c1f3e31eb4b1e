//! Our server beside other upload servers, in one run: the same uploads by tus 1.0, sent by one load generator, to one
//! server after the other, in several rounds. `cargo xtask bench upload` gets the peers and runs it; docs/benchmarks.md has
//! the figures.
//!
//! [`server`] names the servers and starts them, [`load`] the loads; [`client`] sends one upload, [`disk`] gives each run
//! the same disk and memory, [`process`] reads what a server has used, [`report`] prints. What the generator uses counts for nobody: only the CPU time of the server's own
//! process is read.

mod client;
mod disk;
mod load;
mod process;
mod report;
mod server;

use std::path::PathBuf;

use clap::Parser;

use crate::disk::Disk;
use crate::load::{LOADS, Payloads};
use crate::report::Report;
use crate::server::{Running, SERVERS};

/// Compares upload servers.
#[derive(Parser)]
struct Arguments {
    /// Where the servers store their files: a folder on the disk that is to be measured
    #[arg(long, value_name = "DIR")]
    folder: PathBuf,
    /// Our program, a release build
    #[arg(long, value_name = "FILE")]
    clearshot: PathBuf,
    /// The packages of @tus/server
    #[arg(long, value_name = "DIR")]
    node_modules: Option<PathBuf>,
    /// The program rustus
    #[arg(long, value_name = "FILE")]
    rustus: Option<PathBuf>,
    /// How often every load is put on every server
    #[arg(long, env = "CLEARSHOT_BENCH_ROUNDS", default_value_t = 3)]
    rounds: usize,
    /// Only the loads whose name contains this text
    #[arg(long, env = "CLEARSHOT_BENCH_LOAD")]
    load: Option<String>,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let payloads = Payloads::random()?;
    let loads: Vec<_> = LOADS
        .iter()
        .filter(|load| arguments.load.as_ref().is_none_or(|text| load.name.contains(text.as_str())))
        .collect();
    let programs = server::Programs {
        clearshot: Some(arguments.clearshot),
        node_modules: arguments.node_modules,
        rustus: arguments.rustus,
    };
    let servers: Vec<_> = SERVERS.iter().filter(|server| server.is_there(&programs)).collect();
    let mut report = Report::default();
    let disk = Disk::open(&arguments.folder)?;
    for round in 1..=arguments.rounds {
        for load in &loads {
            for server in &servers {
                let folder = disk.next_run(load.bytes())?;
                let running = Running::start(server, &programs, folder.path())?;
                let figures = runtime.block_on(load::run(load, &running, &payloads))?;
                drop(running);
                drop(folder);
                eprintln!("round {round}, {}, {}: {figures}", load.name, server.name);
                report.add(load, server, figures);
            }
        }
    }
    report.print();
    Ok(())
}
