//! What the core tells of itself, given to the app's log for as long as a call runs.
//!
//! Not process-wide: two runners have two logs, and an app that has a log of its own keeps it.

use std::fmt::{self, Write as _};
use std::sync::Arc;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::foreign::{LogLevel, LogSink, called};

/// Whose events are told: the core's. Libraries below it may have addresses in theirs.
const OURS: &str = "clearshot";

/// Runs `body`; what the core tells on this thread meanwhile goes to `sink`.
pub(crate) fn logged<T>(sink: Option<&Arc<dyn LogSink>>, body: impl FnOnce() -> T) -> T {
    match sink {
        Some(sink) => tracing::subscriber::with_default(ToSink(Arc::clone(sink)), body),
        None => body(),
    }
}

struct ToSink(Arc<dyn LogSink>);

impl Subscriber for ToSink {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && metadata.target().starts_with(OURS)
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = Line::default();
        event.record(&mut line);
        let level = match *event.metadata().level() {
            Level::ERROR => LogLevel::Error,
            Level::WARN => LogLevel::Warning,
            Level::INFO => LogLevel::Info,
            Level::DEBUG | Level::TRACE => LogLevel::Debug,
        };
        // A log that fails is no reason to fail.
        let _ = called(|| self.0.log(level, line.text));
    }

    // Spans are not told, so that there is nothing to keep of them.
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// An event as one line: what it says, then its fields.
#[derive(Default)]
struct Line {
    text: String,
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a String cannot fail.
        let _ = if field.name() == "message" {
            let rest = std::mem::take(&mut self.text);
            write!(self.text, "{value:?}{rest}")
        } else {
            write!(self.text, " {}={value:?}", field.name())
        };
    }
}
