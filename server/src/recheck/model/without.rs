//! A server that was built without the relevance model: there is none, and naming a file is an error.

use std::path::Path;

use super::Model;
use crate::error::ServerError;

pub(super) fn bundled() -> Model {
    Model::given(None)
}

pub(super) fn named(path: &Path) -> Result<Model, ServerError> {
    Err(ServerError::ModelsNotBuilt(path.to_owned()))
}

pub(super) fn updated(path: &Path, _: &str) -> Result<Model, ServerError> {
    named(path)
}
