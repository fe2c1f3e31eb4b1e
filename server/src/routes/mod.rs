//! The JSON routes, one module per resource. Uploads are in [`crate::uploads`], pages in [`crate::console`].

pub(crate) mod events;
pub(crate) mod evidence;
pub(crate) mod reconcile;
pub(crate) mod returns;
pub(crate) mod service;
