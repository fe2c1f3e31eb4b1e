//! Whether a return takes evidence from whoever sends it.
//!
//! A token, and what it may do, are looked at when a request begins. While its bytes arrive the return can be cancelled,
//! or become somebody else's; so both are asked again in the change that makes bytes evidence, and nobody can come between.
//! A token that expires meanwhile ends nothing: it was good for the request that it came with, whose time is limited.
//!
//! - The return takes no evidence any more: the upload is over and its evidence rejected, whoever sends it.
//! - The return is not this token's any more: for them it does not exist. The upload stays for those whose return it is,
//!   without the bytes that were not acknowledged, and expires if they do not go on with it.

use clearshot_protocol::ReturnId;
use clearshot_protocol::problem::ProblemCode;

use crate::app::App;
use crate::auth::Principal;
use crate::error::ServerError;
use crate::lifecycle::takes_evidence;
use crate::problem::ApiError;
use crate::routes::returns::unknown_return;
use crate::store::Change;
use crate::store::uploads::UploadRow;

/// The rejection's code when a return takes no evidence.
pub(super) const RETURN_CLOSED: &str = "return_closed";

/// What is told of it, also when the same capture is sent again.
pub(super) fn return_closed() -> ApiError {
    ApiError::new(
        ProblemCode::ReturnClosed,
        "this return was declined, closed or cancelled, or has expired, and takes no more photos; ask the shop",
    )
}

/// Whether the return of an upload takes evidence, as far as is known before its bytes come.
pub(super) async fn is_open(app: &App, upload: &UploadRow) -> Result<bool, ServerError> {
    let Some(attached) = upload.attached else { return Ok(true) };
    Ok(app.store.find_return(attached.return_id).await?.is_some_and(|of| takes_evidence(of.status)))
}

/// Refuses, in this change, whoever may not send to the return, and everybody when it takes no evidence.
pub(super) async fn check_in(
    change: &mut Change,
    principal: &Principal,
    id: ReturnId,
) -> Result<Result<(), ApiError>, ServerError> {
    Ok(match change.find_return(id).await? {
        Some(of) if !principal.may_see(&of) => Err(unknown_return()),
        Some(of) if takes_evidence(of.status) => Ok(()),
        Some(_) => Err(return_closed()),
        None => Err(unknown_return()),
    })
}
