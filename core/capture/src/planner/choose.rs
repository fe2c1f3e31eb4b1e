//! Whose turn it is: a pure function of what waits, the network and the time.

use std::time::Duration;

use clearshot_protocol::{CaptureId, Timestamp};

use super::clock::TOLERANCE;
use crate::config::{MeteredPolicy, StoreConfig};
use crate::plan::{Conditions, WaitReason};
use crate::queue::CaptureState;

/// A capture that has something left to do.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    pub(crate) capture: CaptureId,
    pub(crate) state: CaptureState,
    pub(crate) metered: MeteredPolicy,
    pub(crate) saved_at: Timestamp,
    pub(crate) next_at: Option<Timestamp>,
    pub(crate) leased_until: Option<Timestamp>,
    /// Whether the lease is that of a sender who lives, as far as anybody can tell.
    pub(crate) has_sender: bool,
}

/// What stops the whole queue.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Pause {
    pub(crate) unauthorised: bool,
    pub(crate) quiet_until: Option<Timestamp>,
    /// As many steps are out as may be.
    pub(crate) hands_full: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Choice {
    Lease(CaptureId),
    Wait { until: Option<Timestamp>, reason: WaitReason },
    Done,
}

/// Chooses among `candidates`, which come in the order of taking. Sending goes before asking whether what was sent is
/// accepted: bytes that are still here can be lost.
pub(crate) fn choose(
    candidates: &[Candidate],
    conditions: Conditions,
    pause: Pause,
    now: Timestamp,
    config: &StoreConfig,
) -> Choice {
    if candidates.is_empty() {
        return Choice::Done;
    }
    if !conditions.online {
        return Choice::Wait { until: None, reason: WaitReason::Offline };
    }
    if pause.unauthorised {
        return Choice::Wait { until: None, reason: WaitReason::Unauthorised };
    }
    if let Some(until) = pause.quiet_until.filter(|until| in_force(*until, now, config.stall_after)) {
        return Choice::Wait { until: Some(until), reason: WaitReason::BackOff };
    }
    if pause.hands_full {
        return Choice::Wait { until: None, reason: WaitReason::Leased };
    }
    let mut first_free = None;
    let mut shortest: Option<(Option<Timestamp>, WaitReason)> = None;
    for candidate in candidates {
        match obstacle(candidate, conditions, now, config) {
            None if candidate.state == CaptureState::Uploaded => {
                first_free.get_or_insert(candidate.capture);
            }
            None => return Choice::Lease(candidate.capture),
            Some(wait) => {
                let until = |wait: &(Option<Timestamp>, WaitReason)| wait.0.unwrap_or(Timestamp::MAX);
                if shortest.as_ref().is_none_or(|shortest| until(&wait) < until(shortest)) {
                    shortest = Some(wait);
                }
            }
        }
    }
    match (first_free, shortest) {
        (Some(capture), _) => Choice::Lease(capture),
        (None, Some((until, reason))) => Choice::Wait { until, reason },
        (None, None) => Choice::Done,
    }
}

/// How many steps are out with senders who live.
pub(crate) fn under_way(candidates: &[Candidate], now: Timestamp, config: &StoreConfig) -> usize {
    candidates.iter().filter(|it| it.has_sender && lease_end(it, now, config).is_some()).count()
}

/// Why this capture has to wait, and until when.
fn obstacle(
    candidate: &Candidate,
    conditions: Conditions,
    now: Timestamp,
    config: &StoreConfig,
) -> Option<(Option<Timestamp>, WaitReason)> {
    let verifying = candidate.state == CaptureState::Uploaded;
    if let Some(until) = lease_end(candidate, now, config) {
        return Some((Some(until), WaitReason::Leased));
    }
    if let Some(until) = candidate.next_at.filter(|until| in_force(*until, now, config.stall_after)) {
        return Some((Some(until), if verifying { WaitReason::Verifying } else { WaitReason::BackOff }));
    }
    // Asking for the server's word is a few hundred bytes.
    if !conditions.metered || verifying {
        return None;
    }
    match candidate.metered {
        MeteredPolicy::Any => None,
        MeteredPolicy::Unmetered => Some((None, WaitReason::Metered)),
        MeteredPolicy::UnmeteredThenAny => {
            let until = later(candidate.saved_at, config.unmetered_patience);
            in_force(until, now, config.unmetered_patience).then_some((Some(until), WaitReason::Metered))
        }
    }
}

/// When the lease of a capture ends, where it has one that holds.
fn lease_end(candidate: &Candidate, now: Timestamp, config: &StoreConfig) -> Option<Timestamp> {
    candidate.leased_until.filter(|until| in_force(*until, now, config.lease))
}

/// Whether a wait still holds. One that is further away than any that is ever set was set by a clock that ran ahead,
/// and would hold for ever; [`super::clock`] cuts it to what it may be, and this traps nobody should that have failed.
fn in_force(until: Timestamp, now: Timestamp, longest: Duration) -> bool {
    now < until && until <= later(later(now, longest), TOLERANCE)
}

