-- +goose Up
CREATE TABLE installation (
    row_id          INTEGER PRIMARY KEY CHECK (row_id = 1),
    id              TEXT    NOT NULL,
    key_fingerprint TEXT    NOT NULL,
    created_at      BIGINT  NOT NULL
);

-- secrets is a JSON object of sealed values, each bound to this row and its field.
CREATE TABLE authorizers (
    id         TEXT   PRIMARY KEY,
    name       TEXT   NOT NULL UNIQUE,
    connector  TEXT   NOT NULL,
    settings   TEXT   NOT NULL,
    secrets    TEXT   NOT NULL,
    tls        TEXT   NOT NULL,
    missing    TEXT   NOT NULL,
    last_check TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE sources (
    id            TEXT   PRIMARY KEY,
    name          TEXT   NOT NULL UNIQUE,
    authorizer_id TEXT   NOT NULL REFERENCES authorizers (id),
    datasets      TEXT   NOT NULL,
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL
);
CREATE INDEX sources_authorizer ON sources (authorizer_id);

CREATE TABLE destinations (
    id             TEXT   PRIMARY KEY,
    name           TEXT   NOT NULL UNIQUE,
    authorizer_id  TEXT   NOT NULL REFERENCES authorizers (id),
    default_schema TEXT   NOT NULL,
    created_at     BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL
);
CREATE INDEX destinations_authorizer ON destinations (authorizer_id);

CREATE TABLE flows (
    id             TEXT    PRIMARY KEY,
    name           TEXT    NOT NULL UNIQUE,
    destination_id TEXT    NOT NULL REFERENCES destinations (id),
    schedule       TEXT    NOT NULL,
    streams        TEXT    NOT NULL,
    options        TEXT    NOT NULL,
    paused         BOOLEAN NOT NULL,
    created_at     BIGINT  NOT NULL,
    updated_at     BIGINT  NOT NULL
);
CREATE INDEX flows_destination ON flows (destination_id);

-- The streams name their sources in JSON; these rows make the database refuse the
-- deletion of a source that a flow reads.
CREATE TABLE flow_sources (
    flow_id   TEXT NOT NULL REFERENCES flows (id) ON DELETE CASCADE,
    source_id TEXT NOT NULL REFERENCES sources (id),
    PRIMARY KEY (flow_id, source_id)
);
CREATE INDEX flow_sources_source ON flow_sources (source_id);
