//! How many photos there are of each kind.

use std::collections::BTreeMap;

use clearshot_analysis::{Reason, SharpnessState, StillReport, Verdict};

#[derive(Debug, Default)]
pub(super) struct Totals {
    pub(super) good: usize,
    pub(super) retake: usize,
    pub(super) failed: usize,
    /// Good, yet seen to be soft at full size.
    pub(super) soft: usize,
    /// Photos that have the reason; the one to be told first at the front.
    pub(super) reasons: BTreeMap<Reason, usize>,
}

impl Totals {
    pub(super) fn add(&mut self, report: &StillReport) {
        match report.verdict {
            Verdict::Good => self.good += 1,
            Verdict::Retake => self.retake += 1,
        }
        if report.verdict == Verdict::Good && report.sharpness.state == SharpnessState::Soft {
            self.soft += 1;
        }
        for reason in &report.reasons {
            *self.reasons.entry(*reason).or_default() += 1;
        }
    }

    pub(super) fn judged(&self) -> usize {
        self.good + self.retake
    }

    /// `14 photos: 10 good, 4 to retake`.
    pub(super) fn sentence(&self) -> String {
        let photos = match self.judged() + self.failed {
            1 => "1 photo".to_owned(),
            many => format!("{many} photos"),
        };
        let failed = match self.failed {
            0 => String::new(),
            count => format!(", {count} could not be judged"),
        };
        format!("{photos}: {} good, {} to retake{failed}", self.good, self.retake)
    }
}
