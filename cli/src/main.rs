//! `clearshot`: the product on the command line.
//!
//! One module per command. `demo` shows the whole way of a photo; `check` judges photos, `guide` plays them as a camera,
//! `report` shows what was looked at; `capture`, `queue` and `sync` are the phone's queue; `serve` and `token` are the
//! operator's side. Nothing is decided here: photos are judged by `clearshot-analysis`, kept by `clearshot-capture`, sent
//! by `clearshot-upload`, received by `clearshot-server`.

mod capture;
mod check;
mod demo;
mod guide;
mod model;
mod output;
mod phone;
mod photo_files;
mod queue;
mod report;
mod scene;
mod serve;
mod sync;
mod token;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Photo evidence for returns: judged on the device, sealed, kept offline, uploaded resumably, checked again.
#[derive(Parser)]
#[command(version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Show the whole way of a photo, from a dim hallway to the agent's screen
    Demo(demo::DemoArguments),
    /// Judge photos: sharpness, light, glare, and of what they are
    Check(check::CheckArguments),
    /// Play pictures as a camera, and print what the shopper would be told, and when
    Guide(guide::GuideArguments),
    /// Write a page with each photo of a folder, where it is sharp, burnt out or reflecting, and the verdict
    Report(report::ReportArguments),
    /// Judge photos, seal them and put them into a phone's queue; works offline
    Capture(capture::CaptureArguments),
    /// Show a phone's queue
    Queue(queue::QueueArguments),
    /// Send a phone's queue to the server; goes on where it was cut
    Sync(sync::SyncArguments),
    /// Run the returns API and the agent console
    Serve(serve::ServeArguments),
    /// Make a token for the returns API
    Token(token::TokenArguments),
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Guide(arguments) => guide::run(&arguments),
        Command::Report(arguments) => report::run(&arguments),
        Command::Capture(arguments) => capture::run(&arguments),
        Command::Queue(arguments) => queue::run(&arguments),
        Command::Sync(arguments) => sync::run(&arguments),
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Token(arguments) => token::run(&arguments),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            output::print_error(&error);
            ExitCode::FAILURE
        }
    }
}
