//! The project's own tasks. `cargo xtask test` is the one that everybody needs; `.ci/run` calls it with `--all`.

mod bench;
mod check;
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
        Task::Bench { only } => bench::run(only.as_deref()),
    }
}

fn evaluate(arguments: &[String]) -> anyhow::Result<()> {
    let run = ["run", "--release", "--locked", "--package", "clearshot-evaluation", "--"];
    let arguments = arguments.iter().map(String::as_str);
    tool::run_cargo(&run.into_iter().chain(arguments).collect::<Vec<_>>(), &[])
}
