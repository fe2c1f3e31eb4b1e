//! The tables of docs/quality.md.

mod rest;
mod sharpness;

use std::fmt::Write as _;

use anyhow::Context as _;

use crate::copies::{Hashes, Pair};
use crate::judge::Judged;
use crate::light::{Exposed, Spot};
use crate::photos::{Half, Photo};
use crate::synthetic::Sample;

const BEGIN: &str = "<!-- evaluate: begin -->\n";
const END: &str = "<!-- evaluate: end -->\n";

/// Everything that was judged.
pub(crate) struct Results<'a> {
    pub(crate) samples: &'a [Sample],
    pub(crate) real: &'a [(&'a Photo, Judged)],
    pub(crate) brackets: &'a [Exposed],
    pub(crate) spots: &'a [Spot],
    pub(crate) hashes: &'a [Hashes],
    pub(crate) pairs: &'a [Pair],
}

impl Results<'_> {
    /// All tables, as Markdown.
    pub(crate) fn tables(&self) -> String {
        let mut text = self.pictures();
        for table in [
            sharpness::protocol(self.samples),
            sharpness::accepted(self.samples),
            sharpness::triplets(self.real),
            rest::traps(self.real),
            rest::brackets(self.brackets),
            rest::spots(self.spots, self.real),
            rest::duplicates(self.hashes),
            rest::agreement(self.pairs),
        ] {
            text.push('\n');
            text.push_str(&table);
        }
        text
    }

    fn pictures(&self) -> String {
        let scenes = |half: Half| {
            let mut scenes: Vec<&str> = self
                .real
                .iter()
                .filter(|(photo, _)| photo.half() == half)
                .map(|(photo, _)| photo.scene.as_str())
                .collect();
            scenes.sort_unstable();
            scenes.dedup();
            scenes.len()
        };
        format!(
            "{} photos of {} scenes; {} scenes were fitted on, {} were held back. {} made pictures.\n",
            self.real.len(),
            scenes(Half::Fitted) + scenes(Half::Held),
            scenes(Half::Fitted),
            scenes(Half::Held),
            self.samples.len() + self.brackets.len() + self.spots.len()
        )
    }
}

/// The tables about light alone.
pub(crate) fn light(brackets: &[Exposed], spots: &[Spot], real: &[(&Photo, Judged)]) -> String {
    [rest::traps(real), rest::brackets(brackets), rest::spots(spots, real)].join("\n")
}

/// The document with new tables between its marks.
pub(crate) fn insert(document: &str, tables: &str) -> anyhow::Result<String> {
    let (before, rest) = document.split_once(BEGIN).context("find where the tables begin")?;
    let (_, after) = rest.split_once(END).context("find where the tables end")?;
    Ok(format!("{before}{BEGIN}{tables}{END}{after}"))
}

/// A table with a heading; the first column to the left, the others to the right.
fn table(heading: &str, columns: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut text = format!("### {heading}\n\n| {} |\n| ---", columns.join(" | "));
    text.push_str(&" | --:".repeat(columns.len() - 1));
    text.push_str(" |\n");
    for row in rows {
        // Writing into a string cannot fail.
        let _ = writeln!(text, "| {} |", row.join(" | "));
    }
    text
}

/// Hits of all, and the share.
fn count(all: impl IntoIterator<Item = bool>) -> String {
    let (mut count, mut hits) = (0, 0);
    for hit in all {
        count += 1;
        hits += i32::from(hit);
    }
    if count == 0 {
        "–".into()
    } else {
        format!("{hits} of {count} ({})", percent(f64::from(hits) / f64::from(count)))
    }
}

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

/// The area under a curve, or a dash when there is none.
fn area(value: Option<f64>) -> String {
    value.map_or_else(|| "–".into(), |value| format!("{value:.3}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_between_the_marks_is_replaced() {
        let document = format!("before\n{BEGIN}old\n{END}after\n");
        let replaced = insert(&document, "new\n").unwrap();
        assert_eq!(replaced, format!("before\n{BEGIN}new\n{END}after\n"));
        assert_eq!(insert(&replaced, "old\n").unwrap(), document);
        assert!(insert("no marks", "new").is_err());
    }

    #[test]
    fn counts_name_hits_and_share() {
        assert_eq!(count([true, false, true, true]), "3 of 4 (75.0 %)");
        assert_eq!(count([]), "–");
    }
}
