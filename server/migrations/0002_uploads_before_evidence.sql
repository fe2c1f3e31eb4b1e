-- An upload can exist before anybody says what it is: without evidence, without a declared length or digest.

CREATE TABLE uploads_next (
    id              BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    evidence_id     BLOB    REFERENCES evidence (id), -- absent: attached to nothing yet
    owner           BLOB    NOT NULL, -- keyed hash of the subject that created it
    creation_key    BLOB, -- keyed hash of the owner and the Idempotency-Key; only of uploads without evidence
    creation        BLOB, -- keyed hash of what was declared with that key
    declared_sealed BLOB, -- the key-value pairs that the client declared
    length          INTEGER, -- absent: not declared yet
    "offset"        INTEGER NOT NULL DEFAULT 0, -- bytes that are durable
    sha256          BLOB    CHECK (length(sha256) = 32), -- as declared; of a complete upload, as computed
    state           TEXT    NOT NULL CHECK (state IN ('open', 'complete', 'failed', 'terminated', 'expired')),
    generation      INTEGER NOT NULL DEFAULT 0, -- the turn of the last writer; a lower one changes nothing
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    CHECK ("offset" >= 0 AND (length IS NULL OR "offset" <= length)),
    CHECK (state <> 'complete' OR (length = "offset" AND sha256 IS NOT NULL))
) STRICT;

INSERT INTO uploads_next (id, evidence_id, owner, length, "offset", sha256, state, created_at, updated_at)
SELECT uploads.id, uploads.evidence_id, returns.owner, uploads.length, uploads."offset", uploads.sha256,
       uploads.state, uploads.created_at, uploads.updated_at
FROM uploads
JOIN evidence ON evidence.id = uploads.evidence_id
JOIN returns ON returns.id = evidence.return_id;

DROP TABLE uploads;
ALTER TABLE uploads_next RENAME TO uploads;

CREATE UNIQUE INDEX uploads_by_evidence ON uploads (evidence_id)
    WHERE evidence_id IS NOT NULL AND state NOT IN ('terminated', 'expired');
CREATE UNIQUE INDEX uploads_by_key ON uploads (creation_key)
    WHERE creation_key IS NOT NULL AND state NOT IN ('terminated', 'expired');
-- What lies in the spool: unfinished, or finished and attached to nothing.
CREATE INDEX uploads_in_spool ON uploads (updated_at)
    WHERE state = 'open' OR (state = 'complete' AND evidence_id IS NULL);
CREATE INDEX uploads_in_spool_by_owner ON uploads (owner)
    WHERE state = 'open' OR (state = 'complete' AND evidence_id IS NULL);
CREATE INDEX uploads_gone ON uploads (updated_at) WHERE state IN ('terminated', 'expired', 'failed');

-- Rejected photos are removed after a while; what was said of them stays.
ALTER TABLE evidence ADD COLUMN photo_removed_at INTEGER;
CREATE INDEX evidence_to_clear ON evidence (checked_at) WHERE status = 'rejected' AND photo_removed_at IS NULL;
