//! `queue.json`: one photo and what becomes of it, answer by answer.

use std::sync::Arc;

use clearshot_ffi::{
    AskPolicy, CaptureStore, Conditions, DeviceKeyStore, ForeignError, HttpHeader, KeepRequest,
    NetworkFailure, NetworkPolicy, NewItem, NextTransfer, PixelFormat, PixelLayout, QueueEntry, ReturnReason,
    ServerSetup, StoreSetup, TokenProvider, Transfer, TransferBody, TransferResult, UploadPlanner,
};
use serde_json::{Value, json};

use crate::files::{self, Fixture};
use crate::frames::named;
use crate::json::{word, words};

/// When every case begins, in milliseconds since 1970.
const BEGIN: i64 = 1_800_000_000_000;
const RETURN: &str = "019a0000-0000-7000-8000-000000000001";

/// The fixture with what is asked for and what the queue says after each answer.
pub(crate) fn played(fixture: &Fixture) -> Value {
    let cases = fixture.cases("cases").iter().map(|case| {
        let phone = Phone::with_photo(&fixture.json["setup"]);
        let mut case = case.clone();
        for step in case["steps"].as_array_mut().unwrap() {
            step["expect"] = phone.step(step);
        }
        case
    });
    fixture.with_cases("cases", cases.collect())
}

/// A store with one photo, and a planner for it.
struct Phone {
    store: Arc<CaptureStore>,
    planner: Arc<UploadPlanner>,
    capture: String,
    _folder: tempfile::TempDir,
}

impl Phone {
    fn with_photo(setup: &Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let text = |name: &str| setup[name].as_str().unwrap().to_owned();
        let store_setup = StoreSetup {
            folder: folder.path().to_str().unwrap().to_owned(),
            service_recipient: text("service_recipient"),
            config: None,
            max_bytes: None,
            max_photos: None,
            platform_performs_transfers: true,
        };
        let store = CaptureStore::open(store_setup, Arc::new(PlainKeys), None, BEGIN).unwrap();
        let item = NewItem {
            sku: "KETTLE-17".to_owned(),
            title: "Kettle".to_owned(),
            reason: ReturnReason::Damaged,
            network: NetworkPolicy::Unmetered,
            ask_policy: AskPolicy::Warn,
        };
        let session = store.open_session(RETURN.to_owned(), vec![item], BEGIN).unwrap();
        let shot = store.session(session).unwrap().items[0].shots[0].id.clone();
        let layout = PixelLayout {
            width: 192,
            height: 144,
            row_stride: 192,
            format: PixelFormat::Luma,
            orientation: 1,
        };
        let photo = store.assess_pixels(shot, layout, &files::bytes(&text("pixels"))).unwrap();
        let request = KeepRequest {
            insist: true,
            taken_at: BEGIN,
            monotonic_millis: 0,
            annotation: Vec::new(),
            network: None,
        };
        let capture = store.keep(photo, request, BEGIN).unwrap().id;
        let server = ServerSetup { url: text("server"), extra_root: None, allow_plain_http: false };
        let planner = UploadPlanner::new(store.clone(), server, Arc::new(Tokens)).unwrap();
        Self { store, planner, capture, _folder: folder }
    }

    /// Asks what to do, answers it as the step says, and tells what there was to do and how the photo stands after it.
    fn step(&self, step: &Value) -> Value {
        let now = BEGIN + step["at_s"].as_i64().unwrap() * 1_000;
        if step["retry"] == true {
            self.store.retry(self.capture.clone(), now).unwrap();
        }
        let conditions = Conditions { online: step["offline"] != true, metered: step["metered"] == true };
        let (next, again) = match self.planner.next(conditions, now).unwrap() {
            // Left unanswered: the app was killed.
            NextTransfer::Perform { transfer } if step["result"].is_null() => (self.request(&transfer), None),
            NextTransfer::Perform { transfer } => {
                let result = self.result(&step["result"]);
                let reported = self.planner.report(transfer.ticket.clone(), result, now).unwrap();
                if let Some(again) = &reported.again {
                    let second = self.result(&step["result_again"]);
                    let reported = self.planner.report(again.ticket.clone(), second, now).unwrap();
                    assert!(reported.again.is_none(), "a token is refreshed once");
                }
                (self.request(&transfer), reported.again.map(|again| self.request(&again)))
            }
            NextTransfer::Wait { reason, .. } => (json!({"wait": word(reason)}), None),
            NextTransfer::Done => (json!("done"), None),
        };
        let entry = self.entry();
        json!({
            "next": next,
            "again": again,
            "state": word(entry.state),
            "sent": part(entry.offset, entry.length),
            "attempts": entry.attempts,
            "error": entry.error,
            "choices": words(&entry.choices),
        })
    }

    fn entry(&self) -> QueueEntry {
        self.store.entry(self.capture.clone()).unwrap()
    }

    /// A request in the words of the fixture: without what differs from run to run.
    fn request(&self, transfer: &Transfer) -> Value {
        let header = |name: &str| {
            let found = transfer.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
            found.map(|header| header.value.clone())
        };
        let entry = self.entry();
        let body = match &transfer.body {
            TransferBody::Empty => json!(null),
            TransferBody::Bytes { .. } => json!("bytes"),
            TransferBody::File { length, .. } => {
                let offset = header("Upload-Offset").map_or(0, |offset| offset.parse().unwrap());
                json!({"from": part(offset, entry.length), "to": part(offset + length, entry.length)})
            }
        };
        json!({
            "method": transfer.method,
            "url": transfer.url.replace(&self.capture, "{capture}"),
            "authorization": header("Authorization"),
            "body": body,
        })
    }

    fn result(&self, json: &Value) -> TransferResult {
        if json == "cancelled" {
            return TransferResult::Cancelled;
        }
        if let Some(failure) = named(FAILURES, &json["no_answer"]) {
            return TransferResult::NoAnswer { failure };
        }
        let headers = json["headers"].as_object().unwrap().iter();
        let headers = headers.map(|(name, value)| HttpHeader {
            name: name.clone(),
            value: self.filled(value.as_str().unwrap()),
        });
        TransferResult::Answer {
            status: json["status"].as_u64().unwrap() as u16,
            headers: headers.collect(),
            body: self.filled(json["body"].as_str().unwrap()).into_bytes(),
        }
    }

    /// A text with this photo's numbers in the places of their names.
    fn filled(&self, text: &str) -> String {
        let entry = self.entry();
        text.replace("{capture}", &self.capture)
            .replace("{sha256}", &entry.sha256)
            .replace("{length}", &entry.length.to_string())
            .replace("{half}", &(entry.length / 2).to_string())
    }
}

const FAILURES: &[NetworkFailure] = NetworkFailure::ALL;

/// How much of the photo that is.
fn part(bytes: u64, length: u64) -> &'static str {
    match bytes {
        0 => "nothing",
        all if all == length => "all",
        half if half == length / 2 => "half",
        _ => "another part",
    }
}

/// Wraps nothing: what a key store does is not what is tested here.
struct PlainKeys;

impl DeviceKeyStore for PlainKeys {
    fn wrap(&self, key: Vec<u8>) -> Result<Vec<u8>, ForeignError> {
        Ok(key)
    }

    fn unwrap(&self, wrapped: Vec<u8>) -> Result<Vec<u8>, ForeignError> {
        Ok(wrapped)
    }
}

/// `first`, and after a refusal `fresh`.
struct Tokens;

impl TokenProvider for Tokens {
    fn token(&self, refresh: bool) -> Result<String, ForeignError> {
        Ok(if refresh { "fresh" } else { "first" }.to_owned())
    }
}
