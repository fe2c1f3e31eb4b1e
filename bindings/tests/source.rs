//! What must hold for the facade's source, because no compiler says it.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::{Path, PathBuf};

#[test]
fn nobody_writes_unsafe_by_hand() {
    for (path, text) in sources() {
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        assert!(!code.into_iter().any(|line| line.contains("unsafe")), "{}", path.display());
    }
}

#[test]
fn every_export_runs_under_the_guard() {
    let mut exports = 0;
    for (path, text) in sources() {
        for export in text.split("#[uniffi::export").skip(1) {
            let mut block = export.split_once("]\n").unwrap().1;
            // A block of methods ends at its brace, a function as well.
            block = block.split_once("\n}\n").unwrap_or((block, "")).0;
            if block.trim_start().starts_with("pub trait") || block.contains("\npub trait") {
                continue; // Called by Rust; its adapter catches what the app throws.
            }
            for function in block.split("pub fn ").skip(1) {
                exports += 1;
                let name = function.split('(').next().unwrap();
                let is_guarded =
                    function.contains("guarded(") || function.contains("self.with(") && guards(&text);
                assert!(is_guarded, "{name} in {}", path.display());
            }
        }
    }
    assert!(exports > 10, "the exports are found");
}

/// Whether the helper that the methods of this file share runs its body under the guard.
fn guards(text: &str) -> bool {
    text.split_once("fn with<")
        .is_some_and(|(_, helper)| helper.split_once("\n    }").unwrap().0.contains("guarded("))
}

/// Every source file of the facade with its text.
fn sources() -> Vec<(PathBuf, String)> {
    let mut sources = Vec::new();
    collect(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")), &mut sources);
    assert!(sources.len() > 5, "the sources are found");
    sources
}

fn collect(folder: &Path, sources: &mut Vec<(PathBuf, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, sources);
        } else {
            let text = std::fs::read_to_string(&path).unwrap();
            sources.push((path, text));
        }
    }
}
