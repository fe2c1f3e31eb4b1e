//! The relevance model on the command line: the bundled one, one from a file, or none.

use std::path::PathBuf;
use std::sync::Arc;

use clearshot_analysis::{LumaPlane, Sighting, SubjectModel};
use clearshot_server::ModelSource;
use serde::Serialize;

use crate::photo_files::PhotoError;

/// A model that several parts of a command share.
pub(crate) type SharedModel = Arc<dyn SubjectModel>;

#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct ModelArguments {
    /// Judge without the relevance model: light, focus and framing only
    #[arg(long, conflicts_with = "model")]
    no_model: bool,
    /// Use this relevance model instead of the bundled one: an ONNX file or, with --model-key, a signed update
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Public key (64 hexadecimal digits) of whom the update must be from
    #[arg(long, value_name = "KEY", requires = "model")]
    model_key: Option<String>,
}

impl ModelArguments {
    /// The model that the options ask for; none in a build without models. Whatever is wrong with one that was named is
    /// an error: another one must not take its place unnoticed.
    pub(crate) fn load(&self) -> anyhow::Result<Option<SharedModel>> {
        match (&self.model, &self.model_key) {
            _ if self.no_model => Ok(None),
            (None, _) => files::bundled(),
            (Some(file), None) => files::named(file).map(Some),
            (Some(file), Some(key)) => files::update(file, key).map(Some),
        }
    }

    /// The same for a server, which loads it itself. It does not stop for an update that went wrong: the bundled model
    /// goes on.
    pub(crate) fn source(&self) -> ModelSource {
        match (&self.model, &self.model_key) {
            _ if self.no_model => ModelSource::Off,
            (None, _) => ModelSource::Bundled,
            (Some(path), None) => ModelSource::File(path.clone()),
            (Some(path), Some(key)) => ModelSource::Update { path: path.clone(), key: key.clone() },
        }
    }
}

/// What the model sees in a picture; none without a model.
pub(crate) fn look(
    model: Option<&SharedModel>,
    picture: &LumaPlane<'_>,
) -> Result<Option<Sighting>, PhotoError> {
    Ok(model.map(|model| model.look(picture)).transpose()?)
}

/// Which model it was, as it is printed in JSON.
#[derive(Debug, Serialize)]
pub(crate) struct ModelName<'a> {
    version: u32,
    sha256: &'a str,
}

impl<'a> ModelName<'a> {
    pub(crate) fn of(model: &'a SharedModel) -> Self {
        Self { version: model.version(), sha256: model.sha256() }
    }
}

#[cfg(feature = "relevance")]
mod files {
    use std::path::Path;
    use std::sync::Arc;

    use anyhow::Context as _;
    use clearshot_relevance::{Model, ModelStore, UpdateKey, read_file};

    use super::SharedModel;

    pub(super) fn bundled() -> anyhow::Result<Option<SharedModel>> {
        Ok(Some(ModelStore::bundled().into_model().context("load the bundled relevance model")?))
    }

    pub(super) fn named(file: &Path) -> anyhow::Result<SharedModel> {
        let model =
            read_file(file).and_then(|bytes| Model::from_bytes(&bytes)).with_context(|| using(file))?;
        Ok(Arc::new(model))
    }

    /// Refuses what the bundled model is newer than.
    pub(super) fn update(file: &Path, key: &str) -> anyhow::Result<SharedModel> {
        let app = env!("CARGO_PKG_VERSION").parse().with_context(|| using(file))?;
        let mut store = ModelStore::bundled();
        let key = UpdateKey::from_hex(key)?;
        store
            .offer(&read_file(file).with_context(|| using(file))?, &key, app)
            .with_context(|| using(file))?;
        Ok(store.into_model().with_context(|| using(file))?)
    }

    fn using(file: &Path) -> String {
        format!("use the relevance model {}", file.display())
    }
}

#[cfg(not(feature = "relevance"))]
mod files {
    use std::path::Path;

    use super::SharedModel;

    #[allow(clippy::unnecessary_wraps, reason = "its twin with the model can fail")]
    pub(super) fn bundled() -> anyhow::Result<Option<SharedModel>> {
        Ok(None)
    }

    pub(super) fn named(file: &Path) -> anyhow::Result<SharedModel> {
        anyhow::bail!("use the relevance model {}: this program was built without models", file.display())
    }

    pub(super) fn update(file: &Path, _: &str) -> anyhow::Result<SharedModel> {
        named(file)
    }
}
