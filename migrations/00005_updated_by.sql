-- +goose Up
-- Who saved it last on a page; empty when it was saved by a command.
ALTER TABLE authorizers ADD COLUMN updated_by TEXT NOT NULL DEFAULT '';
ALTER TABLE sources ADD COLUMN updated_by TEXT NOT NULL DEFAULT '';
ALTER TABLE destinations ADD COLUMN updated_by TEXT NOT NULL DEFAULT '';
ALTER TABLE flows ADD COLUMN updated_by TEXT NOT NULL DEFAULT '';
