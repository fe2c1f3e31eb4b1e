//! The model beside a camera's preview: looks at some frames, and remembers for a while what it saw.
//!
//! What it saw goes into the context of every frame until the next look
//! ([`FrameContext::sighting`](clearshot_analysis::FrameContext::sighting)), so that the guide hears of it as of any
//! finding. Two ways to run it: [`SubjectWatch::advance`] looks at once, in the thread that has the frame; for a look in
//! another thread, [`SubjectWatch::begin`] says when, and [`SubjectWatch::finish`] takes the answer.
//!
//! Not responsible for which frames are looked at ([`Schedule`]), for threads and for the clock.

use std::sync::Arc;
use std::time::Duration;

use clearshot_analysis::{LumaPlane, Sighting, SightingError, SubjectModel};

use crate::schedule::{Schedule, ThermalState};

/// How long after its frame a sighting is used: the schedule's longest gap of 2 s and half a second for a slow look, so
/// that hints do not come and go between two looks. What is older says nothing of where the camera points now.
pub const SIGHTING_KEPT: Duration = Duration::from_millis(2_500);

/// A model, when it looks, and what it saw last. Without a model it never sees anything.
#[derive(Debug)]
pub struct SubjectWatch {
    model: Option<Arc<dyn SubjectModel>>,
    schedule: Schedule,
    last: Option<Seen>,
    /// Whether the look under way is of what was to be forgotten.
    is_outdated: bool,
    failure: Option<SightingError>,
}

/// What was seen, and when its frame was taken.
#[derive(Debug, Clone, Copy)]
struct Seen {
    sighting: Sighting,
    taken: Duration,
}

impl SubjectWatch {
    /// Begins without having seen anything.
    pub fn new(model: Option<Arc<dyn SubjectModel>>, schedule: Schedule) -> Self {
        Self { model, schedule, last: None, is_outdated: false, failure: None }
    }

    /// Takes the next frame, looks at it if it is time, and says what is known of the subject. `now` is when the frame was
    /// taken, since any fixed moment; `clock` tells the same time once the look is over, so that the schedule learns how
    /// long it took. It is not asked when there was no look.
    pub fn advance(
        &mut self,
        plane: &LumaPlane<'_>,
        now: Duration,
        thermal: ThermalState,
        clock: impl FnOnce() -> Duration,
    ) -> Option<Sighting> {
        if let Some(model) = self.begin(now, thermal) {
            let seen = model.look(plane);
            self.finish(now, clock(), seen);
        }
        self.sighting(now)
    }

    /// The model, if it should look at the frame of now. [`Self::finish`] must follow.
    pub fn begin(&mut self, now: Duration, thermal: ThermalState) -> Option<Arc<dyn SubjectModel>> {
        let model = self.model.as_ref()?;
        if !self.schedule.begin(now, thermal) {
            return None;
        }
        self.is_outdated = false;
        Some(Arc::clone(model))
    }

    /// The look is over: what the model said of the frame that was taken then, and the time now. An error leaves what was
    /// seen before.
    pub fn finish(&mut self, taken: Duration, now: Duration, seen: Result<Sighting, SightingError>) {
        self.schedule.finish(now);
        match seen {
            Ok(sighting) => {
                self.failure = None;
                if !self.is_outdated {
                    self.last = Some(Seen { sighting, taken });
                }
            }
            Err(error) => self.failure = Some(error),
        }
    }

    /// What the model saw in a frame of the last [`SIGHTING_KEPT`].
    pub fn sighting(&self, now: Duration) -> Option<Sighting> {
        let fresh = |seen: &Seen| now.checked_sub(seen.taken).is_some_and(|age| age <= SIGHTING_KEPT);
        self.last.filter(fresh).map(|seen| seen.sighting)
    }

    /// Forgets what was seen, and what a look that is under way will have seen: the next shot begins, or another camera.
    pub fn forget(&mut self) {
        self.last = None;
        self.is_outdated = true;
    }

    /// Why the last look gave no answer; for a log. None once one has.
    pub fn failure(&self) -> Option<&SightingError> {
        self.failure.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use clearshot_analysis::{ActivationMap, Relevance, RelevanceLimits, Scores, Subject};

    use super::*;

    /// Sees a product, and something else when it has looked as often as `fails_from`.
    struct Counting {
        looks: AtomicU32,
        fails_from: u32,
    }

    impl SubjectModel for Counting {
        fn look(&self, _: &LumaPlane<'_>) -> Result<Sighting, SightingError> {
            if self.looks.fetch_add(1, Ordering::Relaxed) >= self.fails_from {
                return Err(SightingError { source: "no answer".into() });
            }
            Ok(Sighting {
                relevance: Relevance::new(Scores::new([(Subject::Product, 1.0)])),
                map: ActivationMap::new(1, 1, &[1.0]).unwrap(),
                limits: RelevanceLimits { product: 0.5, document: 0.5 },
            })
        }

        fn sha256(&self) -> &'static str {
            "00"
        }

        fn version(&self) -> u32 {
            1
        }
    }

