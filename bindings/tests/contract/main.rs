//! The fixtures of `tests/contract` through the facade's own functions. Kotlin and Swift read the same files and must come to
//! the same numbers, hints and codes.
//!
//! What is expected is written by `cargo test -p clearshot-ffi --test contract -- --ignored`, from the inputs in the files:
//! read the difference before it is committed.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod codes;
mod errors;
mod files;
mod frames;
mod guide;
mod json;
mod queue;
mod scenes;

use files::Fixture;

#[test]
fn every_frame_is_judged_as_the_fixtures_say() {
    let fixture = Fixture::read("frames.json");
    assert!(fixture.cases("frames").len() >= 10, "the fixtures are there");
    fixture.expect(&frames::played(&fixture));
}

#[test]
fn every_sequence_of_frames_is_guided_as_the_fixtures_say() {
    let fixture = Fixture::read("guide.json");
    assert!(fixture.cases("sequences").len() >= 4, "the fixtures are there");
    fixture.expect(&guide::played(&fixture));
}

#[test]
fn every_bad_input_has_the_code_that_the_fixtures_say() {
    let fixture = Fixture::read("errors.json");
    assert!(fixture.cases("cases").len() >= 15, "the fixtures are there");
    fixture.expect(&errors::played(&fixture));
}

#[test]
fn every_answer_moves_the_queue_as_the_fixtures_say() {
    let fixture = Fixture::read("queue.json");
    assert!(fixture.cases("cases").len() >= 10, "the fixtures are there");
    fixture.expect(&queue::played(&fixture));
}

#[test]
fn every_code_has_the_word_and_the_text_that_the_fixtures_say() {
    Fixture::read("codes.json").expect(&codes::listed());
}

#[test]
#[ignore = "writes the fixtures instead of reading them"]
fn write_the_fixtures() {
    scenes::write();
    Fixture::write("codes.json", &codes::listed());
    for (name, played) in [
        ("frames.json", frames::played as fn(&Fixture) -> serde_json::Value),
        ("guide.json", guide::played),
        ("errors.json", errors::played),
        ("queue.json", queue::played),
    ] {
        let fixture = Fixture::read(name);
        Fixture::write(name, &played(&fixture));
    }
}
