//! From the evidence to one score: a perceptron with one small hidden layer, whose weights `fit/fit.py` prints.
//!
//! Every weight of a measurement that speaks of sharpness is zero or above, in both layers, so the score can only grow
//! with it. Only the coverage may count either way: few edges prove little.

use super::SharpnessEvidence;

/// Coherence that buildings, keyboards and hems have by themselves: only what is above speaks of motion.
pub(super) const NATURAL_COHERENCE: f64 = 0.4;
/// The logit is multiplied by this before it becomes a score, so that scores of usual photos spread over 0.05 to 0.95.
const STEEPNESS: f64 = 0.5;

/// Measurements that go in, in the order of [`inputs`].
const INPUTS: usize = 7;
/// Neurons of the hidden layer: more did not score better on pictures left out of the fit.
const HIDDEN: usize = 5;

struct Neuron {
    weights: [f64; INPUTS],
    bias: f64,
    out: f64,
}

const NEURONS: [Neuron; HIDDEN] = [
    Neuron { weights: [0.000, 0.000, 0.000, 1.600, 0.000, 1.551, 0.213], bias: -2.911, out: 2.223 },
    Neuron { weights: [1.563, 3.303, 0.000, 0.000, 0.361, 0.791, -0.270], bias: -5.051, out: 3.287 },
    Neuron { weights: [0.760, 0.994, 0.000, 1.461, 0.000, 0.727, 0.500], bias: -1.778, out: 1.837 },
    Neuron { weights: [0.287, 1.782, 0.399, 2.267, 3.116, 0.000, -0.823], bias: -1.430, out: 3.227 },
    Neuron { weights: [0.104, 0.880, 0.000, 5.949, 0.451, 0.939, -0.116], bias: -3.639, out: 1.511 },
];
const BIAS: f64 = -4.822;

/// 0 to 1; 0 when there is no edge to measure.
pub(super) fn score(evidence: &SharpnessEvidence) -> f64 {
    if evidence.contrast <= 0.0 {
        return 0.0;
    }
    let inputs = inputs(evidence);
    let logit = NEURONS.iter().fold(BIAS, |logit, neuron| {
        let sum: f64 = neuron.weights.iter().zip(inputs).map(|(weight, input)| weight * input).sum();
        logit + neuron.out * (sum + neuron.bias).tanh()
    });
    1.0 / (1.0 + (-STEEPNESS * logit).exp())
}

/// Logarithms, because blur divides; each grows with sharpness but the last. The floors keep a vanishing measurement from
/// outvoting all others.
fn inputs(evidence: &SharpnessEvidence) -> [f64; INPUTS] {
    [
        evidence.ratio.max(0.1).ln(),
        evidence.peak_ratio.max(0.1).ln(),
        evidence.crisp.max(0.1).ln(),
        -(evidence.coherence - NATURAL_COHERENCE).max(0.0),
        evidence.balance.max(0.01).ln(),
        evidence.contrast.max(1.0).ln(),
        evidence.coverage.max(0.002).ln(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_score_grows_with_every_sign_of_sharpness() {
        let evidence = SharpnessEvidence {
            coverage: 0.5,
            ratio: 1.7,
            peak_ratio: 1.8,
            crisp: 3.0,
            contrast: 70.0,
            coherence: 0.6,
            balance: 0.2,
            sigma: 1.0,
        };
        let base = score(&evidence);
        assert!(score(&SharpnessEvidence { ratio: 2.5, ..evidence }) > base);
        assert!(score(&SharpnessEvidence { peak_ratio: 2.5, ..evidence }) > base);
        assert!(score(&SharpnessEvidence { crisp: 8.0, ..evidence }) > base);
        assert!(score(&SharpnessEvidence { contrast: 100.0, ..evidence }) > base);
        assert!(score(&SharpnessEvidence { balance: 0.6, ..evidence }) > base);
        assert!(score(&SharpnessEvidence { coherence: 0.9, ..evidence }) < base);
    }

    #[test]
    fn no_weight_of_a_sign_of_sharpness_is_negative() {
        for neuron in &NEURONS {
            assert!(neuron.out >= 0.0);
            // The last input is the coverage.
            assert!(neuron.weights[..INPUTS - 1].iter().all(|&weight| weight >= 0.0));
        }
    }

    #[test]
    fn without_any_edge_nothing_is_sharp() {
        assert!(score(&SharpnessEvidence::default()).abs() < 1e-12);
    }
}