/// `at` and so much later, or the end of time.
pub(crate) fn later(at: Timestamp, by: Duration) -> Timestamp {
    at.saturating_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn candidate(second: i64) -> Candidate {
        Candidate {
            capture: CaptureId::mint(at(second)),
            state: CaptureState::Queued,
            metered: MeteredPolicy::Any,
            saved_at: at(second),
            next_at: None,
            leased_until: None,
            has_sender: false,
        }
    }

    fn chosen(candidates: &[Candidate], conditions: Conditions, now: i64) -> Choice {
        choose(candidates, conditions, Pause::default(), at(now), &StoreConfig::default())
    }

    const METERED: Conditions = Conditions { online: true, metered: true };

    #[test]
    fn nothing_to_send_is_done_even_offline() {
        assert_eq!(chosen(&[], Conditions::OFFLINE, 0), Choice::Done);
    }

    #[test]
    fn the_first_taken_goes_first_and_sending_goes_before_asking() {
        let (mut sent, waiting) = (candidate(0), candidate(1));
        sent.state = CaptureState::Uploaded;
        let all = [sent.clone(), waiting.clone(), candidate(2)];
        assert_eq!(chosen(&all, Conditions::UNMETERED, 5), Choice::Lease(waiting.capture));
        assert_eq!(chosen(&all[..1], Conditions::UNMETERED, 5), Choice::Lease(sent.capture));
    }

    #[test]
    fn a_back_off_lets_neighbours_go_first_and_is_waited_for_when_alone() {
        let (mut failing, neighbour) = (candidate(0), candidate(1));
        failing.next_at = Some(at(60));
        assert_eq!(
            chosen(&[failing.clone(), neighbour.clone()], Conditions::UNMETERED, 5),
            Choice::Lease(neighbour.capture)
        );
        let wait = Choice::Wait { until: Some(at(60)), reason: WaitReason::BackOff };
        assert_eq!(chosen(&[failing.clone()], Conditions::UNMETERED, 5), wait);
        assert_eq!(chosen(&[failing.clone()], Conditions::UNMETERED, 60), Choice::Lease(failing.capture));
    }

    #[test]
    fn a_lease_holds_until_it_ends() {
        let mut leased = candidate(0);
        leased.leased_until = Some(at(600));
        let wait = Choice::Wait { until: Some(at(600)), reason: WaitReason::Leased };
        assert_eq!(chosen(&[leased.clone()], Conditions::UNMETERED, 1), wait);
        assert_eq!(chosen(&[leased.clone()], Conditions::UNMETERED, 600), Choice::Lease(leased.capture));
    }

    #[test]
    fn a_metered_network_is_used_as_the_capture_allows() {
        let mut capture = candidate(0);
        capture.metered = MeteredPolicy::Unmetered;
        let never = Choice::Wait { until: None, reason: WaitReason::Metered };
        assert_eq!(chosen(&[capture.clone()], METERED, 1_000_000), never);
        assert_eq!(chosen(&[capture.clone()], Conditions::UNMETERED, 1), Choice::Lease(capture.capture));

        capture.metered = MeteredPolicy::UnmeteredThenAny;
        let two_hours = Choice::Wait { until: Some(at(7_200)), reason: WaitReason::Metered };
        assert_eq!(chosen(&[capture.clone()], METERED, 1), two_hours);
        assert_eq!(chosen(&[capture.clone()], METERED, 7_200), Choice::Lease(capture.capture));
    }

    #[test]
    fn offline_a_refused_token_and_a_quiet_server_stop_everything() {
        let all = [candidate(0)];
        let config = StoreConfig::default();
        let offline = Choice::Wait { until: None, reason: WaitReason::Offline };
        assert_eq!(chosen(&all, Conditions::OFFLINE, 1), offline);
        let pause = Pause { unauthorised: true, ..Pause::default() };
        let unauthorised = Choice::Wait { until: None, reason: WaitReason::Unauthorised };
        assert_eq!(choose(&all, Conditions::UNMETERED, pause, at(1), &config), unauthorised);
        let pause = Pause { quiet_until: Some(at(9)), ..Pause::default() };
        let quiet = Choice::Wait { until: Some(at(9)), reason: WaitReason::BackOff };
        assert_eq!(choose(&all, Conditions::UNMETERED, pause, at(1), &config), quiet);
        assert_eq!(choose(&all, Conditions::UNMETERED, pause, at(9), &config), Choice::Lease(all[0].capture));
    }

    #[test]
    fn a_lease_holds_for_threads_that_asked_the_time_a_moment_before_it_was_given() {
        let mut leased = candidate(0);
        leased.leased_until = Some(at(600));
        let wait = Choice::Wait { until: Some(at(600)), reason: WaitReason::Leased };
        assert_eq!(chosen(&[leased], Conditions::UNMETERED, -1), wait);
    }

    #[test]
    fn a_clock_that_was_set_back_traps_nobody() {
        let mut capture = candidate(0);
        let year = 365 * 24 * 3_600;
        capture.next_at = Some(at(year));
        capture.leased_until = Some(at(year));
        assert_eq!(chosen(&[capture.clone()], Conditions::UNMETERED, 0), Choice::Lease(capture.capture));
    }
}
