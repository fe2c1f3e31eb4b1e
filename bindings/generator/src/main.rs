//! UniFFI's own command line, at the version that the facade is built with.
//!
//! `cargo xtask bindings` calls it; what it writes goes to `target/bindings` and is never committed.

fn main() {
    uniffi::uniffi_bindgen_main();
}
