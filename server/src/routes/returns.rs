//! Returns: open one, list them, look at one.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use clearshot_protocol::api::{CreateReturnRequest, Page, ReturnStatus, ReturnView};
use clearshot_protocol::problem::ProblemCode;
use clearshot_protocol::{ReturnId, ReturnItemId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::auth::{self, Principal};
use crate::problem::{ApiError, ApiJson, Problems};
use crate::store::returns::ReturnRow;
use crate::token::Role;
use crate::uploads::idempotency_key;

/// The most returns of a page.
const PAGE_LIMIT: u32 = 100;
/// The returns of a page when nobody says how many.
const PAGE_DEFAULT: u32 = 20;

/// Names the shopper for whom a service opens a return.
pub(crate) const SHOPPER_HEADER: &str = "clearshot-shopper";

/// Opens a return. With an `Idempotency-Key`, the same request again answers with the same return, and another
/// request is refused.
#[utoipa::path(
    post, path = "/v1/returns", tag = "returns", security(("token" = [])),
    request_body = CreateReturnRequest,
    params(
        ("idempotency-key" = Option<String>, Header, description = "1–128 visible characters, the sender's own"),
        ("clearshot-shopper" = Option<String>, Header, description = "service tokens only: the shopper whose return it is"),
    ),
    responses(
        (status = 201, body = ReturnView, headers(("location" = String, description = "The return's address"))),
        Problems,
    )
)]
pub(crate) async fn create_return(
    State(app): State<Arc<App>>,
    principal: Principal,
    headers: HeaderMap,
    ApiJson(request): ApiJson<CreateReturnRequest>,
) -> Result<impl IntoResponse, ApiError> {
    principal.require_sender()?;
    if principal.scope.is_some() {
        return Err(ApiError::new(
            ProblemCode::Forbidden,
            "this token is good for one return and opens no other",
        ));
    }
    check(&request)?;
    let owner = owner_of(&app, &principal, &headers)?;
    let id = open(&app, &owner, idempotency_key(&headers)?, &request).await?;
    let view = app.store.view_return(find(&app, &principal, id, Some(&owner)).await?).await?;
    Ok((StatusCode::CREATED, [(LOCATION, format!("/v1/returns/{id}"))], Json(view)))
}

async fn open(
    app: &App,
    owner: &[u8],
    key: Option<&str>,
    request: &CreateReturnRequest,
) -> Result<ReturnId, ApiError> {
    let keys = &app.store.keys;
    let body = serde_json::to_vec(request).map_err(|error| ApiError::from(std::io::Error::other(error)))?;
    let body = keys.blind("idempotency.request", &body);
    let key = key.map(|key| keys.blind("idempotency.key", &[owner, key.as_bytes()].concat()));
    let now = app.clock.now();
    let mut change = app.store.change().await?;
    if let Some(key) = &key
        && let Some((first, id)) = change.find_idempotency_key(key).await?
    {
        change.commit().await?;
        return if first == body {
            Ok(id)
        } else {
            Err(ApiError::new(
                ProblemCode::IdempotencyConflict,
                "this Idempotency-Key came with another return before; use a new key for a new return",
            ))
        };
    }
    let id = ReturnId::mint(now);
    change.create_return(id, owner, request, now).await?;
    if let Some(key) = &key {
        change.keep_idempotency_key(key, &body, id, now).await?;
    }
    change.commit().await?;
    Ok(id)
}

/// Whose return it will be.
fn owner_of(app: &App, principal: &Principal, headers: &HeaderMap) -> Result<Vec<u8>, ApiError> {
    match (headers.get(SHOPPER_HEADER), principal.role) {
        (None, _) => Ok(principal.owner.clone()),
        (Some(shopper), Role::Service) => match shopper.to_str() {
            Ok(shopper) if !shopper.trim().is_empty() => Ok(auth::owner(app, shopper.trim())),
            _ => Err(ApiError::new(
                ProblemCode::InvalidRequest,
                "Clearshot-Shopper must be visible ASCII text",
            )),
        },
        (Some(_), _) => Err(ApiError::new(
            ProblemCode::Forbidden,
            "only a service's token opens returns for somebody else",
        )),
    }
}

/// Makes sure that an `Idempotency-Key` of a request about a return comes with the same request each time.
pub(crate) async fn check_key<T: Serialize>(
    app: &App,
    principal: &Principal,
    headers: &HeaderMap,
    id: ReturnId,
    request: &T,
) -> Result<(), ApiError> {
    let Some(key) = idempotency_key(headers)? else { return Ok(()) };
    find(app, principal, id, None).await?;
    let keys = &app.store.keys;
    let body =
        serde_json::to_vec(&(id, request)).map_err(|error| ApiError::from(std::io::Error::other(error)))?;
    let body = keys.blind("idempotency.request", &body);
    let key = keys.blind("idempotency.key", &[&principal.owner, key.as_bytes()].concat());
    let mut change = app.store.change().await?;
    let known = change.find_idempotency_key(&key).await?;
    if known.is_none() {
        change.keep_idempotency_key(&key, &body, id, app.clock.now()).await?;
    }
    change.commit().await?;
    match known {
        Some((first, _)) if first != body => Err(ApiError::new(
            ProblemCode::IdempotencyConflict,
            "this Idempotency-Key came with another request before; use a new key for a new request",
        )),
        _ => Ok(()),
    }
}

