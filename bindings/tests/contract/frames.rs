//! `frames.json`: single frames, each given to an analyser of its own.

use clearshot_ffi::{
    ChromaLayout, FocusState, FrameAnalyzer, FrameContext, FrameLayout, FrameLook, Gravity, LumaRange,
    ModelStore, Region, ShotRole, ThermalState,
};
use serde_json::Value;

use crate::files::{self, Fixture};
use crate::json;

/// The fixture with what the facade says of each frame.
pub(crate) fn played(fixture: &Fixture) -> Value {
    let models = ModelStore::bundled().unwrap();
    let played = fixture.cases("frames").iter().map(|case| {
        let models = case["model"].as_bool().unwrap().then(|| models.clone());
        let config = (!case["config"].is_null()).then(|| case["config"].to_string());
        let analyzer = FrameAnalyzer::new(config, models).unwrap();
        let context = context(&case["context"]);
        if let Some(role) = role(&case["role"]) {
            analyzer.begin_shot(role, 0, context.taken_ns).unwrap();
        }
        let look = analyze(&analyzer, case, context);
        let mut case = case.clone();
        case["expect"] = json::report(&look.report);
        case
    });
    fixture.with_cases("frames", played.collect())
}

/// Gives the frame of a case to an analyser.
pub(crate) fn analyze(analyzer: &FrameAnalyzer, case: &Value, context: FrameContext) -> FrameLook {
    let luma = files::bytes(case["luma"].as_str().unwrap());
    let (layout, chroma) = (layout(&case["layout"]), &case["chroma"]);
    if chroma.is_null() {
        return analyzer.analyze(layout, &luma, context).unwrap();
    }
    let plane = |name: &str| {
        let from = chroma[name]["offset"].as_u64().unwrap() as usize;
        files::bytes(chroma[name]["file"].as_str().unwrap()).split_off(from)
    };
    analyzer
        .analyze_color(layout, &luma, chroma_layout(&chroma["layout"]), &plane("u"), &plane("v"), context)
        .unwrap()
}

pub(crate) fn layout(json: &Value) -> FrameLayout {
    FrameLayout {
        width: number(json, "width"),
        height: number(json, "height"),
        row_stride: number(json, "row_stride"),
        pixel_stride: number(json, "pixel_stride"),
        range: if json["range"] == "limited" { LumaRange::Limited } else { LumaRange::Full },
        rotation_degrees: json["rotation_degrees"].as_i64().unwrap() as i32,
    }
}

pub(crate) fn chroma_layout(json: &Value) -> ChromaLayout {
    ChromaLayout {
        width: number(json, "width"),
        height: number(json, "height"),
        row_stride: number(json, "row_stride"),
        pixel_stride: number(json, "pixel_stride"),
    }
}

/// A context of the fields that the file names.
pub(crate) fn context(json: &Value) -> FrameContext {
    let real = |name: &str| json[name].as_f64();
    let part = |json: &Value, name: &str| json[name].as_f64().unwrap();
    let gravity =
        json.get("gravity").map(|it| Gravity { x: part(it, "x"), y: part(it, "y"), z: part(it, "z") });
    let region = json.get("region").map(|it| Region {
        x: part(it, "x"),
        y: part(it, "y"),
        width: part(it, "width"),
        height: part(it, "height"),
    });
    FrameContext {
        taken_ns: json["taken_ns"].as_u64().unwrap(),
        exposure_time_s: real("exposure_time_s"),
        iso: real("iso"),
        aperture: real("aperture"),
        gyro_rate: real("gyro_rate"),
        gravity,
        focus: named(FocusState::ALL, &json["focus"]),
        min_focus_m: real("min_focus_m"),
        torch: json["torch"].as_bool(),
        region,
        thermal: named(ThermalState::ALL, &json["thermal"]),
    }
}

pub(crate) fn role(json: &Value) -> Option<ShotRole> {
    named(ShotRole::ALL, json)
}

/// The variant with this name; none for null.
pub(crate) fn named<T: Copy + std::fmt::Debug>(all: &[T], name: &Value) -> Option<T> {
    let found = all.iter().copied().find(|&variant| json::word(variant) == *name);
    assert!(found.is_some() || name.is_null(), "{name} is not known");
    found
}

fn number(json: &Value, name: &str) -> u32 {
    json[name].as_u64().and_then(|value| value.try_into().ok()).expect(name)
}
