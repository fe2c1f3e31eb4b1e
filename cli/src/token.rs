//! `clearshot token`: makes tokens for the returns API.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clearshot_protocol::{ReturnId, Timestamp};
use clearshot_server::{Role, TokenIssuer, TokenRequest};
use serde_json::json;

use crate::output;

#[derive(clap::Args)]
pub(crate) struct TokenArguments {
    /// The server's data folder, which holds the key that signs
    #[arg(long, value_name = "DIR", env = "CLEARSHOT_DATA")]
    data: PathBuf,
    /// What its holder may do: shopper, agent or service
    #[arg(long)]
    role: Role,
    /// Who it is for: the shop's id of the shopper, agent or program. Returns belong to the subject that opened them
    #[arg(long, value_name = "ID", default_value = "command-line")]
    subject: String,
    /// Good for this return only
    #[arg(long = "return", value_name = "ID")]
    return_id: Option<ReturnId>,
    /// Good for so many minutes
    #[arg(long, value_name = "MINUTES", default_value_t = 720, value_parser = clap::value_parser!(u64).range(1..=525_600))]
    minutes: u64,
    /// As a JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &TokenArguments) -> anyhow::Result<ExitCode> {
    let request = TokenRequest {
        role: arguments.role,
        subject: arguments.subject.clone(),
        return_id: arguments.return_id,
        lifetime: Duration::from_secs(arguments.minutes * 60),
    };
    if !arguments.data.join("keys").is_dir() {
        let data = arguments.data.display();
        eprintln!("note: {data} is new; its tokens are good for a server that is started with --data {data}");
    }
    let token = TokenIssuer::open(&arguments.data)?.mint(&request, Timestamp::now())?;
    if arguments.json {
        output::print_json(
            &json!({ "token": token, "role": arguments.role.as_str(), "minutes": arguments.minutes }),
        )?;
    } else {
        output::print_line(&token)?;
    }
    Ok(ExitCode::SUCCESS)
}