fn check(request: &CreateReturnRequest) -> Result<(), ApiError> {
    let length = |field: &str, text: &str, limit: usize| match text.chars().count() {
        0 => Err(ApiError::new(ProblemCode::InvalidField, format!("{field} is empty; give it a value"))),
        number if number > limit => Err(ApiError::new(
            ProblemCode::InvalidField,
            format!("{field} has {number} characters; at most {limit} are allowed"),
        )),
        _ => Ok(()),
    };
    length("order", &request.order, 128)?;
    if !(1..=100).contains(&request.items.len()) {
        return Err(ApiError::new(ProblemCode::InvalidField, "items must have 1 to 100 entries"));
    }
    let mut skus = std::collections::HashSet::new();
    for (position, item) in request.items.iter().enumerate() {
        length(&format!("items[{position}].sku"), &item.sku, 64)?;
        length(&format!("items[{position}].title"), &item.title, 256)?;
        if item.quantity == 0 {
            return Err(ApiError::new(
                ProblemCode::InvalidField,
                format!("items[{position}].quantity is 0; it must be at least 1"),
            ));
        }
        if !skus.insert(&item.sku) {
            return Err(ApiError::new(
                ProblemCode::InvalidField,
                format!("items[{position}].sku came before; add up the quantities in one line"),
            ));
        }
    }
    Ok(())
}

/// Which returns to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListQuery {
    /// Only those that stand here.
    status: Option<ReturnStatus>,
    /// `newest` first (default) or `oldest` first.
    #[serde(default)]
    #[param(inline)]
    order: ListOrder,
    /// 1–100; 20 by default.
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ListOrder {
    #[default]
    Newest,
    Oldest,
}

/// Lists the returns that the token may see.
#[utoipa::path(
    get, path = "/v1/returns", tag = "returns", security(("token" = [])), params(ListQuery),
    responses((status = 200, body = Page<ReturnView>), Problems)
)]
pub(crate) async fn list_returns(
    State(app): State<Arc<App>>,
    principal: Principal,
    query: Result<Query<ListQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Page<ReturnView>>, ApiError> {
    let Query(query) =
        query.map_err(|error| ApiError::new(ProblemCode::InvalidRequest, error.body_text()))?;
    let limit = query.limit.unwrap_or(PAGE_DEFAULT);
    if !(1..=PAGE_LIMIT).contains(&limit) {
        return Err(ApiError::new(ProblemCode::InvalidField, format!("limit must be 1 to {PAGE_LIMIT}")));
    }
    let mut filter = principal.return_filter();
    filter.status = query.status;
    filter.oldest_first = query.order == ListOrder::Oldest;
    filter.after = query.cursor.as_deref().map(str::parse).transpose().map_err(|_| {
        ApiError::new(
            ProblemCode::InvalidRequest,
            "the cursor is none of ours; pass `next` of the page before",
        )
    })?;
    Ok(Json(page(&app, &filter, limit).await?))
}

/// One page of whole returns: one query for the page, two for each return on it.
pub(crate) async fn page(
    app: &App,
    filter: &crate::store::returns::ReturnFilter,
    limit: u32,
) -> Result<Page<ReturnView>, ApiError> {
    let mut rows = app.store.list_returns(filter, limit + 1).await?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next = rows.last().filter(|_| more).map(|row| row.id.to_string());
    let mut entries = Vec::with_capacity(rows.len());
    for row in rows {
        entries.push(app.store.view_return(row).await?);
    }
    Ok(Page { entries, next })
}

/// A return with its items and their evidence.
#[utoipa::path(
    get, path = "/v1/returns/{id}", tag = "returns", security(("token" = [])),
    params(("id" = ReturnId, Path)),
    responses((status = 200, body = ReturnView), Problems)
)]
pub(crate) async fn show_return(
    State(app): State<Arc<App>>,
    principal: Principal,
    Path(id): Path<String>,
) -> Result<Json<ReturnView>, ApiError> {
    let id = id.parse().map_err(|_| unknown_return())?;
    Ok(Json(app.store.view_return(find(&app, &principal, id, None).await?).await?))
}

/// The return, if the token may see it. `opened_for` is the owner for whom the same request has just opened it.
pub(crate) async fn find(
    app: &App,
    principal: &Principal,
    id: ReturnId,
    opened_for: Option<&[u8]>,
) -> Result<ReturnRow, ApiError> {
    let found = app.store.find_return(id).await?.ok_or_else(unknown_return)?;
    if principal.may_see(&found) || opened_for == Some(&found.owner) {
        Ok(found)
    } else {
        Err(unknown_return())
    }
}

/// As [`find`], and makes sure that the item is a line of the return.
pub(crate) async fn find_item(
    app: &App,
    principal: &Principal,
    id: ReturnId,
    item: ReturnItemId,
) -> Result<(), ApiError> {
    find(app, principal, id, None).await?;
    if app.store.has_item(id, item).await? {
        Ok(())
    } else {
        Err(ApiError::new(
            ProblemCode::UnknownItem,
            "the return has no such item; derive the item's id from the return's id and the SKU",
        ))
    }
}

pub(crate) fn unknown_return() -> ApiError {
    ApiError::new(ProblemCode::UnknownReturn, "no return with this id is yours; check the id and the token")
}
