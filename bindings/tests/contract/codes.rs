//! `codes.json`: every word that crosses the border, with its text.

use clearshot_ffi::{
    Advice, ErrorCode, Hint, Reason, ShotRole, Subject, Verdict, Words, describe_advice, describe_error,
    describe_hint, describe_reason, role_word, subject_word, verdict_word,
};
use serde_json::{Value, json};

use crate::json::word;

pub(crate) fn listed() -> Value {
    json!({
        "hints": list(Hint::ALL, |it| described(&describe_hint(it).unwrap())),
        "reasons": list(Reason::ALL, |it| described(&describe_reason(it).unwrap())),
        "errors": list(ErrorCode::ALL, |it| described(&describe_error(it).unwrap())),
        "advice": list(Advice::ALL, |it| described(&describe_advice(it).unwrap())),
        "verdicts": list(Verdict::ALL, |it| json!({"code": verdict_word(it).unwrap()})),
        "subjects": list(Subject::ALL, |it| json!({"code": subject_word(it).unwrap()})),
        "roles": list(ShotRole::ALL, |it| json!({"code": role_word(it).unwrap()})),
    })
}

/// Every variant with its name, in the order of declaration. The name is the code: whoever maps one by the other may.
fn list<T: Copy + std::fmt::Debug>(all: &[T], describe: impl Fn(T) -> Value) -> Vec<Value> {
    let listed = all.iter().map(|&variant| {
        let described = describe(variant);
        assert_eq!(described["code"], word(variant));
        described
    });
    listed.collect()
}

fn described(words: &Words) -> Value {
    json!({"code": words.code, "text": words.text})
}
