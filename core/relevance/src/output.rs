//! What the network answers, and what follows: a share for every subject.

use clearshot_analysis::{Relevance, Scores, Subject};

use crate::RelevanceError;

/// Subjects that the network tells apart: all of them, in the order of [`Subject::ALL`].
pub const CLASSES: usize = Subject::ALL.len();

/// Cells of a map from side to side. A cell covers 16 × 16 pixels of the input.
pub const MAP_SIDE: usize = 10;

const MAP_CELLS: usize = MAP_SIDE * MAP_SIDE;

/// What the network says of one picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    logits: [f32; CLASSES],
    maps: [[f32; MAP_CELLS]; CLASSES],
}

impl Output {
    /// Takes a runtime's answer: a logit per class, and a map of [`MAP_SIDE`] × [`MAP_SIDE`] cells per class, row by row.
    pub fn new(logits: &[f32], maps: &[f32]) -> Result<Self, RelevanceError> {
        let shape = |what: &str, found: &[f32], expected: &[usize]| RelevanceError::Shape {
            what: what.to_owned(),
            found: vec![found.len()],
            expected: expected.to_vec(),
        };
        let finite = |what: &str, values: &[f32]| {
            let all = values.iter().all(|value| value.is_finite());
            all.then_some(()).ok_or_else(|| RelevanceError::NotFinite(what.to_owned()))
        };
        let (cells, rest) = maps.as_chunks::<MAP_CELLS>();
        let (Ok(logits), Ok(maps), []) = (logits.try_into(), cells.try_into(), rest) else {
            return Err(if logits.len() == CLASSES {
                shape("the map", maps, &[CLASSES, MAP_SIDE, MAP_SIDE])
            } else {
                shape("the logits", logits, &[CLASSES])
            });
        };
        let output = Self { logits, maps };
        finite("the logits", &output.logits)?;
        finite("the map", output.maps.as_flattened())?;
        Ok(output)
    }

    /// A number per class, in no unit; the larger, the likelier.
    pub fn logits(&self) -> &[f32; CLASSES] {
        &self.logits
    }

    /// The maps of all classes. Their mean over the cells is the class's logit.
    pub fn maps(&self) -> &[[f32; MAP_CELLS]; CLASSES] {
        &self.maps
    }

    /// The class with the largest logit; the first of equals.
    pub(crate) fn best(&self) -> usize {
        (0..CLASSES).fold(0, |best, class| if self.logits[class] > self.logits[best] { class } else { best })
    }

    /// What the picture is of. `temperature` makes a share mean how often the model is right.
    pub(crate) fn relevance(&self, temperature: f64) -> Relevance {
        Relevance::new(Scores::new(Subject::ALL.into_iter().zip(softmax(&self.logits, temperature))))
    }
}

/// Shares that add up to 1, of finite logits.
pub(crate) fn softmax(logits: &[f32; CLASSES], temperature: f64) -> [f64; CLASSES] {
    let largest = logits.iter().copied().fold(f32::MIN, f32::max);
    let powers = logits.map(|logit| (f64::from(logit - largest) / temperature).exp());
    let sum: f64 = powers.iter().sum();
    powers.map(|power| power / sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(logits: [f32; CLASSES]) -> Output {
        Output::new(&logits, &[0.0; CLASSES * MAP_CELLS]).unwrap()
    }

    #[test]
    fn shares_add_up_to_one_and_the_temperature_flattens_them_without_reordering() {
        let output = output([2.0, 1.0, 0.5, -1.0, 88.0, -300.0, 0.0]);
        for temperature in [0.5, 1.0, 20.0] {
            let relevance = output.relevance(temperature);
            assert!((relevance.scores.iter().map(|(_, share)| share).sum::<f64>() - 1.0).abs() < 1e-12);
            assert_eq!(relevance.subject, Subject::Scene);
            assert!((relevance.confidence - relevance.scores.of(Subject::Scene)).abs() < 1e-12);
        }
        assert!(output.relevance(20.0).confidence < output.relevance(1.0).confidence);
    }

    #[test]
    fn enormous_logits_still_make_shares() {
        let relevance = output([f32::MAX, f32::MIN, 0.0, 0.0, 0.0, 0.0, 0.0]).relevance(1.0);
        assert!(relevance.scores.of(Subject::Product) > 1.0 - 1e-12);
        assert!(relevance.scores.of(Subject::Person) < 1e-12);
    }

    #[test]
    fn answers_of_another_size_or_that_are_no_numbers_are_refused() {
        let maps = [0.0; CLASSES * MAP_CELLS];
        let mut broken = maps;
        broken[699] = f32::NAN;
        let code = |logits: &[f32], maps: &[f32]| Output::new(logits, maps).unwrap_err().code();
        assert_eq!(code(&[0.0; 6], &maps), "model_shape");
        assert_eq!(code(&[0.0; 7], &maps[1..]), "model_shape");
        assert_eq!(code(&[0.0; 7], &[0.0; 800]), "model_shape");
        assert_eq!(code(&[0.0; 7], &broken), "not_finite");
        assert_eq!(code(&[f32::INFINITY; 7], &maps), "not_finite");
    }
}
