//! How well a number tells two kinds of pictures apart.

/// One picture: what a detector said of it (more is sharper) and what it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Case {
    pub(crate) score: f64,
    pub(crate) sharp: bool,
}

/// Area under the ROC curve: the chance that a sharp picture scores above a blurred one, ties counting half.
/// None when one of the two kinds is missing.
pub(crate) fn auc(cases: &[Case]) -> Option<f64> {
    let sorted = sorted(cases);
    let (mut sharp, mut blurred, mut won) = (0.0, 0.0, 0.0);
    for group in sorted.chunk_by(|a, b| a.score.total_cmp(&b.score).is_eq()) {
        let sharp_here = group.iter().filter(|case| case.sharp).count() as f64;
        let blurred_here = group.len() as f64 - sharp_here;
        won += sharp_here * (blurred + blurred_here / 2.0);
        sharp += sharp_here;
        blurred += blurred_here;
    }
    (sharp > 0.0 && blurred > 0.0).then(|| won / (sharp * blurred))
}

/// The score from which a picture is best called sharp: the one with the highest balanced accuracy, half way to its
/// neighbour below.
pub(crate) fn best_threshold(cases: &[Case]) -> f64 {
    let sorted = sorted(cases);
    let sharp = sorted.iter().filter(|case| case.sharp).count() as f64;
    let blurred = sorted.len() as f64 - sharp;
    let (mut sharp_below, mut blurred_below) = (0.0, 0.0);
    let (mut best, mut threshold) = (f64::NEG_INFINITY, 0.0);
    for (index, case) in sorted.iter().enumerate() {
        let below = if index == 0 { case.score } else { sorted[index - 1].score };
        if index == 0 || below < case.score {
            let balanced = 1.0 - sharp_below / sharp + blurred_below / blurred;
            if balanced > best {
                (best, threshold) = (balanced, f64::midpoint(below, case.score));
            }
        }
        sharp_below += f64::from(u8::from(case.sharp));
        blurred_below += f64::from(u8::from(!case.sharp));
    }
    threshold
}

/// Mean of the share of sharp pictures at or above the threshold and of blurred ones below it.
pub(crate) fn balanced_accuracy(cases: &[Case], threshold: f64) -> f64 {
    let right = |sharp: bool| {
        share(cases.iter().filter(|case| case.sharp == sharp).map(|case| (case.score >= threshold) == sharp))
    };
    f64::midpoint(right(true), right(false))
}

/// Share of what is true; 0 of nothing.
pub(crate) fn share(all: impl IntoIterator<Item = bool>) -> f64 {
    let (mut count, mut hits) = (0.0, 0.0);
    for hit in all {
        count += 1.0;
        hits += f64::from(u8::from(hit));
    }
    if count > 0.0 { hits / count } else { 0.0 }
}

fn sorted(cases: &[Case]) -> Vec<Case> {
    let mut sorted = cases.to_vec();
    sorted.sort_by(|a, b| a.score.total_cmp(&b.score));
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cases(sharp: &[f64], blurred: &[f64]) -> Vec<Case> {
        let of = |scores: &[f64], sharp| -> Vec<Case> {
            scores.iter().map(|&score| Case { score, sharp }).collect()
        };
        [of(sharp, true), of(blurred, false)].concat()
    }

    fn of(sharp: &[f64], blurred: &[f64]) -> Option<f64> {
        auc(&cases(sharp, blurred))
    }

    #[test]
    fn the_area_counts_pairs_in_the_right_order_and_ties_by_half() {
        assert_eq!(of(&[3.0, 4.0], &[1.0, 2.0]), Some(1.0));
        assert_eq!(of(&[1.0, 2.0], &[3.0, 4.0]), Some(0.0));
        assert_eq!(of(&[1.0, 3.0], &[2.0]), Some(0.5));
        assert_eq!(of(&[1.0], &[1.0, 1.0]), Some(0.5));
        assert_eq!(of(&[1.0], &[]), None);
    }

    #[test]
    fn the_best_threshold_lies_between_the_kinds() {
        let cases = cases(&[4.0, 6.0, 7.0], &[1.0, 2.0]);
        let threshold = best_threshold(&cases);
        assert!((threshold - 3.0).abs() < 1e-12);
        assert!((balanced_accuracy(&cases, threshold) - 1.0).abs() < 1e-12);
        assert!((balanced_accuracy(&cases, 5.0) - 5.0 / 6.0).abs() < 1e-12);
    }
}
