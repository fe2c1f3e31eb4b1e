//! A model: its card, and a runtime that executes its network.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use clearshot_analysis::{LumaPlane, Sighting, SightingError, SubjectModel};
use sha2::{Digest as _, Sha256};

use crate::RelevanceError;
use crate::card::ModelCard;
use crate::graph::Network;
use crate::input::Input;
use crate::locate::locate;
use crate::onnx;
use crate::output::Output;
use crate::update::MAX_UPDATE_BYTES;

/// Largest model file in bytes: nearly three times what the training side may ship (3 MB).
pub const MAX_MODEL_BYTES: usize = 8 << 20;

/// Reads the file of a model or of a signed update from the disk: no more of it than either may have.
pub fn read_file(path: impl AsRef<Path>) -> Result<Vec<u8>, RelevanceError> {
    let path = path.as_ref();
    let failed = |source| RelevanceError::File { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    let limit = MAX_UPDATE_BYTES;
    let file = File::open(path).map_err(failed)?;
    file.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() > limit {
        return Err(RelevanceError::TooLarge { bytes: bytes.len(), limit });
    }
    Ok(bytes)
}

/// Executes a network. tract does by default; an app may bring its platform's own (NNAPI, Core ML), which gets the same
/// input and gives the same numbers, so that everything around it stays the same.
pub trait Runtime: Send + Sync {
    /// Runs the network on one picture. May be called from several threads at once.
    fn run(&self, input: &Input) -> Result<Output, RelevanceError>;
}

/// A model file that was read and found sound, but is not yet ready to run.
#[derive(Debug)]
pub struct ModelFile {
    card: ModelCard,
    network: Network,
}

impl ModelFile {
    /// Reads an ONNX file. Refuses what is too large, cut short, made for other subjects or shapes, holds an operation
    /// that is not known, or weights that are no numbers.
    pub fn read(bytes: &[u8]) -> Result<Self, RelevanceError> {
        if bytes.len() > MAX_MODEL_BYTES {
            return Err(RelevanceError::TooLarge { bytes: bytes.len(), limit: MAX_MODEL_BYTES });
        }
        let model = onnx::read(bytes)?;
        let graph = model.graph.as_ref().ok_or_else(|| RelevanceError::Missing("a network".to_owned()))?;
        let card = ModelCard::read(&model.metadata_props, hex::encode(Sha256::digest(bytes)))?;
        Ok(Self { card, network: Network::read(graph)? })
    }

    /// What the model says of itself.
    pub fn card(&self) -> &ModelCard {
        &self.card
    }

    /// How many multiplications and additions one picture takes.
    pub fn multiply_adds(&self) -> usize {
        self.network.multiply_adds
    }
}

/// A model that is ready to look at pictures.
pub struct Model {
    card: ModelCard,
    runtime: Box<dyn Runtime>,
}

impl Model {
    /// Makes a model of a file ready to run by tract.
    #[cfg(feature = "tract")]
    pub fn new(file: &ModelFile) -> Result<Self, RelevanceError> {
        let runtime = crate::tract::TractRuntime::new(&file.network)?;
        Ok(Self::with_runtime(file, Box::new(runtime)))
    }

    /// Reads an ONNX file and makes it ready to run by tract.
    #[cfg(feature = "tract")]
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RelevanceError> {
        Self::new(&ModelFile::read(bytes)?)
    }

    /// A model whose network somebody else executes: `runtime` has been given the same file.
    pub fn with_runtime(file: &ModelFile, runtime: Box<dyn Runtime>) -> Self {
        Self { card: file.card.clone(), runtime }
    }

    /// What the model says of itself.
    pub fn card(&self) -> &ModelCard {
        &self.card
    }

    /// Runs the network alone.
    pub fn run(&self, input: &Input) -> Result<Output, RelevanceError> {
        self.runtime.run(input)
    }

    /// Of what a prepared picture is, and where that lies in it.
    pub fn sight(&self, input: &Input) -> Result<Sighting, RelevanceError> {
        let output = self.run(input)?;
        Ok(Sighting {
            relevance: output.relevance(self.card.temperature),
            map: locate(&output, input.letterbox(), &self.card)
                .map_err(|error| RelevanceError::Runtime(error.into()))?,
            limits: self.card.limits(),
        })
    }
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Model").field("card", &self.card).finish_non_exhaustive()
    }
}

impl SubjectModel for Model {
    fn look(&self, picture: &LumaPlane<'_>) -> Result<Sighting, SightingError> {
        self.sight(&Input::of_frame(picture)).map_err(|error| SightingError { source: error.into() })
    }

    fn sha256(&self) -> &str {
        &self.card.sha256
    }

    fn version(&self) -> u32 {
        self.card.version
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example;

    fn code(bytes: &[u8]) -> &'static str {
        ModelFile::read(bytes).map_or_else(|error| error.code(), |_| "sound")
    }

    #[test]
    fn a_sound_file_is_read_with_its_hash() {
        let bytes = example::bytes(&example::model());
        let file = ModelFile::read(&bytes).unwrap();
        assert_eq!(file.card().sha256, hex::encode(Sha256::digest(&bytes)));
        assert_eq!((file.card().version, file.multiply_adds()), (3, 537_600));
    }

