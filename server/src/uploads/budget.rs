//! How much at a time: bytes in memory, requests, and the spool of each client.
//!
//! A limit never costs bytes that have arrived. Without memory to spare a request writes smaller pieces and goes on;
//! what is refused is refused before its body is read, with `Retry-After`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use clearshot_protocol::problem::ProblemCode;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::auth::Principal;
use crate::config::{UPLOAD_MEMORY, WRITE_BUFFER};
use crate::problem::ApiError;
use crate::store::uploads::SpoolShare;
use crate::token::Role;

/// Unfinished bytes of one shopper in the spool: all that a phone's vault holds at most (2 GiB), sent at once.
const CLIENT_SPOOL_BYTES: u64 = 2 * 1024 * 1024 * 1024;
/// Unfinished uploads of one shopper: all captures that a phone's vault holds at most.
const CLIENT_SPOOL_UPLOADS: u64 = 1000;

/// When a client whose spool is full may come back, in seconds: some of its uploads must end first.
const RETRY_AFTER_SPOOL: u64 = 300;

/// How many requests with bytes may be under way.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BudgetLimits {
    /// Of all clients.
    pub(crate) requests: usize,
    /// Of one shopper.
    pub(crate) per_client: usize,
}

/// What all uploads share.
pub(crate) struct Budget {
    per_client: usize,
    requests: Arc<Semaphore>,
    buffers: Arc<Semaphore>,
    /// Requests under way, by the keyed hash of the client's subject.
    clients: Mutex<HashMap<Vec<u8>, usize>>,
}

/// A request that may send bytes, until this is dropped.
pub(super) struct Admission {
    budget: Arc<Budget>,
    client: Option<Vec<u8>>,
    _request: OwnedSemaphorePermit,
}

impl Budget {
    pub(crate) fn new(limits: BudgetLimits) -> Self {
        Self {
            per_client: limits.per_client,
            requests: Arc::new(Semaphore::new(limits.requests)),
            buffers: Arc::new(Semaphore::new(UPLOAD_MEMORY / WRITE_BUFFER)),
            clients: Mutex::default(),
        }
    }

    /// Lets a request in. A service speaks for many shoppers and is held to the limit of all only.
    pub(super) fn admit(self: &Arc<Self>, principal: &Principal) -> Result<Admission, ApiError> {
        let request = self.requests.clone().try_acquire_owned().map_err(|_| {
            ApiError::new(
                ProblemCode::Busy,
                "the server is receiving as many uploads as it can; try again in a moment",
            )
        })?;
        let client = (principal.role != Role::Service).then(|| principal.owner.clone());
        if let Some(client) = &client {
            let mut clients = self.clients();
            let under_way = clients.entry(client.clone()).or_default();
            if *under_way >= self.per_client {
                return Err(ApiError::new(
                    ProblemCode::TooMuchAtOnce,
                    format!(
                        "{under_way} of your uploads are under way; wait for one of them before you begin another"
                    ),
                ));
            }
            *under_way += 1;
        }
        Ok(Admission { budget: self.clone(), client, _request: request })
    }

    /// Memory to gather bytes in; `None` when there is none to spare.
    pub(super) fn buffer(&self) -> Option<OwnedSemaphorePermit> {
        self.buffers.clone().try_acquire_owned().ok()
    }

    fn clients(&self) -> std::sync::MutexGuard<'_, HashMap<Vec<u8>, usize>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        let Some(client) = &self.client else { return };
        let mut clients = self.budget.clients();
        if let Some(under_way) = clients.get_mut(client) {
            *under_way -= 1;
            if *under_way == 0 {
                clients.remove(client);
            }
        }
    }
}

/// Whether a client may put one more upload, of `length` bytes, beside what it has in the spool.
pub(super) fn check_share(share: SpoolShare, length: u64) -> Result<(), ApiError> {
    if share.uploads < CLIENT_SPOOL_UPLOADS && share.bytes.saturating_add(length) <= CLIENT_SPOOL_BYTES {
        return Ok(());
    }
    Err(ApiError::new(
        ProblemCode::TooMuchAtOnce,
        format!(
            "{} of your uploads with {} bytes are unfinished or attached to nothing; finish, attach or delete some",
            share.uploads, share.bytes
        ),
    )
    .with_header("retry-after", RETRY_AFTER_SPOOL))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shopper(name: u8) -> Principal {
        Principal { role: Role::Shopper, owner: vec![name], scope: None, until: i64::MAX }
    }

    #[test]
    fn one_client_cannot_take_the_place_of_another() {
        let budget = Arc::new(Budget::new(BudgetLimits { requests: 10, per_client: 2 }));
        let _first = budget.admit(&shopper(1)).unwrap();
        let second = budget.admit(&shopper(1)).unwrap();
        let refused = budget.admit(&shopper(1)).err().unwrap();
        assert_eq!(refused.code(), ProblemCode::TooMuchAtOnce);
        let _other = budget.admit(&shopper(2)).unwrap();
        drop(second);
        budget.admit(&shopper(1)).unwrap();
        assert_eq!(budget.requests.available_permits(), 8, "a refusal takes no place");
    }

    #[test]
    fn a_service_is_held_to_the_limit_of_all_only() {
        let budget = Arc::new(Budget::new(BudgetLimits { requests: 3, per_client: 1 }));
        let service = Principal { role: Role::Service, ..shopper(1) };
        let _under_way: Vec<_> = (0..3).map(|_| budget.admit(&service).unwrap()).collect();
        assert_eq!(budget.admit(&service).err().unwrap().code(), ProblemCode::Busy);
    }

    #[test]
    fn the_buffers_of_all_uploads_are_64_mib() {
        let budget = Budget::new(BudgetLimits { requests: 1, per_client: 1 });
        let taken: Vec<_> = std::iter::from_fn(|| budget.buffer()).collect();
        assert_eq!(taken.len() * WRITE_BUFFER, 64 * 1024 * 1024);
    }

    #[test]
    fn a_spool_is_full_by_bytes_or_by_number() {
        assert!(check_share(SpoolShare { uploads: 999, bytes: 0 }, 1).is_ok());
        assert!(check_share(SpoolShare { uploads: 1000, bytes: 0 }, 1).is_err());
        assert!(check_share(SpoolShare { uploads: 1, bytes: CLIENT_SPOOL_BYTES }, 0).is_ok());
        assert!(check_share(SpoolShare { uploads: 1, bytes: CLIENT_SPOOL_BYTES }, 1).is_err());
    }
}
