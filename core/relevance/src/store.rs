//! Which model is used: the bundled one, until a newer one was offered and found good.
//!
//! Not responsible for where update files come from or are kept: whoever keeps one offers it again at every start.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use clearshot_analysis::LumaPlane;

use crate::RelevanceError;
use crate::card::ModelCard;
use crate::input::Input;
use crate::model::{Model, ModelFile};
use crate::update::{AppVersion, Update, UpdateKey};

/// Makes a model of a file that was read, and of its bytes for a runtime that wants them.
type Prepare = Box<dyn Fn(&ModelFile, &[u8]) -> Result<Model, RelevanceError> + Send + Sync>;

/// The best model at hand. Loads it when it is first asked for, and only once.
pub struct ModelStore {
    bundled: Cow<'static, [u8]>,
    prepare: Prepare,
    chosen: OnceLock<Result<Arc<Model>, RelevanceError>>,
}

/// The model that is built in: `models/relevance.onnx`, described in `models/MODEL_CARD.md`.
#[cfg(feature = "tract")]
const BUNDLED: &[u8] = include_bytes!("../../../models/relevance.onnx");

impl ModelStore {
    /// Begins with the model that is built in, run by tract.
    #[cfg(feature = "tract")]
    pub fn bundled() -> Self {
        Self::new(BUNDLED)
    }

    /// Begins with a model of the caller's, run by tract.
    #[cfg(feature = "tract")]
    pub fn new(bundled: impl Into<Cow<'static, [u8]>>) -> Self {
        Self::with_runtime(bundled, |file, _| Model::new(file))
    }

    /// Begins with a model of the caller's, run by whatever `prepare` brings.
    pub fn with_runtime(
        bundled: impl Into<Cow<'static, [u8]>>,
        prepare: impl Fn(&ModelFile, &[u8]) -> Result<Model, RelevanceError> + Send + Sync + 'static,
    ) -> Self {
        Self { bundled: bundled.into(), prepare: Box::new(prepare), chosen: OnceLock::new() }
    }

    /// The model to use; whoever clones it keeps it, whatever is offered later. The first call loads it, which takes some
    /// milliseconds; others wait for that.
    pub fn model(&self) -> Result<&Arc<Model>, &RelevanceError> {
        let load = || (self.prepare)(&ModelFile::read(&self.bundled)?, &self.bundled).map(Arc::new);
        self.chosen.get_or_init(load).as_ref()
    }

    /// The model to use, for a caller that keeps it from now on.
    pub fn into_model(self) -> Result<Arc<Model>, RelevanceError> {
        let Self { bundled, prepare, chosen } = self;
        chosen.into_inner().unwrap_or_else(|| Ok(Arc::new(prepare(&ModelFile::read(&bundled)?, &bundled)?)))
    }

    /// Takes over an update if its signature is right, it is newer than the model in use, meant for this app, and really
    /// answers. After an error the model in use goes on.
    pub fn offer(
        &mut self,
        file: &[u8],
        key: &UpdateKey,
        app: AppVersion,
    ) -> Result<&ModelCard, RelevanceError> {
        let update = Update::open(file, key)?;
        if app < update.statement.min_app {
            return Err(RelevanceError::AppTooOld { app, needed: update.statement.min_app });
        }
        let offered = update.statement.version;
        match self.version() {
            Ok(current) if offered <= current => {
                return Err(RelevanceError::NotNewer { offered, current });
            }
            // Whatever is better than a bundled model that is broken.
            Ok(_) | Err(_) => {}
        }
        let model = (self.prepare)(&update.file, update.bytes)?;
        model.sight(&plain_grey()?)?;
        let chosen = self.chosen.take();
        self.chosen = OnceLock::from(Ok(Arc::new(model)));
        drop(chosen);
        match self.model() {
            Ok(model) => Ok(model.card()),
            Err(_) => Err(RelevanceError::Missing("the model just taken over".to_owned())),
        }
    }

    /// The version in use. Reads the bundled file without preparing it.
    fn version(&self) -> Result<u32, RelevanceError> {
        match self.chosen.get() {
            Some(Ok(model)) => Ok(model.card().version),
            _ => Ok(ModelFile::read(&self.bundled)?.card().version),
        }
    }
}

impl std::fmt::Debug for ModelStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ModelStore").field("chosen", &self.chosen).finish_non_exhaustive()
    }
}

