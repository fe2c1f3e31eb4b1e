//! Which relevance model the re-check asks, and whether there is one at all.
//!
//! The bundled model is loaded when the first photo is checked; one that the operator named is loaded at start, so that
//! what is wrong with it is said at once.
//!
//! Not responsible for what follows from an answer (`clearshot-analysis`), nor for fetching updates.

#[cfg_attr(not(feature = "relevance"), path = "without.rs")]
mod files;

use std::sync::Arc;

use clearshot_analysis::{Sighting, Still, SubjectModel};

use crate::config::ModelSource;
use crate::error::ServerError;

/// What looks at every photo; cheap to share.
#[derive(Clone)]
pub(crate) struct Model(Arc<dyn Source>);

/// What a model saw, with its name.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) sighting: Sighting,
    pub(super) sha256: String,
    pub(super) version: u32,
}

/// Where the model comes from when a photo wants it.
trait Source: Send + Sync {
    /// The model, loaded now at the latest; none when there is none, or when it cannot be loaded.
    fn model(&self) -> Option<&dyn SubjectModel>;
}

impl Model {
    /// Makes ready what the configuration names.
    pub(crate) fn open(source: &ModelSource) -> Result<Self, ServerError> {
        match source {
            ModelSource::Off => Ok(Self::given(None)),
            ModelSource::Given(model) => Ok(Self::given(Some(model.clone()))),
            ModelSource::Bundled => Ok(files::bundled()),
            ModelSource::File(path) => files::named(path),
            ModelSource::Update { path, key } => files::updated(path, key),
        }
    }

    fn given(model: Option<Arc<dyn SubjectModel>>) -> Self {
        Self(Arc::new(model))
    }

    /// What the model sees in a photo. A model that fails costs the photo its relevance and nothing else.
    pub(super) fn look(&self, still: &Still) -> Option<Seen> {
        let model = self.0.model()?;
        match model.look(&still.plane()) {
            Ok(sighting) => {
                Some(Seen { sighting, sha256: model.sha256().to_owned(), version: model.version() })
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "the relevance model said nothing of a photo");
                None
            }
        }
    }
}

impl Source for Option<Arc<dyn SubjectModel>> {
    fn model(&self) -> Option<&dyn SubjectModel> {
        self.as_deref()
    }
}
