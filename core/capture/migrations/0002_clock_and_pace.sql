-- What the planner needs to tell a clock that was set back, a photo that was damaged on its way, and a slow network; and
-- when it asked the server last.

-- The newest time that was ever noted with a wait, a lease or a moment. NULL: not known yet.
ALTER TABLE planner ADD COLUMN clock_at INTEGER;
-- Long side of the next photo's upload derivative, in pixels.
ALTER TABLE planner ADD COLUMN derivative_long_side INTEGER NOT NULL DEFAULT 2560;
-- Quick uploads in a row, since the derivative was last changed.
ALTER TABLE planner ADD COLUMN quick_uploads INTEGER NOT NULL DEFAULT 0;
-- When the server was last asked what it has.
ALTER TABLE planner ADD COLUMN reconciled_at INTEGER;
-- Times that the server had all bytes, and they did not have the declared digest.
ALTER TABLE captures ADD COLUMN mismatches INTEGER NOT NULL DEFAULT 0;
-- 1 once the shopper has given the photo of a rejected capture up.
ALTER TABLE captures ADD COLUMN discarded INTEGER NOT NULL DEFAULT 0;
