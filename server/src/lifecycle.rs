//! When evidence and returns change their status. Pure: statuses in, statuses out.
//!
//! Not responsible for storing a status or telling anybody: [`crate::store`] does both in one transaction.

use clearshot_protocol::api::{EventKind, EvidenceStatus, ReturnStatus};

/// What happens to a piece of evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EvidenceStep {
    /// Its first bytes are durable.
    Begin,
    /// The shopper took the unfinished upload back.
    Withdraw,
    /// All its bytes came and are not those that were declared: they are to be sent again.
    Fail,
    /// All its bytes are durable and have the declared digest.
    Complete,
    /// The re-check has begun, or begins again after a restart.
    Verify,
    /// The re-check is content.
    Accept,
    /// It cannot be evidence.
    Reject,
    /// A person must look at it.
    Quarantine,
    /// An accepted retake takes its place.
    Supersede,
}

impl EvidenceStep {
    #[cfg(test)]
    const ALL: [Self; 9] = [
        Self::Begin,
        Self::Withdraw,
        Self::Fail,
        Self::Complete,
        Self::Verify,
        Self::Accept,
        Self::Reject,
        Self::Quarantine,
        Self::Supersede,
    ];

    /// The event that reports it; steps that nobody waits for have none.
    pub(crate) fn event(self) -> Option<EventKind> {
        match self {
            Self::Begin => Some(EventKind::EvidenceUploading),
            Self::Fail => Some(EventKind::EvidenceUploadFailed),
            Self::Complete => Some(EventKind::EvidenceReceived),
            Self::Accept => Some(EventKind::EvidenceAccepted),
            Self::Reject => Some(EventKind::EvidenceRejected),
            Self::Quarantine => Some(EventKind::EvidenceQuarantined),
            Self::Supersede => Some(EventKind::EvidenceSuperseded),
            Self::Withdraw | Self::Verify => None,
        }
    }
}

/// The status after a step; `None` where the step cannot be.
pub(crate) fn after(status: EvidenceStatus, step: EvidenceStep) -> Option<EvidenceStatus> {
    use EvidenceStatus as S;
    use EvidenceStep as Step;
    match (status, step) {
        (S::Announced, Step::Begin) => Some(S::Uploading),
        (S::Announced | S::Uploading, Step::Withdraw) | (S::Uploading, Step::Fail) => Some(S::Announced),
        (S::Uploading, Step::Complete) => Some(S::Received),
        (S::Received | S::Verifying, Step::Verify) => Some(S::Verifying),
        (S::Verifying, Step::Accept) => Some(S::Accepted),
        // While uploading: the bytes never had the declared digest, or the return takes none any more.
        (S::Uploading | S::Verifying, Step::Reject) => Some(S::Rejected),
        (S::Verifying, Step::Quarantine) => Some(S::Quarantined),
        // A rejected photo stays rejected, so that the phone never takes it for one that arrived.
        (S::Accepted | S::Quarantined, Step::Supersede) => Some(S::Superseded),
        _ => None,
    }
}

/// Whether a return takes evidence. Once it is declined, closed, cancelled or expired nobody would look at it. An approved
/// one takes what is still on its way: it belongs to the record of what was approved.
pub(crate) fn takes_evidence(status: ReturnStatus) -> bool {
    match status {
        ReturnStatus::Draft
        | ReturnStatus::Submitted
        | ReturnStatus::EvidencePending
        | ReturnStatus::InReview
        | ReturnStatus::MoreEvidenceRequested
        | ReturnStatus::Approved => true,
        ReturnStatus::Declined | ReturnStatus::Closed | ReturnStatus::Cancelled | ReturnStatus::Expired => {
            false
        }
    }
}

