//! The service itself: what a phone must know first, and whether the server is well.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use clearshot_protocol::api::ServiceView;
use clearshot_protocol::problem::ProblemCode;
use clearshot_protocol::upload::MAX_UPLOAD_LENGTH;

use crate::app::App;
use crate::problem::{ApiError, Problems};

/// What a phone needs before it captures: the key to seal to. No token: the key is public.
#[utoipa::path(get, path = "/v1/service", tag = "service", responses((status = 200, body = ServiceView), Problems))]
pub(crate) async fn show_service(State(app): State<Arc<App>>) -> Json<ServiceView> {
    Json(ServiceView {
        recipient: app.store.keys.recipient().to_string(),
        max_upload_length: MAX_UPLOAD_LENGTH,
    })
}

/// Whether the process lives.
#[utoipa::path(get, path = "/healthz", tag = "service", responses((status = 200, body = String), Problems))]
pub(crate) async fn healthz() -> &'static str {
    "ok"
}

/// Whether requests can be served: the database answers and no shutdown has begun.
#[utoipa::path(get, path = "/readyz", tag = "service", responses((status = 200, body = String), Problems))]
pub(crate) async fn readyz(State(app): State<Arc<App>>) -> Result<&'static str, ApiError> {
    if app.stopping.is_cancelled() {
        return Err(ApiError::new(ProblemCode::Busy, "the server is shutting down"));
    }
    app.store.ping().await?;
    Ok("ok")
}
