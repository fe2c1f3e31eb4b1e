//! Which photos a return reason calls for.

use clearshot_protocol::api::{ReturnReason, ShotRole};

/// One slot of a shot list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShotTemplate {
    /// What the photo should show. A `defect` is linked to the `overview` of the same item.
    pub role: ShotRole,
    /// Whether the return is incomplete without it.
    pub required: bool,
}

const fn needed(role: ShotRole) -> ShotTemplate {
    ShotTemplate { role, required: true }
}

const fn welcome(role: ShotRole) -> ShotTemplate {
    ShotTemplate { role, required: false }
}

/// The shots of an item that comes back for `reason`, in the order of taking them. More can be added to a session
/// ([`crate::CaptureStore::add_shot`]), such as one for every further defect.
pub const fn shot_list(reason: ReturnReason) -> &'static [ShotTemplate] {
    use ShotRole::{Defect, Label, Overview, Packaging, Serial};
    match reason {
        // A carrier pays only for damage in transit that the parcel shows, too.
        ReturnReason::Damaged => {
            const { &[needed(Overview), needed(Defect), needed(Packaging), welcome(Label)] }
        }
        // A warranty claim names the piece.
        ReturnReason::Defective => const { &[needed(Overview), needed(Defect), welcome(Serial)] },
        // The label says what the warehouse believed to send.
        ReturnReason::WrongItem => const { &[needed(Overview), needed(Label)] },
        ReturnReason::MissingParts => const { &[needed(Overview), needed(Packaging)] },
        ReturnReason::NotAsDescribed => const { &[needed(Overview), needed(Defect)] },
        ReturnReason::Unwanted => const { &[needed(Overview)] },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_begins_with_the_overview_that_a_defect_is_linked_to() {
        for reason in ReturnReason::ALL {
            assert_eq!(shot_list(*reason)[0], needed(ShotRole::Overview), "{reason}");
        }
    }

    #[test]
    fn a_damaged_item_needs_its_defect_and_its_packaging() {
        let needed: Vec<_> = shot_list(ReturnReason::Damaged)
            .iter()
            .filter(|shot| shot.required)
            .map(|shot| shot.role)
            .collect();
        assert_eq!(needed, [ShotRole::Overview, ShotRole::Defect, ShotRole::Packaging]);
    }
}
