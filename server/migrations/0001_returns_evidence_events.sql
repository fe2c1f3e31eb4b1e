-- Times are milliseconds since 1970 UTC, ids the 16 bytes of a UUID, digests 32 bytes.
-- Columns that end in _sealed hold protocol::field values; nobody reads an order from this file.

CREATE TABLE returns (
    id           BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    owner        BLOB    NOT NULL, -- keyed hash of the token's subject: can be compared, not read
    order_sealed BLOB    NOT NULL,
    status       TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX returns_by_owner ON returns (owner, id);
CREATE INDEX returns_by_status ON returns (status, id);

CREATE TABLE items (
    id           BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    return_id    BLOB    NOT NULL REFERENCES returns (id),
    position     INTEGER NOT NULL,
    sku_sealed   BLOB    NOT NULL,
    title_sealed BLOB    NOT NULL,
    quantity     INTEGER NOT NULL,
    reason       TEXT    NOT NULL,
    wanted       TEXT    NOT NULL,
    UNIQUE (return_id, position)
) STRICT;

CREATE TABLE evidence (
    id               BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16), -- the capture's id
    return_id        BLOB    NOT NULL REFERENCES returns (id),
    item_id          BLOB    NOT NULL REFERENCES items (id),
    status           TEXT    NOT NULL,
    length           INTEGER NOT NULL,
    sha256           BLOB    NOT NULL CHECK (length(sha256) = 32),
    created_at       INTEGER NOT NULL,
    received_at      INTEGER,
    checked_at       INTEGER,
    rejection_code   TEXT,
    rejection_detail TEXT,
    capture          TEXT, -- JSON, protocol::api::CaptureView
    server_analysis  TEXT, -- JSON, protocol::manifest::AnalysisRecord
    agreement        INTEGER,
    supersedes       BLOB, -- as the manifest says; the other capture may be unknown yet
    superseded_by    BLOB
) STRICT;
CREATE INDEX evidence_by_return ON evidence (return_id, id);
CREATE INDEX evidence_to_check ON evidence (received_at) WHERE status IN ('received', 'verifying');
CREATE INDEX evidence_by_supersedes ON evidence (supersedes) WHERE supersedes IS NOT NULL;

-- The state of an upload is apart from what it is attached to, so that an upload can exist before its evidence does.
CREATE TABLE uploads (
    id          BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    evidence_id BLOB    REFERENCES evidence (id),
    length      INTEGER NOT NULL,
    "offset"    INTEGER NOT NULL DEFAULT 0, -- bytes that are durable
    sha256      BLOB    NOT NULL CHECK (length(sha256) = 32),
    state       TEXT    NOT NULL CHECK (state IN ('open', 'complete', 'failed', 'terminated')),
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    CHECK ("offset" BETWEEN 0 AND length)
) STRICT;
CREATE UNIQUE INDEX uploads_by_evidence ON uploads (evidence_id) WHERE state <> 'terminated';
CREATE INDEX uploads_open ON uploads (updated_at) WHERE state = 'open';

-- Append-only. AUTOINCREMENT, so that a number is never used twice.
CREATE TABLE events (
    id          INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    return_id   BLOB    NOT NULL REFERENCES returns (id),
    evidence_id BLOB,
    kind        TEXT    NOT NULL,
    at          INTEGER NOT NULL,
    data        TEXT    NOT NULL -- JSON: ids and codes only
) STRICT;
CREATE INDEX events_by_return ON events (return_id, id);
CREATE TRIGGER events_are_never_changed BEFORE UPDATE ON events
BEGIN
    SELECT RAISE(ABORT, 'events are append-only');
END;
CREATE TRIGGER events_are_never_removed BEFORE DELETE ON events
BEGIN
    SELECT RAISE(ABORT, 'events are append-only');
END;

-- Which request a key came with: keyed hashes of both.
CREATE TABLE idempotency_keys (
    key        BLOB    NOT NULL PRIMARY KEY,
    request    BLOB    NOT NULL,
    return_id  BLOB    NOT NULL REFERENCES returns (id),
    created_at INTEGER NOT NULL
) STRICT;

-- One-time login links of the console; only the code's digest is kept.
CREATE TABLE login_codes (
    sha256     BLOB    NOT NULL PRIMARY KEY CHECK (length(sha256) = 32),
    expires_at INTEGER NOT NULL
) STRICT;
