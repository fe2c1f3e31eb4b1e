//! Signs a model as an update: what `cargo xtask sign-model` runs.
//!
//! The secret key is 64 hex digits in a file (`openssl rand -hex 32` makes one); keep it where releases are signed.
//! The public key, which apps are configured with, is printed each time.

#![allow(
    clippy::disallowed_methods,
    reason = "a maintainer's tool at the rim: it reads the clock and writes a file once"
)]

use std::error::Error;
use std::path::PathBuf;

use clearshot_relevance::{AppVersion, Update, public_key, sign};
use jiff::Timestamp;

const USAGE: &str = "usage: sign_model MODEL.onnx SECRET-KEY-FILE OLDEST-APP-VERSION UPDATE-FILE";

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, key, min_app, out] = arguments.as_slice() else { return Err(USAGE.into()) };
    let min_app: AppVersion = min_app.parse()?;
    let secret = std::fs::read_to_string(key)?;
    let public = public_key(&secret)?;
    let update = sign(&std::fs::read(model)?, min_app, Timestamp::now(), &secret)?;
    let statement = Update::open(&update, &public)?.statement;
    let out = PathBuf::from(out);
    std::fs::write(&out, &update)?;
    println!("{}: version {}, for apps from {min_app}", out.display(), statement.version);
    println!("model {} ({} bytes)", statement.sha256, statement.bytes);
    println!("public key {}", public.to_hex());
    Ok(())
}
