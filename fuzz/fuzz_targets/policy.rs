//! Any text is a policy that analysis can work with, or a typed error.
#![no_main]

use clearshot_analysis::{FrameContext, FrameScratch, GuidePolicy, LumaPlane, Policy, analyse_frame};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(policy) = serde_json::from_str::<GuidePolicy>(text) {
        policy.validate().expect("reading checks");
    }
    let Ok(policy) = Policy::from_json(text) else { return };
    let again = Policy::from_json(&policy.canonical_json()).expect("what was written reads back");
    assert_eq!((again.hash(), &again), (policy.hash(), &policy));
    let data: Vec<u8> = (0..64 * 48).map(|index: u32| (index * index / 7 % 256) as u8).collect();
    let Ok(plane) = LumaPlane::new(&data, 64, 48, 64, 1) else { return };
    let report = analyse_frame(&plane, &FrameContext::default(), &policy, &mut FrameScratch::default());
    assert!(report.is_ok());
});
