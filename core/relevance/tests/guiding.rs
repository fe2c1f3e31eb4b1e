//! A model beside the live picture: what the shopper is told when it sees this or that, and how calmly.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::sync::Arc;
use std::time::Duration;

use clearshot_analysis::{
    ActivationMap, Aim, FrameContext, Guide, GuidePolicy, Hint, LiveView, LumaPlane, Policy, Region,
    Relevance, RelevanceLimits, Scores, Sighting, SightingError, Subject, SubjectModel,
};
use clearshot_relevance::{Schedule, SubjectWatch, ThermalState};

const WIDTH: usize = 320;
const HEIGHT: usize = 240;
const FPS: u32 = 15;
/// How long every scene lasts.
const SCENE: Duration = Duration::from_secs(4);
/// How long a look takes.
const LOOK: Duration = Duration::from_millis(20);

/// A scene: of what it is, and where that lies.
type Scene = (Subject, Region);

const MIDDLE: Region = Region { x: 0.25, y: 0.25, width: 0.5, height: 0.5 };
const ASIDE: Region = Region { x: 0.06, y: 0.06, width: 0.3, height: 0.3 };
const SMALL: Region = Region { x: 0.45, y: 0.45, width: 0.1, height: 0.1 };
const LEAVING: Region = Region { x: 0.0, y: 0.25, width: 0.4, height: 0.5 };

/// Reads from the first pixel which scene it is shown.
struct Knowing(&'static [Scene]);

impl SubjectModel for Knowing {
    fn look(&self, picture: &LumaPlane<'_>) -> Result<Sighting, SightingError> {
        let (subject, region) = self.0[usize::from(picture.luma().row(0)[0])];
        let within = |cell: usize, start: f64, extent: f64| {
            let middle = (cell as f64 + 0.5) / 10.0;
            (start..=start + extent).contains(&middle)
        };
        let cells: Vec<f32> = (0..100)
            .map(|cell| {
                let is_in =
                    within(cell % 10, region.x, region.width) && within(cell / 10, region.y, region.height);
                if is_in { 0.9 } else { 0.05 }
            })
            .collect();
        Ok(Sighting {
            relevance: Relevance::new(Scores::new([(subject, 0.95), (Subject::Animal, 0.05)])),
            map: ActivationMap::new(10, 10, &cells).unwrap().with_subject(Some(region)),
            limits: RelevanceLimits { product: 0.3, document: 0.3 },
        })
    }

    fn sha256(&self) -> &'static str {
        "00"
    }

    fn version(&self) -> u32 {
        1
    }
}

/// A sharp, well-lit chequered frame that says in its first pixel which scene it is.
fn frame(scene: usize) -> Vec<u8> {
    let checks = (0..WIDTH * HEIGHT)
        .map(|at| if (at % WIDTH / 12 + at / WIDTH / 12).is_multiple_of(2) { 190 } else { 70 });
    let mut luma: Vec<u8> = checks.collect();
    luma[0] = scene as u8;
    luma
}

/// The hints that are shown for these scenes one after the other, each as often as it comes anew.
fn shown(scenes: &'static [Scene], aim: Aim) -> Vec<Hint> {
    let mut watch = SubjectWatch::new(Some(Arc::new(Knowing(scenes))), Schedule::default());
    let mut live = LiveView::new(Guide::new(GuidePolicy::default()));
    // This model's map tells where a subject ends.
    let policy = Policy { map_edge_from: 0.8, ..Policy::default() };
    let mut hints = Vec::new();
    for at in 0..SCENE.as_secs() as u32 * FPS * scenes.len() as u32 {
        let now = Duration::from_secs(1) * at / FPS;
        let luma = frame((now.as_secs() / SCENE.as_secs()) as usize);
        let plane = LumaPlane::new(&luma, WIDTH, HEIGHT, WIDTH, 1).unwrap();
        let sighting = watch.advance(&plane, now, ThermalState::Nominal, || now + LOOK);
        let context = FrameContext { aim, sighting, ..FrameContext::default() };
        hints.extend(live.advance(&plane, &context, &policy, now).unwrap().guidance.hint);
    }
    hints.dedup();
    hints
}

#[test]
fn each_scene_has_its_hint_and_none_flickers() {
    let scenes = &[
        (Subject::Surface, MIDDLE),
        (Subject::Person, MIDDLE),
        (Subject::Screen, MIDDLE),
        (Subject::Product, LEAVING),
        (Subject::Product, SMALL),
        (Subject::Product, ASIDE),
        (Subject::Product, MIDDLE),
    ];
    let expected = [
        Hint::NoSubject,
        Hint::WrongSubject,
        Hint::Screen,
        Hint::CutOff,
        Hint::TooFar,
        Hint::OffCentre,
        Hint::Good,
    ];
    assert_eq!(shown(scenes, Aim::Overview), expected);
}

#[test]
fn a_document_is_what_a_label_shot_wants_and_no_other() {
    let scenes = &[(Subject::Document, MIDDLE)];
    assert_eq!(shown(scenes, Aim::Label), [Hint::Good]);
    assert_eq!(shown(scenes, Aim::Overview), [Hint::WrongSubject]);
    assert_eq!(shown(&[(Subject::Product, MIDDLE)], Aim::Label), [Hint::WrongSubject], "surely no label");
}

#[test]
fn two_scenes_that_take_turns_faster_than_anybody_reads_change_the_hint_rarely() {
    let mut watch = SubjectWatch::new(
        Some(Arc::new(Knowing(&[(Subject::Person, MIDDLE), (Subject::Product, MIDDLE)]))),
        Schedule::default(),
    );
    let mut live = LiveView::new(Guide::new(GuidePolicy::default()));
    let mut hints = Vec::new();
    for at in 0..20 * FPS {
        let now = Duration::from_secs(1) * at / FPS;
        let luma = frame((at / 4 % 2) as usize);
        let plane = LumaPlane::new(&luma, WIDTH, HEIGHT, WIDTH, 1).unwrap();
        let sighting = watch.advance(&plane, now, ThermalState::Nominal, || now + LOOK);
        let context = FrameContext { aim: Aim::Overview, sighting, ..FrameContext::default() };
        hints.extend(live.advance(&plane, &context, &Policy::default(), now).unwrap().guidance.hint);
    }
    let changes = hints.windows(2).filter(|pair| pair[0] != pair[1]).count();
    assert!(changes <= 2, "{changes} changes in 20 seconds");
}
