//! `errors.json`: calls that must fail, and the code, reason and advice of each.

use clearshot_ffi::{CaptureError, FrameAnalyzer, ModelStore, check_config, panic_on_purpose};
use serde_json::{Value, json};

use crate::files::Fixture;
use crate::frames::{chroma_layout, context, layout};
use crate::json;

/// The fixture with the error that each call ends in.
pub(crate) fn played(fixture: &Fixture) -> Value {
    let cases = fixture.cases("cases").iter().map(|case| {
        let mut case = case.clone();
        case["expect"] = json::error(&call(&case).expect_err(case["name"].as_str().unwrap()));
        case
    });
    fixture.with_cases("cases", cases.collect())
}

fn call(case: &Value) -> Result<(), CaptureError> {
    let text = |name: &str| case[name].as_str().expect(name).to_owned();
    let zeros = |name: &str| vec![0; case[name].as_u64().expect(name) as usize];
    let context = context(&json!({"taken_ns": 0}));
    match case["call"].as_str().unwrap() {
        "analyze" => {
            let analyzer = FrameAnalyzer::new(None, None)?;
            if case["closed"] == true {
                analyzer.close()?;
            }
            analyzer.analyze(layout(&case["layout"]), &zeros("luma_bytes"), context).map(drop)
        }
        "analyze_color" => {
            let (u, v) = (zeros("u_bytes"), zeros("v_bytes"));
            let chroma = chroma_layout(&case["chroma"]);
            FrameAnalyzer::new(None, None)?
                .analyze_color(layout(&case["layout"]), &zeros("luma_bytes"), chroma, &u, &v, context)
                .map(drop)
        }
        "analyzer" => FrameAnalyzer::new(Some(text("config")), None).map(drop),
        "check_config" => check_config(Some(text("config"))).map(drop),
        "offer" => ModelStore::bundled()?
            .offer(text("update").as_bytes(), text("key"), text("app_version"))
            .map(drop),
        "panic" => panic_on_purpose(),
        other => panic!("no such call: {other}"),
    }
}
