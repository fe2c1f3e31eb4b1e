//! One-time login links: whoever has the data folder can let an agent's browser in, without a password.

use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clearshot_protocol::Timestamp;
use url::Url;

use crate::config::LOGIN_CODE_LIFETIME;
use crate::disk::DataFolder;
use crate::error::ServerError;
use crate::keys::{self, Keys};
use crate::store::Store;

/// Makes a link that logs a browser in to the console once, within [`LOGIN_CODE_LIFETIME`]. `base` is the server's
/// address as the browser sees it. The server may be running on `data` or not.
pub async fn one_time_login(data: &Path, base: &Url, now: Timestamp) -> Result<Url, ServerError> {
    let folder = DataFolder::open(data)?;
    let store = Store::open(&folder.database(), Arc::new(Keys::open(&folder)?)).await?;
    let link = mint_link(&store, base, now).await;
    store.close().await;
    link
}

/// As [`one_time_login`], in a store that is open.
pub(crate) async fn mint_link(store: &Store, base: &Url, now: Timestamp) -> Result<Url, ServerError> {
    let code = URL_SAFE_NO_PAD.encode(*keys::random::<24>()?);
    let mut change = store.change().await?;
    change.add_login_code(&code, now + LOGIN_CODE_LIFETIME, now).await?;
    change.commit().await?;
    let mut link = base.clone();
    link.set_path("/console/login");
    link.set_query(Some(&format!("code={code}")));
    Ok(link)
}