/// A picture to try a model on.
fn plain_grey() -> Result<Input, RelevanceError> {
    let grey = LumaPlane::new(&[128], 1, 1, 1, 1).map_err(|error| RelevanceError::Runtime(error.into()))?;
    Ok(Input::of_frame(&grey))
}

#[cfg(test)]
#[cfg(feature = "tract")]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use jiff::Timestamp;

    use super::*;
    use crate::example;
    use crate::onnx::ModelProto;
    use crate::update::{public_key, sign};

    const SECRET: &str = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
    const APP: AppVersion = AppVersion(1, 0, 0);

    fn store() -> ModelStore {
        ModelStore::new(example::bytes(&example::of_version(3)))
    }

    fn update(model: &ModelProto, min_app: AppVersion) -> Vec<u8> {
        sign(&example::bytes(model), min_app, Timestamp::UNIX_EPOCH, SECRET).unwrap()
    }

    /// Offers a file that must be refused; the bundled model must go on.
    fn refused(file: &[u8]) -> &'static str {
        let mut store = store();
        let key = public_key(SECRET).unwrap();
        let code = store.offer(file, &key, APP).unwrap_err().code();
        assert_eq!(store.model().unwrap().card().version, 3);
        assert!(store.model().unwrap().sight(&plain_grey().unwrap()).is_ok());
        code
    }

    #[test]
    fn a_newer_model_takes_over_and_then_counts_as_the_one_in_use() {
        let (mut store, key) = (store(), public_key(SECRET).unwrap());
        assert_eq!(store.model().unwrap().card().version, 3);
        let newer = update(&example::of_version(5), APP);
        assert_eq!(store.offer(&newer, &key, APP).unwrap().version, 5);
        assert_eq!(store.model().unwrap().card().version, 5);
        let between = update(&example::of_version(4), APP);
        assert_eq!(store.offer(&between, &key, APP).unwrap_err().code(), "update_not_newer");
        assert_eq!(store.model().unwrap().card().version, 5);
        assert_eq!(store.into_model().unwrap().card().version, 5);
        assert_eq!(self::store().into_model().unwrap().card().version, 3);
    }

    #[test]
    fn an_older_model_the_same_one_and_one_for_a_newer_app_are_refused() {
        assert_eq!(refused(&update(&example::of_version(2), APP)), "update_not_newer");
        assert_eq!(refused(&update(&example::of_version(3), APP)), "update_not_newer");
        assert_eq!(refused(&update(&example::of_version(4), AppVersion(1, 0, 1))), "app_too_old");
    }

    #[test]
    fn a_forged_or_damaged_update_is_refused() {
        let mut file = update(&example::of_version(4), APP);
        assert_eq!(refused(&file[..file.len() / 2]), "update_signature");
        let last = file.len() - 1;
        file[last] ^= 0x80;
        assert_eq!(refused(&file), "update_signature");
        assert_eq!(refused(b""), "update_unreadable");
    }

    #[test]
    fn a_signed_model_that_answers_in_no_numbers_is_refused() {
        let mut broken = example::of_version(4);
        example::set_weights(&mut broken, "look.weights", f32::MAX);
        assert_eq!(refused(&update(&broken, APP)), "not_finite");
    }

    #[test]
    fn a_broken_bundled_model_is_a_clear_error_until_an_update_comes() {
        let mut store = ModelStore::new(&b"broken"[..]);
        assert_eq!(store.model().unwrap_err().code(), "model_unreadable");
        let key = public_key(SECRET).unwrap();
        store.offer(&update(&example::of_version(1), APP), &key, APP).unwrap();
        assert_eq!(store.model().unwrap().card().version, 1);
    }

    #[test]
    fn eight_threads_that_ask_at_once_load_the_model_once() {
        let loads = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&loads);
        let store = ModelStore::with_runtime(example::bytes(&example::model()), move |file, _| {
            counted.fetch_add(1, Ordering::Relaxed);
            Model::new(file)
        });
        assert_eq!(loads.load(Ordering::Relaxed), 0, "nothing is loaded before it is needed");
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| store.model().unwrap().sight(&plain_grey().unwrap()).unwrap());
            }
        });
        assert_eq!(loads.load(Ordering::Relaxed), 1);
    }
}
