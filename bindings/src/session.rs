//! Sessions, items and shots as they cross the border.

use clearshot_capture as core;

use crate::error::CaptureError;
use crate::report::ShotRole;
use crate::time::id;
use crate::words::{AskPolicy, NetworkPolicy, ReturnReason};

/// An item to photograph.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct NewItem {
    /// Stock keeping unit, 1 to 64 characters. Stored sealed.
    pub sku: String,
    /// What a person calls it, at most 256 characters. Stored sealed.
    pub title: String,
    /// Why it comes back. Gives the item its first shots.
    pub reason: ReturnReason,
    /// Which networks its photos may use.
    pub network: NetworkPolicy,
    /// How hard the shop insists on good photos of it.
    pub ask_policy: AskPolicy,
}

/// A sitting of capturing, as it stands.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Session {
    /// Its id.
    pub id: String,
    /// The return that it is for.
    pub return_id: String,
    /// When it was opened, in milliseconds since 1970.
    pub opened_at: i64,
    /// Its items, in the order of adding them.
    pub items: Vec<Item>,
}

/// An item of a session. Its labels are absent where they cannot be known any more: the queue was rebuilt from its photos,
/// or the device key was lost.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Item {
    /// Its id, derived from the return and the SKU.
    pub id: String,
    /// Stock keeping unit.
    pub sku: Option<String>,
    /// What a person calls it.
    pub title: Option<String>,
    /// Why it comes back.
    pub reason: Option<ReturnReason>,
    /// Which networks its photos may use.
    pub network: NetworkPolicy,
    /// Its shots, in the order of taking them.
    pub shots: Vec<Shot>,
}

/// A slot that wants a photo.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Shot {
    /// Its id.
    pub id: String,
    /// What the photo should show.
    pub role: ShotRole,
    /// For a defect: the overview shot of the same item.
    pub overview: Option<String>,
    /// Whether the return is incomplete without it.
    pub required: bool,
    /// How hard the shop insists on a good photo.
    pub ask_policy: AskPolicy,
    /// How often the shopper was asked for another photo since the last one was kept.
    pub asks: u8,
    /// The newest photo of it, which supersedes the others.
    pub current: Option<String>,
}

impl From<NewItem> for core::NewItem {
    fn from(item: NewItem) -> Self {
        Self {
            sku: item.sku,
            title: item.title,
            reason: item.reason.into(),
            metered: item.network.into(),
            ask_policy: item.ask_policy.into(),
        }
    }
}

/// A session to open, for a return with this id.
pub(crate) fn new_session(return_id: &str, items: Vec<NewItem>) -> Result<core::NewSession, CaptureError> {
    Ok(core::NewSession {
        return_id: id(return_id)?,
        items: items.into_iter().map(core::NewItem::from).collect(),
    })
}

impl From<core::SessionView> for Session {
    fn from(session: core::SessionView) -> Self {
        Self {
            id: session.id.to_string(),
            return_id: session.return_id.to_string(),
            opened_at: session.opened_at.as_millisecond(),
            items: session.items.into_iter().map(Item::from).collect(),
        }
    }
}

impl From<core::ItemView> for Item {
    fn from(item: core::ItemView) -> Self {
        Self {
            id: item.id.to_string(),
            sku: item.sku,
            title: item.title,
            reason: item.reason.map(ReturnReason::from),
            network: item.metered.into(),
            shots: item.shots.into_iter().map(Shot::from).collect(),
        }
    }
}

impl From<core::ShotView> for Shot {
    fn from(shot: core::ShotView) -> Self {
        Self {
            id: shot.id.to_string(),
            role: shot.role.into(),
            overview: shot.overview.map(|overview| overview.to_string()),
            required: shot.required,
            ask_policy: shot.ask_policy.into(),
            asks: shot.asks,
            current: shot.current.map(|capture| capture.to_string()),
        }
    }
}
