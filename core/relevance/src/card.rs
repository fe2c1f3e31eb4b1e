//! What a model says of itself: the metadata of its ONNX file (`metadata_props`), written by `models/train`.

use clearshot_analysis::{RelevanceLimits, Subject};

use crate::RelevanceError;
use crate::onnx::Property;

/// Temperatures that a calibration may come to.
const TEMPERATURES: std::ops::RangeInclusive<f64> = 0.05..=20.0;

/// A model's metadata.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelCard {
    /// Counts up with every model that is shipped (`clearshot.version`).
    pub version: u32,
    /// SHA-256 of the file, in hex.
    pub sha256: String,
    /// By what logits are divided, so that a share says how often the model is right (`clearshot.temperature`).
    pub temperature: f64,
    /// Share of `product`, 0 to 1, below which the shopper is asked (`clearshot.threshold`).
    pub threshold: f64,
    /// Share of `document` below which the shopper is asked in a label shot (`clearshot.label_threshold`).
    pub label_threshold: f64,
    /// Where between the lowest and the highest value of a map the subject's box is drawn, 0 to 1
    /// (`clearshot.box_threshold`).
    pub box_threshold: f64,
    /// What it was trained on, in words (`clearshot.trained_on`).
    pub trained_on: String,
}

impl ModelCard {
    pub(crate) fn read(properties: &[Property], sha256: String) -> Result<Self, RelevanceError> {
        let text = |key: &'static str| {
            let found = properties.iter().find(|property| property.key == key);
            found.map(|property| property.value.trim()).ok_or_else(|| RelevanceError::Missing(key.to_owned()))
        };
        let number = |key: &'static str, range: std::ops::RangeInclusive<f64>, expected: &'static str| {
            let value = text(key)?;
            let wrong = || RelevanceError::Metadata { key, value: value.to_owned(), expected };
            value.parse().ok().filter(|number| range.contains(number)).ok_or_else(wrong)
        };
        let share = |key| number(key, 0.0..=1.0, "a number from 0 to 1");
        check_classes(text("clearshot.classes")?)?;
        let version = text("clearshot.version")?;
        Ok(Self {
            version: version.parse().map_err(|_| RelevanceError::Metadata {
                key: "clearshot.version",
                value: version.to_owned(),
                expected: "a whole number",
            })?,
            sha256,
            temperature: number("clearshot.temperature", TEMPERATURES, "a number from 0.05 to 20")?,
            threshold: share("clearshot.threshold")?,
            label_threshold: share("clearshot.label_threshold")?,
            box_threshold: share("clearshot.box_threshold")?,
            trained_on: text("clearshot.trained_on")?.to_owned(),
        })
    }

    /// Below which shares the shopper is asked. What else an answer means is for analysis to judge.
    pub fn limits(&self) -> RelevanceLimits {
        RelevanceLimits { product: self.threshold, document: self.label_threshold }
    }
}

/// The model must tell the same subjects apart, in the same order.
fn check_classes(found: &str) -> Result<(), RelevanceError> {
    let expected = Subject::ALL.map(Subject::code);
    if found.split(',').map(str::trim).eq(expected) {
        return Ok(());
    }
    Err(RelevanceError::Classes { found: found.to_owned(), expected: expected.join(",") })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example;

    fn read_with(key: &str, value: &str) -> Result<ModelCard, RelevanceError> {
        let mut model = example::model();
        example::set_property(&mut model, key, value);
        ModelCard::read(&model.metadata_props, String::new())
    }

    #[test]
    fn a_card_says_what_the_file_says() {
        let card = read_with("clearshot.version", "12").unwrap();
        assert_eq!((card.version, card.temperature, card.threshold), (12, 1.5, 0.25));
        assert_eq!((card.label_threshold, card.box_threshold), (0.2, 0.5));
        assert_eq!(card.limits(), RelevanceLimits { product: 0.25, document: 0.2 });
        assert_eq!(card.trained_on, "nothing");
    }

    #[test]
    fn metadata_that_makes_no_sense_is_refused() {
        let code = |key: &str, value: &str| read_with(key, value).unwrap_err().code();
        for value in ["", "one", "-1", "1.5", "99999999999"] {
            assert_eq!(code("clearshot.version", value), "model_metadata", "{value}");
        }
        for value in ["0", "NaN", "inf", "-2"] {
            assert_eq!(code("clearshot.temperature", value), "model_metadata", "{value}");
        }
        assert_eq!(code("clearshot.threshold", "1.01"), "model_metadata");
        assert_eq!(code("clearshot.classes", "product,person"), "model_classes");
        let swapped = "person,product,document,screen,scene,animal,surface";
        assert_eq!(code("clearshot.classes", swapped), "model_classes");
        assert_eq!(ModelCard::read(&[], String::new()).unwrap_err().code(), "model_unreadable");
    }
}
