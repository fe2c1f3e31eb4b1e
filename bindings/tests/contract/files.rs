//! The fixtures as files: read, compared, and written.

use std::path::PathBuf;

use serde_json::Value;

/// By how much a number may differ: reports are rounded to four decimals, so every machine that computes alike is far nearer.
const WITHIN: f64 = 1e-6;
/// The same for shares of the relevance model: its arithmetic depends on the processor.
const SHARES_WITHIN: f64 = 1e-3;

/// A file of `tests/contract`.
pub(crate) struct Fixture {
    name: &'static str,
    pub(crate) json: Value,
}

impl Fixture {
    pub(crate) fn read(name: &'static str) -> Self {
        let json = serde_json::from_slice(&bytes(name)).expect(name);
        Self { name, json }
    }

    /// The list of cases under this key.
    pub(crate) fn cases(&self, key: &str) -> &Vec<Value> {
        self.json[key].as_array().expect(key)
    }

    /// The fixture with other cases under this key.
    pub(crate) fn with_cases(&self, key: &str, cases: Vec<Value>) -> Value {
        let mut json = self.json.clone();
        json[key] = cases.into();
        json
    }

    /// Compares what was played with what the file expects.
    pub(crate) fn expect(&self, played: &Value) {
        let mut differences = Vec::new();
        compare(&self.json, played, self.name, &mut differences);
        assert!(differences.is_empty(), "{}", differences.join("\n"));
    }

    pub(crate) fn write(name: &str, json: &Value) {
        write(name, format!("{json:#}\n").as_bytes());
    }
}

/// The bytes of a file of `tests/contract`.
pub(crate) fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(path(name)).expect(name)
}

#[expect(clippy::disallowed_methods, reason = "a fixture need not survive a power cut")]
pub(crate) fn write(name: &str, bytes: &[u8]) {
    std::fs::write(path(name), bytes).expect(name);
}

fn path(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/contract")).join(name)
}

/// Collects what differs between two trees, numbers within their tolerance.
fn compare(expected: &Value, actual: &Value, at: &str, differences: &mut Vec<String>) {
    match (expected, actual) {
        (Value::Object(a), Value::Object(b)) if a.keys().eq(b.keys()) => {
            for (key, value) in a {
                compare(value, &b[key], &format!("{at}.{key}"), differences);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (index, (a, b)) in a.iter().zip(b).enumerate() {
                compare(a, b, &format!("{at}[{index}]"), differences);
            }
        }
        (Value::Number(a), Value::Number(b)) => {
            let within = if at.contains(".relevance") { SHARES_WITHIN } else { WITHIN };
            let near = a.as_f64().zip(b.as_f64()).is_some_and(|(a, b)| (a - b).abs() <= within);
            if !near {
                differences.push(format!("{at}: expected {a}, found {b}"));
            }
        }
        (a, b) if a == b => {}
        (a, b) => differences.push(format!("{at}: expected {a}, found {b}")),
    }
}

#[test]
fn a_number_a_word_or_a_field_that_differs_is_found() {
    let found = |a: Value, b: Value| {
        let mut differences = Vec::new();
        compare(&a, &b, "x", &mut differences);
        differences.len()
    };
    assert_eq!(found(serde_json::json!({"a": [1.0]}), serde_json::json!({"a": [1.000_000_1]})), 0);
    assert_eq!(found(serde_json::json!({"a": [1.0]}), serde_json::json!({"a": [1.0001]})), 1);
    assert_eq!(found(serde_json::json!({"a": "b"}), serde_json::json!({"a": "c"})), 1);
    assert_eq!(found(serde_json::json!({"a": 1}), serde_json::json!({"a": 1, "b": 1})), 1);
}
