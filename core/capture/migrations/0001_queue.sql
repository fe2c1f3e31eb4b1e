-- Ids are the 16 bytes of their UUID, times are milliseconds since 1970, digests are 32 bytes.
-- Sealed columns hold what FieldKey::seal made of a text, with "table.column/<id>" as context.

CREATE TABLE sessions (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    return_id  BLOB    NOT NULL CHECK (length(return_id) = 16),
    opened_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE items (
    session    BLOB    NOT NULL REFERENCES sessions (id),
    id         BLOB    NOT NULL CHECK (length(id) = 16),
    position   INTEGER NOT NULL,
    sku        BLOB,             -- sealed
    title      BLOB,             -- sealed
    reason     BLOB,             -- sealed
    metered    TEXT    NOT NULL, -- any | unmetered | unmetered_then_any
    PRIMARY KEY (session, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE shots (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    session    BLOB    NOT NULL,
    item       BLOB    NOT NULL,
    position   INTEGER NOT NULL,
    role       TEXT    NOT NULL,
    overview   BLOB,             -- the overview that a defect is linked to
    required   INTEGER NOT NULL,
    ask_policy TEXT    NOT NULL, -- warn | soft | hard
    asks       INTEGER NOT NULL DEFAULT 0, -- since the last capture was kept
    asked_at   INTEGER,          -- the last of them
    FOREIGN KEY (session, item) REFERENCES items (session, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX shots_of_item ON shots (session, item, position);

CREATE TABLE captures (
    id              BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    shot            BLOB    NOT NULL REFERENCES shots (id),
    taken_at        INTEGER NOT NULL,
    saved_at        INTEGER NOT NULL,
    supersedes      BLOB,
    -- From the manifest. Absent where a rebuilt row's photo does not open with this device's key.
    sequence        INTEGER,
    manifest_sha256 BLOB,
    verdict         TEXT,    -- good | retake
    reasons         TEXT,    -- JSON array of codes
    override_asks   INTEGER, -- present: the shopper kept it anyway, after so many asks
    perceptual_hash INTEGER, -- the 64 bits, as a signed integer
    -- The sealed bytes.
    length          INTEGER NOT NULL,
    sha256          BLOB    NOT NULL CHECK (length(sha256) = 32),
    on_device       INTEGER NOT NULL DEFAULT 1, -- 0 once swept, or lost
    -- How far its upload is.
    metered         TEXT    NOT NULL,
    state           TEXT    NOT NULL DEFAULT 'queued',
    location        TEXT,
    server_offset   INTEGER NOT NULL DEFAULT 0,
    high_water      INTEGER NOT NULL DEFAULT 0, -- the largest offset that ever was: growth beyond it is progress
    offset_known    INTEGER NOT NULL DEFAULT 0, -- 0 while an append is out, and after it failed
    created_before  INTEGER NOT NULL DEFAULT 0, -- 1 once a creation was handed out: the server may know it
    attempts        INTEGER NOT NULL DEFAULT 0, -- failed, since the last progress
    failing_since   INTEGER,
    next_at         INTEGER,
    polls           INTEGER NOT NULL DEFAULT 0, -- times the server was asked whether it accepts
    uploaded_at     INTEGER,
    accepted_at     INTEGER,
    error_code      TEXT,
    error_detail    BLOB,    -- sealed: the server's words may repeat what it was told
    lease           INTEGER UNIQUE,
    lease_step      TEXT,    -- create | ask_offset | append | confirm
    leased_until    INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX captures_of_shot ON captures (shot);
CREATE INDEX captures_to_send ON captures (taken_at) WHERE state IN ('queued', 'uploading', 'uploaded');

CREATE TABLE planner (
    id          INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    last_lease  INTEGER NOT NULL,
    quiet_until INTEGER -- the server asked everybody to wait (Retry-After)
) STRICT;

INSERT INTO planner (id, last_lease) VALUES (1, 0);
