-- +goose Up
-- What a run read, beside the run: lists add up days without looking into each stream.
ALTER TABLE runs ADD COLUMN rows_read BIGINT NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN bytes BIGINT NOT NULL DEFAULT 0;

-- The counts are JSON that begins with rows_read and ends with bytes. Cutting the
-- digits out is the SQL that both databases understand.
UPDATE runs SET
    rows_read = COALESCE((
        SELECT SUM(CAST(substr(counts, 14, length(counts) - 13 - length(ltrim(substr(counts, 14), '0123456789'))) AS BIGINT))
        FROM stream_runs WHERE run_id = runs.id AND counts LIKE '{"rows_read":_%,"bytes":_%}'), 0),
    bytes = COALESCE((
        SELECT SUM(CAST(substr(counts, length(rtrim(counts, '}0123456789')) + 1,
            length(counts) - 1 - length(rtrim(counts, '}0123456789'))) AS BIGINT))
        FROM stream_runs WHERE run_id = runs.id AND counts LIKE '{"rows_read":_%,"bytes":_%}'), 0);

-- Sums of a day, and the last success of each flow, without reading the runs.
CREATE INDEX runs_sums ON runs (flow_id, queued_at, status, rows_read, bytes);
CREATE INDEX runs_succeeded ON runs (flow_id, ended_at DESC) WHERE status = 'succeeded';
