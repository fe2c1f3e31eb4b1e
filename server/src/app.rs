//! What every handler shares, and the router: every route of the server is named here.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, OriginalUri};
use axum::http::header::{CACHE_CONTROL, HeaderName, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::middleware;
use axum::response::{IntoResponse, Redirect};
use axum::routing::get;
use clearshot_protocol::problem::ProblemCode;
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower_http::set_header::SetResponseHeaderLayer;
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::config::{Clock, JSON_BODY_LIMIT, UploadPace};
use crate::console;
use crate::deadline::whole_body_in_time;
use crate::disk::DataFolder;
use crate::linger::linger;
use crate::problem::ApiError;
use crate::recheck::Model;
use crate::routes;
use crate::store::Store;
use crate::token::TokenIssuer;
use crate::uploads::{self, Budget, Turns};

/// What every handler shares.
pub(crate) struct App {
    pub(crate) store: Store,
    pub(crate) folder: DataFolder,
    pub(crate) tokens: TokenIssuer,
    pub(crate) clock: Clock,
    /// Whose turn it is to write to an upload.
    pub(crate) turns: Turns,
    /// What looks at every photo in the re-check.
    pub(crate) model: Model,
    /// Wakes the re-check when evidence was received.
    pub(crate) to_check: Notify,
    /// How many photos are opened for viewers at a time; each is in memory while it is sent.
    pub(crate) viewers: Arc<Semaphore>,
    /// How much uploads may take at a time.
    pub(crate) budget: Arc<Budget>,
    pub(crate) upload_pace: UploadPace,
    pub(crate) checkpoint_interval: Duration,
    pub(crate) sweep_interval: Duration,
    /// Time for a whole JSON or form body.
    pub(crate) body_timeout: Duration,
    /// Uploads and re-checks that outlive their request.
    pub(crate) tasks: TaskTracker,
    /// Ends what would go on for ever: event streams and the re-check.
    pub(crate) stopping: CancellationToken,
    /// Ends what has not ended by itself: uploads keep what they have and stop.
    pub(crate) cut: CancellationToken,
}

/// The document's head; the paths are collected from the handlers.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Clearshot returns API",
        description = "Returns, their evidence, and resumable uploads of sealed photos (tus 1.0, or the IETF's draft). \
                       Every error is a problem (RFC 9457) with a stable `type`.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    components(schemas(clearshot_protocol::problem::Problem)),
    modifiers(&BearerTokens),
    tags(
        (name = "service", description = "The service itself"),
        (name = "returns", description = "What shoppers send back"),
        (name = "evidence", description = "Photos that the server knows"),
        (name = "uploads", description = "Resumable uploads: tus 1.0 and draft-ietf-httpbis-resumable-upload"),
        (name = "events", description = "What happened")
    )
)]
struct Document;

struct BearerTokens;

impl utoipa::Modify for BearerTokens {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .description(Some("A token with role shopper, agent or service"))
            .build();
        document
            .components
            .get_or_insert_default()
            .add_security_scheme("token", SecurityScheme::Http(scheme));
    }
}

fn api(app: Option<&Arc<App>>) -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::with_openapi(Document::openapi()).merge(json_routes(app)).merge(uploads())
}

/// Without `app` they are only described.
fn json_routes(app: Option<&Arc<App>>) -> OpenApiRouter<Arc<App>> {
    let routes = OpenApiRouter::new()
        .routes(routes!(routes::service::show_service))
        .routes(routes!(routes::service::healthz))
        .routes(routes!(routes::service::readyz))
        .routes(routes!(routes::returns::list_returns, routes::returns::create_return))
        .routes(routes!(routes::returns::show_return))
        .routes(routes!(routes::evidence::attach_evidence))
        .routes(routes!(routes::evidence::show_evidence))
        .routes(routes!(routes::evidence::show_photo))
        .routes(routes!(routes::evidence::show_thumbnail))
        .routes(routes!(routes::reconcile::reconcile))
        .routes(routes!(routes::events::stream_events));
    match app {
        Some(app) => routes.layer(middleware::from_fn_with_state(app.clone(), whole_body_in_time)),
        None => routes,
    }
}

/// Every answer of an upload's address names the protocol, whoever gives it.
fn uploads() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(uploads::describe, uploads::create))
        .routes(routes!(uploads::describe_one, uploads::head, uploads::patch, uploads::terminate))
        .layer(middleware::from_fn(uploads::name_protocol))
}

/// The `OpenAPI` 3.1 document of the API, made from the handlers.
pub fn openapi() -> utoipa::openapi::OpenApi {
    api(None).into_openapi()
}

/// The whole server.
pub(crate) fn router(app: Arc<App>) -> Router {
    let (api, document) = api(Some(&app)).split_for_parts();
    let console = console::router().layer(middleware::from_fn_with_state(app.clone(), whole_body_in_time));
    let document = Arc::new(document);
    api.route("/openapi.json", get(async move || axum::Json(document.clone())))
        .route("/", get(async || Redirect::to("/console")))
        .merge(console)
        .fallback(unknown_route)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(DefaultBodyLimit::max(JSON_BODY_LIMIT))
        .layer(middleware::from_fn_with_state(app.clone(), linger))
        // What an answer says is somebody's: no cache keeps it, unless its handler knows better.
        .layer(SetResponseHeaderLayer::if_not_present(CACHE_CONTROL, HeaderValue::from_static("no-store")))
        .layer(SetResponseHeaderLayer::if_not_present(
            X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ))
        .layer(SetResponseHeaderLayer::if_not_present(
            REFERRER_POLICY,
            HeaderValue::from_static("no-referrer"),
        ))
        .layer(SetResponseHeaderLayer::if_not_present(
            HeaderName::from_static("content-security-policy"),
            HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
        ))
        .with_state(app)
}

async fn unknown_route(OriginalUri(uri): OriginalUri) -> ApiError {
    let path: String = uri.path().chars().take(128).collect();
    ApiError::new(
        ProblemCode::UnknownRoute,
        format!("there is nothing at {path}; /openapi.json lists what there is"),
    )
}

async fn method_not_allowed() -> impl IntoResponse {
    ApiError::new(
        ProblemCode::MethodNotAllowed,
        "the Allow header and /openapi.json name the methods of this address",
    )
}