    #[test]
    fn a_file_cut_short_anywhere_is_refused() {
        let bytes = example::bytes(&example::model());
        for len in (0..bytes.len()).step_by(97).chain(bytes.len() - 40..bytes.len()) {
            assert_ne!(code(&bytes[..len]), "sound", "of {} bytes only {len}", bytes.len());
        }
    }

    #[test]
    fn a_huge_file_is_refused_before_it_is_read() {
        assert_eq!(code(&vec![0; MAX_MODEL_BYTES + 1]), "model_too_large");
    }

    #[test]
    fn no_more_of_a_file_is_read_than_a_model_may_have() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model");
        let write = |len: usize| File::create(&path).unwrap().set_len(len as u64).unwrap();
        write(MAX_UPDATE_BYTES);
        assert_eq!(read_file(&path).unwrap().len(), MAX_UPDATE_BYTES);
        write(1 << 40);
        assert_eq!(read_file(&path).unwrap_err().code(), "model_too_large");
        assert_eq!(read_file(folder.path().join("nothing")).unwrap_err().code(), "model_file");
    }

    #[test]
    fn a_file_of_something_else_is_refused() {
        assert_eq!(code(b"\x89PNG\r\n\x1a\n"), "model_unreadable");
        assert_eq!(code(b""), "model_unreadable");
        let mut without_network = example::model();
        without_network.graph = None;
        assert_eq!(code(&example::bytes(&without_network)), "model_unreadable");
    }

    #[cfg(feature = "tract")]
    mod with_tract {
        use clearshot_analysis::{ChromaPlanes, Rotation, Subject};
        use proptest::prelude::*;

        use super::*;

        fn model() -> Model {
            Model::from_bytes(&example::bytes(&example::model())).unwrap()
        }

        #[test]
        fn a_photo_of_one_pixel_and_one_of_a_line_are_looked_at() {
            let data = vec![7; 65_535];
            for (width, height) in [(1, 1), (65_535, 1), (1, 65_535), (3, 2)] {
                let plane = LumaPlane::new(&data, width, height, width, 1).unwrap();
                let sighting = model().look(&plane).unwrap();
                // Its logits grow with the class, whatever the picture.
                assert_eq!(sighting.relevance.subject, Subject::Surface, "{width} {height}");
                let total: f64 = sighting.relevance.scores.iter().map(|(_, share)| share).sum();
                assert!((total - 1.0).abs() < 1e-9);
                let (columns, rows) = (sighting.map.columns(), sighting.map.rows());
                assert_eq!((columns > rows, columns < rows), (width > height, width < height));
            }
        }

        #[test]
        fn a_runtime_of_the_platform_answers_in_its_place() {
            struct Platform;
            impl Runtime for Platform {
                fn run(&self, input: &Input) -> Result<Output, RelevanceError> {
                    assert_eq!(input.values().len(), crate::INPUT_VALUES);
                    Output::new(&[0.0, 0.0, 9.0, 0.0, 0.0, 0.0, 0.0], &[0.0; 700])
                }
            }
            let file = ModelFile::read(&example::bytes(&example::model())).unwrap();
            let model = Model::with_runtime(&file, Box::new(Platform));
            let plane = LumaPlane::new(&[0; 16], 4, 4, 4, 1).unwrap();
            let sighting = model.look(&plane).unwrap();
            assert_eq!(sighting.relevance.subject, Subject::Document);
            assert_eq!((model.version(), model.sha256()), (3, file.card().sha256.as_str()));
        }

        proptest! {
            #![proptest_config(ProptestConfig::with_cases(48))]

            #[test]
            fn an_altered_file_is_refused_or_answers_in_numbers(
                changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
            ) {
                let mut bytes = example::bytes(&example::model());
                for (at, value) in changes {
                    let at = at.index(bytes.len());
                    bytes[at] = value;
                }
                if let Ok(model) = Model::from_bytes(&bytes) {
                    let plane = LumaPlane::new(&[90; 12], 4, 3, 4, 1).unwrap();
                    if let Ok(output) = model.run(&Input::of_frame(&plane)) {
                        prop_assert!(output.logits().iter().all(|logit| logit.is_finite()));
                    }
                }
            }

            #[test]
            fn any_frame_is_looked_at(
                (width, height) in (1usize..90, 1usize..90), (c_width, c_height) in (1usize..60, 1usize..60),
                degrees in 0i32..4,
            ) {
                let data = vec![99; 8_100];
                let chroma = ChromaPlanes::new(&data, &data[1..], c_width, c_height, 2 * c_width, 2).unwrap();
                let plane = LumaPlane::new(&data, width, height, width, 1).unwrap().with_chroma(chroma);
                let plane = plane.with_rotation(Rotation::from_degrees(90 * degrees).unwrap());
                let values = Input::of_frame(&plane);
                prop_assert!(values.values().iter().all(|value| (0.0..=1.0).contains(value)));
            }
        }
    }
}
