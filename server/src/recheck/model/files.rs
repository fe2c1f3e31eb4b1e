//! Models that are files: the bundled one, one that the operator names, and signed updates.

use std::path::Path;
use std::sync::Arc;

use clearshot_analysis::{LumaPlane, SubjectModel};
use clearshot_relevance::{Model as LoadedModel, ModelStore, RelevanceError, UpdateKey, read_file};

use super::{Model, Source};
use crate::error::ServerError;

/// The model within this program.
pub(super) fn bundled() -> Model {
    Model(Arc::new(ModelStore::bundled()))
}

/// The model in a file of the operator's. Whatever is wrong with it is an error: the operator wanted this one.
pub(super) fn named(path: &Path) -> Result<Model, ServerError> {
    let read = read_file(path).and_then(|bytes| LoadedModel::from_bytes(&bytes));
    let model = read.map_err(ServerError::model(path))?;
    // A file can be sound and its network say nothing that is a number.
    let grey = LumaPlane::new(&[128], 1, 1, 1, 1).map_err(ServerError::model(path))?;
    model.look(&grey).map_err(ServerError::model(path))?;
    tracing::info!(path = %path.display(), version = model.version(), sha256 = model.sha256(), "the relevance model");
    Ok(Model::given(Some(Arc::new(model))))
}

/// The model of a signed update, or the bundled one where the update is not to be trusted, not newer or not there: an
/// update that went wrong must not stop a server. Only a key that is none is an error.
pub(super) fn updated(path: &Path, key: &str) -> Result<Model, ServerError> {
    let key = UpdateKey::from_hex(key).map_err(ServerError::model(path))?;
    let mut store = ModelStore::bundled();
    if let Err(error) = take_over(&mut store, path, &key) {
        let error = &error as &dyn std::error::Error;
        tracing::warn!(error, path = %path.display(), "the model update is refused; the bundled model goes on");
    }
    Ok(Model(Arc::new(store)))
}

fn take_over(store: &mut ModelStore, path: &Path, key: &UpdateKey) -> Result<(), RelevanceError> {
    let card = store.offer(&read_file(path)?, key, env!("CARGO_PKG_VERSION").parse()?)?;
    tracing::info!(version = card.version, sha256 = %card.sha256, "the relevance model is a signed update");
    Ok(())
}

impl Source for ModelStore {
    fn model(&self) -> Option<&dyn SubjectModel> {
        match Self::model(self) {
            Ok(model) => Some(&**model),
            Err(error) => {
                let error = error as &dyn std::error::Error;
                tracing::error!(error, "the bundled relevance model cannot be loaded; photos go on without");
                None
            }
        }
    }
}
