//! Swift's symbol graph as a page: each public type with its members, as declared.
//!
//! The format is that of `swift-symbolgraph-extract` (github.com/swiftlang/swift-docc-symbolkit, `SymbolGraph`); read is
//! what a listing needs.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use serde::Deserialize;

/// Names of what UniFFI writes. They occur in a fragment's text or in the mangled name of the type that it stands for.
const GENERATED: &[&str] = &["ClearshotGenerated", "clearshot_ffi", "FfiConverter", "RustBuffer", "uniffi"];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Graph {
    symbols: Vec<Symbol>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Symbol {
    identifier: Identifier,
    kind: Kind,
    /// The types around it, then itself.
    path_components: Vec<String>,
    declaration_fragments: Vec<Fragment>,
}

#[derive(Deserialize)]
struct Identifier {
    /// The mangled name.
    precise: String,
}

#[derive(Deserialize)]
struct Kind {
    /// Like `swift.struct`.
    identifier: String,
}

/// A piece of a declaration.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fragment {
    spelling: String,
    /// Of the type that it names.
    precise_identifier: Option<String>,
}

/// A type's declaration and those of its members.
#[derive(Default)]
struct Type {
    declaration: String,
    members: Vec<String>,
}

/// The page. Fails when a declaration names what was generated.
pub(super) fn page(graphs: &[String]) -> anyhow::Result<String> {
    let mut types = BTreeMap::<String, Type>::new();
    let mut functions = Vec::new();
    for graph in graphs {
        let graph: Graph = serde_json::from_str(graph).context("read the symbol graph")?;
        for symbol in graph.symbols.iter().filter(|symbol| !symbol.is_synthesized()) {
            let declaration = symbol.declaration()?;
            match symbol.path_components.split_last() {
                _ if symbol.is_type() => {
                    types.entry(symbol.path_components.join(".")).or_default().declaration = declaration;
                }
                Some((_, outer)) if !outer.is_empty() => {
                    types.entry(outer.join(".")).or_default().members.push(declaration);
                }
                _ => functions.push(declaration),
            }
        }
    }
    if types.values().all(|named| named.declaration.is_empty()) {
        bail!("list the Swift API: the symbol graph has no type");
    }
    Ok(write(&types, functions))
}

fn write(types: &BTreeMap<String, Type>, mut functions: Vec<String>) -> String {
    let title = "# The Swift API\n\nModule `Clearshot`, as compiled. Made by `cargo xtask api`; CI checks that it is current.";
    let mut sections: Vec<String> =
        types.iter().map(|(name, named)| section(name, &named.code(name))).collect();
    functions.sort();
    if !functions.is_empty() {
        sections.push(section("Outside of types", &functions.join("\n")));
    }
    format!("{title}\n{}", sections.concat())
}

fn section(name: &str, code: &str) -> String {
    format!("\n## {name}\n```swift\n{code}\n```\n")
}

impl Type {
    fn code(&self, name: &str) -> String {
        // Without a declaration it is a type of another module, to which ours adds members.
        let head =
            if self.declaration.is_empty() { format!("extension {name}") } else { self.declaration.clone() };
        if self.members.is_empty() {
            return head;
        }
        let mut members: Vec<String> =
            self.members.iter().map(|member| member.replace('\n', "\n    ")).collect();
        members.sort();
        format!("{head} {{\n    {}\n}}", members.join("\n    "))
    }
}

impl Symbol {
    fn is_type(&self) -> bool {
        let kind = self.kind.identifier.trim_start_matches("swift.");
        ["actor", "class", "enum", "protocol", "struct"].contains(&kind)
    }

    /// Whether the compiler added it for a conformance, as `!=`.
    fn is_synthesized(&self) -> bool {
        self.identifier.precise.contains("::SYNTHESIZED::")
    }

    /// As written, with the names of its parameters. Fails when it shows what was generated.
    fn declaration(&self) -> anyhow::Result<String> {
        let text: String = self.declaration_fragments.iter().map(|part| part.spelling.as_str()).collect();
        let mangled = self.declaration_fragments.iter().filter_map(|part| part.precise_identifier.as_deref());
        for name in mangled.chain([text.as_str()]) {
            if let Some(generated) = GENERATED.iter().find(|generated| name.contains(**generated)) {
                bail!("hide what is generated ({generated}): `{text}` is public");
            }
        }
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A graph of one actor with one function that takes a `parameter`, whose mangled name is given too.
    fn graph(parameter: &str, mangled: &str) -> String {
        format!(
            r#"{{"symbols": [
              {{"identifier": {{"precise": "s:9Clearshot13FrameAnalyzerC"}}, "kind": {{"identifier": "swift.actor"}},
                "pathComponents": ["FrameAnalyzer"],
                "declarationFragments": [{{"spelling": "actor "}}, {{"spelling": "FrameAnalyzer"}}]}},
              {{"identifier": {{"precise": "s:9Clearshot13FrameAnalyzerC7analyze"}}, "kind": {{"identifier": "swift.method"}},
                "pathComponents": ["FrameAnalyzer", "analyze(_:)"],
                "declarationFragments": [{{"spelling": "func analyze(_ frame: "}},
                  {{"spelling": "{parameter}", "preciseIdentifier": "{mangled}"}}, {{"spelling": ")"}}]}}
            ]}}"#
        )
    }

    #[test]
    fn a_type_is_listed_with_its_members() {
        let page = page(&[graph("Frame", "s:9Clearshot5FrameV")]).unwrap();
        let expected =
            "## FrameAnalyzer\n```swift\nactor FrameAnalyzer {\n    func analyze(_ frame: Frame)\n}\n```\n";
        assert!(page.ends_with(expected), "{page}");
    }

    #[test]
    fn a_generated_type_behind_an_innocent_name_is_found() {
        let error = page(&[graph("Frame", "s:18ClearshotGenerated5FrameV")]).unwrap_err();
        assert!(error.to_string().contains("ClearshotGenerated"), "{error}");
    }

    #[test]
    fn a_graph_without_types_is_no_listing() {
        assert!(page(&[r#"{"symbols": []}"#.to_owned()]).is_err());
    }
}
