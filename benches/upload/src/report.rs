//! The tables of docs/benchmarks.md: medians over the rounds, and ratios to our server.

use crate::load::{Figures, Load};
use crate::server::Server;

/// All figures, in the order in which they came.
#[derive(Default)]
pub(crate) struct Report<'a> {
    rows: Vec<Row<'a>>,
}

struct Row<'a> {
    load: &'a str,
    server: &'a Server,
    rounds: Vec<Figures>,
}

impl<'a> Report<'a> {
    /// Adds what one load came to on one server.
    pub(crate) fn add(&mut self, load: &'a Load, server: &'a Server, figures: Figures) {
        let known = self.rows.iter_mut().find(|row| row.load == load.name && row.server.name == server.name);
        match known {
            Some(row) => row.rounds.push(figures),
            None => self.rows.push(Row { load: load.name, server, rounds: vec![figures] }),
        }
    }

    /// Prints a table as Markdown. The columns named "to ours" are medians of the ratios within a round: what else the
    /// machine does changes from round to round, and little within one.
    pub(crate) fn print(&self) {
        println!(
            "| load | server | durable, hashed | uploads/s | to ours | MB/s | p50 | p95 | CPU s/GB | to ours | peak |"
        );
        println!("| --- | --- | --- | --: | --: | --: | --: | --: | --: | --: | --: |");
        for row in &self.rows {
            let Some(ours) = self.rows.iter().find(|other| other.load == row.load) else { continue };
            println!(
                "| {} | {} | {}, {} | {:.0} | {:.2} | {:.0} | {:.0} ms | {:.0} ms | {:.2} | {:.2} | {:.0} MiB |",
                row.load,
                row.server.name,
                row.server.durable,
                if row.server.hashed { "yes" } else { "no" },
                row.median(|figures| figures.uploads_per_second),
                row.ratio(ours, |figures| figures.uploads_per_second),
                row.median(|figures| figures.mb_per_second),
                row.median(|figures| figures.p50.as_secs_f64() * 1e3),
                row.median(|figures| figures.p95.as_secs_f64() * 1e3),
                row.median(|figures| figures.cpu_seconds_per_gb),
                row.ratio(ours, |figures| figures.cpu_seconds_per_gb),
                row.median(|figures| figures.peak_mib),
            );
        }
    }
}

impl Row<'_> {
    fn median(&self, of: impl Fn(&Figures) -> f64) -> f64 {
        median(self.rounds.iter().map(of))
    }

    fn ratio(&self, ours: &Self, of: impl Fn(&Figures) -> f64) -> f64 {
        median(self.rounds.iter().zip(&ours.rounds).map(|(this, ours)| of(this) / of(ours)))
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
