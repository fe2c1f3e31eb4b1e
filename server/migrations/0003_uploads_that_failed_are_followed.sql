-- An upload whose bytes were not those that were declared may be followed by another of the same capture. Those that
-- failed stay, and are counted.
DROP INDEX uploads_by_evidence;
CREATE UNIQUE INDEX uploads_by_evidence ON uploads (evidence_id)
    WHERE evidence_id IS NOT NULL AND state NOT IN ('terminated', 'expired', 'failed');
CREATE INDEX uploads_failed ON uploads (evidence_id) WHERE evidence_id IS NOT NULL AND state = 'failed';
