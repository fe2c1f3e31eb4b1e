//! Bodies of JSON and forms: whole within a time, or refused. A client that sends a byte a minute would otherwise hold
//! its connection for ever. Uploads have [time-outs of their own](crate::config::UploadPace).

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONNECTION, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use clearshot_protocol::problem::ProblemCode;
use hyper::body::Body as _;

use crate::app::App;
use crate::config::JSON_BODY_LIMIT;
use crate::problem::ApiError;

/// Reads the whole body before the handler begins.
pub(crate) async fn whole_body_in_time(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Response {
    let (head, body) = request.into_parts();
    if body.is_end_stream() {
        return next.run(Request::from_parts(head, body)).await;
    }
    match tokio::time::timeout(app.body_timeout, to_bytes(body, JSON_BODY_LIMIT)).await {
        Ok(Ok(bytes)) => next.run(Request::from_parts(head, Body::from(bytes))).await,
        Ok(Err(error)) => unreadable(&error),
        Err(_) => {
            let mut response = ApiError::new(
                ProblemCode::TimedOut,
                format!("the body did not arrive within {} s; send it again", app.body_timeout.as_secs()),
            )
            .into_response();
            // What the client may still send belongs to this request.
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            response
        }
    }
}

fn unreadable(error: &axum::Error) -> Response {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        if error.is::<http_body_util::LengthLimitError>() {
            return ApiError::new(
                ProblemCode::TooLarge,
                format!("the body may have at most {JSON_BODY_LIMIT} bytes"),
            )
            .into_response();
        }
        cause = error.source();
    }
    ApiError::new(ProblemCode::InvalidRequest, "the body broke off; send it again").into_response()
}
