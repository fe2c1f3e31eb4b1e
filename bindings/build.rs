//! Links the library for phones whose memory pages are of 16 KB.

/// From Android 15 on, a phone may have pages of 16 KB, and refuses a library that is laid out for smaller ones. Phones with
/// pages of 4 KB take both (developer.android.com, "Support 16 KB page sizes"). The flag is here and not in
/// .cargo/config.toml, where a `RUSTFLAGS` variable would silently put it out of force.
const PAGES: &str = "-Wl,-z,max-page-size=16384";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let system = std::env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    // Linux as well, so that `cargo xtask bindings` can look at a library that is linked like Android's.
    if ["android", "linux"].contains(&system.as_str()) {
        println!("cargo::rustc-cdylib-link-arg={PAGES}");
    }
}
