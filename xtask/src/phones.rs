//! The facade for the phones' own targets, as far as a computer without their tool chains can tell: `cargo check`.
//!
//! It proves that the Rust code compiles there, and that the C and assembly that come with it (SQLite, *ring*, hashing)
//! compile for that processor. It links nothing: that takes Google's NDK or Apple's Xcode (docs/adr/0022).

use crate::bindings::{FACADE, text};
use crate::tool::{Need, root, run_cargo};

/// A target, with the compiler that stands in for the phone maker's.
struct Phone {
    target: &'static str,
    /// From the repository's root when it is a path.
    compiler: &'static str,
}

/// For Android, GNU's compilers of the same processor. For Apple, zig, which has Apple's headers.
const PHONES: &[Phone] = &[
    Phone { target: "aarch64-linux-android", compiler: "aarch64-linux-gnu-gcc" },
    Phone { target: "x86_64-linux-android", compiler: "gcc" },
    Phone { target: "aarch64-apple-ios", compiler: "xtask/apple-cc" },
];

/// What all of them need.
pub(crate) const NEEDS: &[Need] = &[
    Need::RustTarget("aarch64-linux-android"),
    Need::RustTarget("x86_64-linux-android"),
    Need::RustTarget("aarch64-apple-ios"),
    Need::Tool {
        command: &["aarch64-linux-gnu-gcc"],
        install: "apt-get install gcc-aarch64-linux-gnu libc6-dev-arm64-cross",
    },
    Need::Folder { path: "target/zig", origin: "zig as a C compiler for Apple; xtask/install-zig gets it" },
];

/// Checks the facade for each.
pub(crate) fn check() -> anyhow::Result<()> {
    PHONES.iter().try_for_each(Phone::check)
}

impl Phone {
    fn check(&self) -> anyhow::Result<()> {
        let compiler = if self.compiler.contains('/') {
            text(&root().join(self.compiler))?
        } else {
            self.compiler.into()
        };
        let suffix = self.target.replace('-', "_");
        let (cc, ar) = (format!("CC_{suffix}"), format!("AR_{suffix}"));
        let mut environment = vec![(cc.as_str(), compiler.as_str()), (ar.as_str(), "ar")];
        // Build scripts ask Apple's tools for their SDK unless they are told of one; apple-cc looks at none.
        let sdk = text(&root().join("target/zig"))?;
        environment.extend(self.target.contains("apple").then_some(("SDKROOT", sdk.as_str())));
        run_cargo(&["check", "--locked", "--package", FACADE, "--target", self.target], &environment)
    }
}