/// Where a return stands, given where it stood and the status of all its evidence.
///
/// It waits while anything is on its way or being checked. Then it is ready for a person as soon as there is
/// something to look at; what was only announced, or rejected, does not hold it up. What an agent or the shopper has
/// decided is not touched.
pub(crate) fn return_status(
    current: ReturnStatus,
    evidence: impl IntoIterator<Item = EvidenceStatus>,
) -> ReturnStatus {
    use EvidenceStatus as S;
    match current {
        ReturnStatus::Submitted
        | ReturnStatus::EvidencePending
        | ReturnStatus::InReview
        | ReturnStatus::MoreEvidenceRequested => {}
        decided => return decided,
    }
    let (mut any, mut on_its_way, mut to_look_at) = (false, false, false);
    for status in evidence {
        any = true;
        match status {
            S::Uploading | S::Received | S::Verifying => on_its_way = true,
            S::Accepted | S::Quarantined => to_look_at = true,
            S::Announced | S::Rejected | S::Superseded => {}
        }
    }
    if on_its_way {
        ReturnStatus::EvidencePending
    } else if current == ReturnStatus::MoreEvidenceRequested {
        current
    } else if to_look_at {
        ReturnStatus::InReview
    } else if any {
        ReturnStatus::EvidencePending
    } else {
        current
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    fn statuses() -> impl Strategy<Value = Vec<EvidenceStatus>> {
        prop::collection::vec(select(EvidenceStatus::ALL), 0..12)
    }

    proptest! {
        #[test]
        fn evidence_that_was_settled_is_never_open_again(
            steps in prop::collection::vec(select(EvidenceStep::ALL.to_vec()), 0..40),
        ) {
            let settled = |status| {
                use EvidenceStatus::{Accepted, Quarantined, Rejected, Superseded};
                matches!(status, Accepted | Quarantined | Rejected | Superseded)
            };
            let mut status = EvidenceStatus::Announced;
            for step in steps {
                let next = after(status, step).unwrap_or(status);
                prop_assert!(!settled(status) || settled(next), "{status} → {next}");
                prop_assert!(status != EvidenceStatus::Rejected || next == EvidenceStatus::Rejected);
                status = next;
            }
        }

        #[test]
        fn evidence_is_accepted_only_after_its_bytes_were_received_and_checked(
            steps in prop::collection::vec(select(EvidenceStep::ALL.to_vec()), 0..40),
        ) {
            let mut status = EvidenceStatus::Announced;
            let mut seen = vec![status];
            for step in steps {
                status = after(status, step).unwrap_or(status);
                seen.push(status);
            }
            if seen.contains(&EvidenceStatus::Accepted) {
                let first = |wanted| seen.iter().position(|status| *status == wanted).unwrap();
                prop_assert!(first(EvidenceStatus::Received) < first(EvidenceStatus::Verifying));
                prop_assert!(first(EvidenceStatus::Verifying) < first(EvidenceStatus::Accepted));
            }
        }

        #[test]
        fn a_return_is_in_review_only_when_nothing_is_on_its_way(evidence in statuses()) {
            let status = return_status(ReturnStatus::Submitted, evidence.iter().copied());
            if status == ReturnStatus::InReview {
                use EvidenceStatus::{Received, Uploading, Verifying};
                prop_assert!(!evidence.iter().any(|one| matches!(one, Uploading | Received | Verifying)));
            }
        }

        #[test]
        fn the_status_does_not_depend_on_the_order_of_the_evidence(evidence in statuses()) {
            let forward = return_status(ReturnStatus::InReview, evidence.iter().copied());
            let backward = return_status(ReturnStatus::InReview, evidence.iter().rev().copied());
            prop_assert_eq!(forward, backward);
        }

        #[test]
        fn what_was_decided_stays_decided(
            evidence in statuses(),
            decided in select(vec![
                ReturnStatus::Draft, ReturnStatus::Approved, ReturnStatus::Declined, ReturnStatus::Closed,
                ReturnStatus::Cancelled, ReturnStatus::Expired,
            ]),
        ) {
            prop_assert_eq!(return_status(decided, evidence), decided);
        }
    }

    #[test]
    fn a_return_goes_from_submitted_over_pending_to_review_and_back_when_more_arrives() {
        use EvidenceStatus::{Accepted, Announced, Rejected, Uploading};
        let pending = return_status(ReturnStatus::Submitted, [Announced]);
        assert_eq!(pending, ReturnStatus::EvidencePending);
        let review = return_status(pending, [Accepted, Rejected]);
        assert_eq!(review, ReturnStatus::InReview);
        assert_eq!(return_status(review, [Accepted, Uploading]), ReturnStatus::EvidencePending);
        assert_eq!(return_status(pending, [Rejected]), ReturnStatus::EvidencePending);
    }
}
