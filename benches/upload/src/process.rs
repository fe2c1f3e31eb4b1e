//! What a process has used, as Linux counts it.

use std::fs;
use std::time::Duration;

use anyhow::Context as _;

/// CPU time of all threads of a process, ended ones included.
pub(crate) fn cpu_time(process: u32) -> anyhow::Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name, in brackets, may hold anything; behind it, utime and stime are fields 14 and 15 (proc_pid_stat(5)).
    let (_, behind_name) = stat.rsplit_once(')').context("find the name in stat")?;
    let ticks: u64 = behind_name
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(str::parse::<u64>)
        .sum::<Result<_, _>>()
        .context("read utime and stime")?;
    Ok(Duration::from_secs_f64(ticks as f64 / rustix::param::clock_ticks_per_second() as f64))
}

/// The most memory that a process has had resident at a time, in KiB.
pub(crate) fn peak_resident_kib(process: u32) -> anyhow::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("find VmHWM")?;
    Ok(line.split_whitespace().next().context("read VmHWM")?.parse()?)
}
