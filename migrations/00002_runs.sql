-- +goose Up

-- lease_until is when an active run may be claimed: 0 for a queued one, the end of the
-- lease for a running one, the time of the next attempt for a waiting one. flow_id has
-- no cascade: a flow with an active run cannot be deleted.
CREATE TABLE runs (
    id               TEXT    PRIMARY KEY,
    flow_id          TEXT    NOT NULL REFERENCES flows (id),
    flow_name        TEXT    NOT NULL,
    status           TEXT    NOT NULL CHECK (status IN ('queued', 'running', 'waiting', 'unknown',
                                                        'succeeded', 'partial', 'failed', 'cancelled', 'skipped')),
    started_by       TEXT    NOT NULL,
    scheduled_for    BIGINT  NOT NULL,
    full_refresh     BOOLEAN NOT NULL,
    refresh_streams  TEXT    NOT NULL,
    attempt          BIGINT  NOT NULL,
    lease_node       TEXT    NOT NULL,
    lease_until      BIGINT  NOT NULL,
    cancel_requested BOOLEAN NOT NULL,
    error            TEXT    NOT NULL,
    queued_at        BIGINT  NOT NULL,
    started_at       BIGINT  NOT NULL,
    ended_at         BIGINT  NOT NULL,
    log_lines        BIGINT  NOT NULL
);

-- At most one active run per flow, and one run per due time.
CREATE UNIQUE INDEX runs_active ON runs (flow_id) WHERE status IN ('queued', 'running', 'waiting', 'unknown');
CREATE UNIQUE INDEX runs_due ON runs (flow_id, scheduled_for) WHERE scheduled_for > 0;

-- Claims look at active runs only, however long the history is.
CREATE INDEX runs_claim ON runs (queued_at, id) WHERE status IN ('queued', 'running', 'waiting', 'unknown');

-- Lists: newest first, of all flows, of one flow, of one status.
CREATE INDEX runs_newest ON runs (queued_at DESC, id DESC);
CREATE INDEX runs_newest_of_flow ON runs (flow_id, queued_at DESC, id DESC);
CREATE INDEX runs_newest_of_status ON runs (status, queued_at DESC, id DESC);

CREATE TABLE stream_runs (
    run_id         TEXT   NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    stream         BIGINT NOT NULL,
    table_name     TEXT   NOT NULL,
    dataset        TEXT   NOT NULL,
    write_mode     TEXT   NOT NULL,
    status         TEXT   NOT NULL,
    phase          TEXT   NOT NULL,
    recipe         TEXT   NOT NULL,
    reason         TEXT   NOT NULL,
    counts         TEXT   NOT NULL,
    estimated_rows BIGINT NOT NULL,
    error          TEXT   NOT NULL,
    warnings       TEXT   NOT NULL,
    reject_reasons TEXT   NOT NULL,
    last_row_at    BIGINT NOT NULL,
    started_at     BIGINT NOT NULL,
    ended_at       BIGINT NOT NULL,
    PRIMARY KEY (run_id, stream)
);

CREATE TABLE run_logs (
    run_id     TEXT   NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    seq        BIGINT NOT NULL,
    at         BIGINT NOT NULL,
    level      TEXT   NOT NULL,
    table_name TEXT   NOT NULL,
    message    TEXT   NOT NULL,
    PRIMARY KEY (run_id, seq)
);
