//! A small tus server with a memory, and faults on order.
// Each test file uses its own part of it, and clippy does not see that this is test code.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::missing_panics_doc)]

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use clearshot_protocol::Sha256Digest;
use clearshot_protocol::reconcile::{
    HeldCapture, HeldState, RECONCILE_PATH, ReconcileAnswer, ReconcileRequest, ReconciledCapture,
};

use super::{Handler, Reply, Seen, Server, http, problem, tus};

/// What goes wrong with the next request of a method.
#[derive(Clone)]
pub enum Fault {
    Cut(u64),
    Stall,
    Silence,
    Answer(String),
}

#[derive(Default)]
pub struct State {
    /// Bytes of each upload, by the capture's id.
    pub uploads: HashMap<String, Vec<u8>>,
    pub faults: VecDeque<(&'static str, Fault)>,
    /// The tokens that are good; empty: all.
    pub good_tokens: Vec<String>,
    /// The tokens that are good once a request was cut off.
    pub good_after_a_cut: Vec<String>,
}

#[derive(Clone, Default)]
pub struct Tus(Arc<Mutex<State>>);

impl Tus {
    pub fn with_faults(faults: Vec<(&'static str, Fault)>) -> Self {
        let tus = Self::default();
        tus.state().faults = faults.into();
        tus
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub async fn serve(&self) -> Server {
        let tus = self.clone();
        let handler: Handler = Arc::new(move |seen| tus.reply(seen));
        Server::with(handler).await
    }

    pub fn reply(&self, seen: &Seen) -> Reply {
        let mut state = self.state();
        let tokens = &state.good_tokens;
        if !tokens.is_empty()
            && !tokens.iter().any(|token| seen.header("authorization") == format!("Bearer {token}"))
        {
            return super::reply(&problem("401 Unauthorized", "token-expired", ""));
        }
        if seen.path == RECONCILE_PATH {
            let tus = self.clone();
            return Reply::Answer(Box::new(move |seen| tus.reconcile(seen)));
        }
        let fault = state.faults.iter().position(|(method, _)| *method == seen.method);
        let fault = fault.and_then(|index| state.faults.remove(index)).map(|(_, fault)| fault);
        let tus = self.clone();
        match fault {
            None => Reply::Answer(Box::new(move |seen| tus.answer(seen))),
            Some(Fault::Cut(after)) => {
                state.good_tokens = std::mem::take(&mut state.good_after_a_cut);
                Reply::Cut(after, Box::new(move |seen| drop(tus.answer(seen))))
            }
            Some(Fault::Stall) => Reply::Stall,
            Some(Fault::Silence) => Reply::Silence,
            Some(Fault::Answer(answer)) => super::reply(&answer),
        }
    }

    fn reconcile(&self, seen: &Seen) -> String {
        let request: ReconcileRequest = serde_json::from_slice(&seen.body).unwrap();
        let state = self.state();
        let held = |asked: &HeldCapture| {
            let bytes = state.uploads.get(&asked.id.to_string());
            let held = match bytes {
                None => HeldState::Absent,
                Some(bytes) if Sha256Digest::of(bytes) == asked.sha256 => HeldState::Accepted,
                Some(_) => HeldState::Uploading,
            };
            let is_open = held == HeldState::Uploading;
            ReconciledCapture {
                id: asked.id,
                state: held,
                offset: bytes.filter(|_| is_open).map(|bytes| bytes.len() as u64),
                location: is_open.then(|| format!("/v1/uploads/{}", asked.id)),
                rejection: None,
            }
        };
        let answer = ReconcileAnswer { captures: request.captures.iter().map(held).collect() };
        let body = serde_json::to_string(&answer).unwrap();
        http("200 OK", "Content-Type: application/json\r\n", &body)
    }

    fn answer(&self, seen: &Seen) -> String {
        let mut state = self.state();
        if seen.method == "POST" {
            let id = seen.header("idempotency-key").to_owned();
            let upload = state.uploads.entry(id.clone()).or_default();
            if upload.is_empty() {
                upload.extend_from_slice(&seen.body);
            }
            let headers = format!("Location: /v1/uploads/{id}\r\nUpload-Offset: {}\r\n", upload.len());
            return tus("201 Created", &headers);
        }
        let id = seen.path.rsplit('/').next().unwrap().to_owned();
        let Some(upload) = state.uploads.get_mut(&id) else {
            return problem("404 Not Found", "unknown-upload", "Tus-Resumable: 1.0.0\r\n");
        };
        match seen.method.as_str() {
            "HEAD" => tus("200 OK", &format!("Upload-Offset: {}\r\n", upload.len())),
            "PATCH" if seen.header("upload-offset") == upload.len().to_string() => {
                upload.extend_from_slice(&seen.body);
                tus("204 No Content", &format!("Upload-Offset: {}\r\n", upload.len()))
            }
            "PATCH" => problem(
                "409 Conflict",
                "offset-mismatch",
                &format!("Tus-Resumable: 1.0.0\r\nUpload-Offset: {}\r\n", upload.len()),
            ),
            _ => {
                let sha256 = Sha256Digest::of(upload);
                let body = format!(r#"{{"id":"{id}","status":"accepted","sha256":"{sha256}"}}"#);
                http("200 OK", "Content-Type: application/json\r\n", &body)
            }
        }
    }
}
