-- When settled sessions may be forgotten.

-- How much time has passed, in milliseconds, as far as it is believed: a clock that jumps ahead adds little.
ALTER TABLE planner ADD COLUMN age INTEGER NOT NULL DEFAULT 0;
-- What the clock said when that was last looked at. NULL: never yet.
ALTER TABLE planner ADD COLUMN aged_at INTEGER;
-- The age at which nothing was left to do for any photo of the session. NULL: something is, or it is not known yet.
ALTER TABLE sessions ADD COLUMN settled_age INTEGER;
