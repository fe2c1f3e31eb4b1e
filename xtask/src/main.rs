//! The project's own tasks. `cargo xtask test` is the one that everybody needs; `.ci/run` calls it with `--all`.

mod api;
mod bench;
mod bindings;
mod check;
mod languages;
mod package;
mod pages;
mod phones;
mod size;
mod tool;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Clearshot's own tasks", arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Everything that this machine can check: format, lints, tests, documents, dependencies
    Test {
        /// A missing tool is a failure, not a skip (what CI runs)
        #[arg(long)]
        all: bool,
        /// Only the stages whose name contains this text
        #[arg(long, value_name = "TEXT")]
        only: Option<String>,
    },
    /// The benchmarks, each with its peer in the same run
    Bench {
        /// Only the benchmarks whose name contains this text
        only: Option<String>,
    },
    /// Builds the library for Kotlin and Swift and generates what their packages stand on, into target/bindings
    Bindings,
    /// Lists the public API of both packages: writes docs/api-kotlin.md and docs/api-swift.md
    Api,
    /// What an app team gets, into target/package
    Package {
        /// Which of it
        kind: package::Kind,
    },
    /// Signs a relevance model, so that apps take it as an update: MODEL SECRET-KEY-FILE OLDEST-APP-VERSION UPDATE-FILE
    SignModel {
        /// The four; the secret key is 64 hex digits, as `openssl rand -hex 32` makes them
        #[arg(num_args = 4, required = true)]
        arguments: Vec<String>,
    },
    /// How large the library of an app is, and what the relevance model costs of it: compares with docs/size.json
    Size {
        /// Writes the figures to docs/size.json
        #[arg(long)]
        write: bool,
    },
    /// How often the verdicts are right: writes the tables of docs/quality.md
    Evaluate {
        /// What `clearshot-evaluation` understands; `--help` lists it
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().task {
        Task::Evaluate { arguments } => evaluate(&arguments),
        Task::Test { all, only } => check::run(all, only.as_deref()),
        Task::SignModel { arguments } => sign_model(&arguments),
        Task::Bindings => bindings::run().map(|_| ()),
        Task::Api => languages::list_api(),
        Task::Package { kind } => package::run(kind),
        Task::Size { write } => size::run(write),
        Task::Bench { only } => bench::run(only.as_deref()),
    }
}

fn evaluate(arguments: &[String]) -> anyhow::Result<()> {
    let run = ["run", "--release", "--locked", "--package", "clearshot-evaluation", "--"];
    let arguments = arguments.iter().map(String::as_str);
    tool::run_cargo(&run.into_iter().chain(arguments).collect::<Vec<_>>(), &[])
}

fn sign_model(arguments: &[String]) -> anyhow::Result<()> {
    let run = ["run", "--locked", "--package", "clearshot-relevance", "--example", "sign_model", "--"];
    let arguments = arguments.iter().map(String::as_str);
    tool::run_cargo(&run.into_iter().chain(arguments).collect::<Vec<_>>(), &[])
}