    const FPS: u32 = 30;

    fn watch(fails_from: u32) -> (Arc<Counting>, SubjectWatch) {
        let model = Arc::new(Counting { looks: AtomicU32::new(0), fails_from });
        (Arc::clone(&model), SubjectWatch::new(Some(model), Schedule::default()))
    }

    /// Ten seconds of frames, each look of which takes so long; in how many of them something is known.
    fn known(watch: &mut SubjectWatch, look: Duration, thermal: ThermalState) -> usize {
        let plane = LumaPlane::new(&[0], 1, 1, 1, 1).unwrap();
        let frames = (0..10 * FPS).map(|frame| Duration::from_secs(1) * frame / FPS);
        frames.filter(|&now| watch.advance(&plane, now, thermal, || now + look).is_some()).count()
    }

    #[test]
    fn a_few_looks_a_second_serve_every_frame() {
        let (model, mut watch) = watch(u32::MAX);
        assert_eq!(known(&mut watch, Duration::from_millis(5), ThermalState::Nominal), 300);
        assert!((40..=50).contains(&model.looks.load(Ordering::Relaxed)), "{:?}", model.looks);
    }

    #[test]
    fn a_slow_look_in_a_hot_phone_still_bridges_the_gap_to_the_next() {
        let (model, mut watch) = watch(u32::MAX);
        assert_eq!(known(&mut watch, Duration::from_millis(400), ThermalState::Serious), 300);
        assert!((4..=8).contains(&model.looks.load(Ordering::Relaxed)), "{:?}", model.looks);
    }

    #[test]
    fn what_was_seen_is_forgotten_after_a_while_and_at_once_when_the_clock_goes_back() {
        let (_, mut watch) = watch(1);
        let (second, plane) = (Duration::from_secs(1), LumaPlane::new(&[0], 1, 1, 1, 1).unwrap());
        assert!(watch.advance(&plane, 10 * second, ThermalState::Nominal, || 10 * second).is_some());
        assert!(watch.sighting(10 * second + SIGHTING_KEPT).is_some());
        assert!(watch.sighting(10 * second + SIGHTING_KEPT + Duration::from_millis(1)).is_none());
        assert!(watch.sighting(9 * second).is_none());
        watch.forget();
        assert!(watch.sighting(10 * second).is_none());
    }

    #[test]
    fn a_model_that_stops_answering_is_known_and_what_it_said_before_ages() {
        let (_, mut watch) = watch(1);
        let seen = known(&mut watch, Duration::ZERO, ThermalState::Nominal);
        assert_eq!(seen, 76, "the first look, and 2.5 s");
        assert_eq!(watch.failure().unwrap().source.to_string(), "no answer");
    }

    #[test]
    fn a_phone_that_is_too_hot_and_one_without_a_model_never_look() {
        let (model, mut watch) = watch(u32::MAX);
        assert_eq!(known(&mut watch, Duration::ZERO, ThermalState::Critical), 0);
        assert_eq!(model.looks.load(Ordering::Relaxed), 0);
        let mut without = SubjectWatch::new(None, Schedule::default());
        assert_eq!(known(&mut without, Duration::ZERO, ThermalState::Nominal), 0);
    }

    #[test]
    fn a_look_in_another_thread_is_one_at_a_time_and_counts_from_its_frame() {
        let (_, mut watch) = watch(u32::MAX);
        let (second, plane) = (Duration::from_secs(1), LumaPlane::new(&[0], 1, 1, 1, 1).unwrap());
        let model = watch.begin(second, ThermalState::Nominal).unwrap();
        assert!(watch.begin(2 * second, ThermalState::Nominal).is_none(), "one is under way");
        watch.finish(second, 3 * second, model.look(&plane));
        assert!(watch.sighting(3 * second).is_some());
        assert!(watch.sighting(second + SIGHTING_KEPT + Duration::from_millis(1)).is_none());
    }

    #[test]
    fn a_look_that_was_under_way_when_all_was_forgotten_tells_nothing_of_the_next_shot() {
        let (_, mut watch) = watch(u32::MAX);
        let (second, plane) = (Duration::from_secs(1), LumaPlane::new(&[0], 1, 1, 1, 1).unwrap());
        let model = watch.begin(second, ThermalState::Nominal).unwrap();
        watch.forget();
        watch.finish(second, second, model.look(&plane));
        assert!(watch.sighting(second).is_none());
        assert!(watch.advance(&plane, 3 * second, ThermalState::Nominal, || 3 * second).is_some());
    }
}
