//! The relevance model of an app: the bundled one, until a newer one that is signed was offered.
//!
//! Not responsible for fetching and keeping updates: an app keeps the newest update file and offers it at every start.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use clearshot_analysis::SubjectModel;
use clearshot_relevance as core;

use crate::error::{CaptureError, ErrorCode, guarded};

/// Which model is used. One for the whole app: analysers and stores that are made with it share the loaded model.
#[derive(Debug, uniffi::Object)]
pub struct ModelStore {
    store: Mutex<core::ModelStore>,
}

/// What a model says of itself.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ModelInfo {
    /// Its version; an update must have a greater one.
    pub version: u32,
    /// SHA-256 of its file, in hex: recorded with every verdict that it took part in.
    pub sha256: String,
}

#[uniffi::export]
impl ModelStore {
    /// Begins with the model that is built in. It is loaded when it is first used, which takes some milliseconds.
    #[uniffi::constructor]
    pub fn bundled() -> Result<Arc<Self>, CaptureError> {
        guarded(|| Ok(Arc::new(Self { store: Mutex::new(core::ModelStore::bundled()) })))
    }

    /// Takes over a model update if it was signed by the holder of this key (64 hex digits), is newer than the model in use
    /// and meant for this version of the app (three numbers, such as `1.4.0`). After an error the model in use goes on. What
    /// was made with this store before keeps its model; what is made from now on has the new one.
    pub fn offer(&self, update: &[u8], key: String, app_version: String) -> Result<ModelInfo, CaptureError> {
        guarded(|| {
            let key = core::UpdateKey::from_hex(&key)?;
            let app = app_version.parse().map_err(|_| {
                let reason = "use the app's version: it is three numbers, such as 1.4.0";
                CaptureError::new(ErrorCode::InvalidArgument, reason)
            })?;
            Ok(self.lock().offer(update, &key, app)?.into())
        })
    }

    /// The model in use. Loads it when nobody has yet.
    pub fn info(&self) -> Result<ModelInfo, CaptureError> {
        guarded(|| Ok(self.lock().model()?.card().into()))
    }
}

impl ModelStore {
    /// The model in use, to be shared. Loads it when nobody has yet.
    pub(crate) fn model(&self) -> Result<Arc<dyn SubjectModel>, CaptureError> {
        let model: Arc<core::Model> = Arc::clone(self.lock().model()?);
        Ok(model)
    }

    /// A panic while the store was held leaves the model in use as it was: it is replaced last.
    fn lock(&self) -> MutexGuard<'_, core::ModelStore> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<&core::ModelCard> for ModelInfo {
    fn from(card: &core::ModelCard) -> Self {
        Self { version: card.version, sha256: card.sha256.clone() }
    }
}
