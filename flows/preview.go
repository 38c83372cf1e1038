package flows

import "leat/record"

// Preview is the beginning of a dataset as text, for people to look at.
type Preview struct {
	Columns []PreviewColumn `json:"columns"`
	// Rows hold one text per column; nil is NULL.
	Rows [][]*string `json:"rows"`
	// Warnings are sentences, for example that the rows were cut off.
	Warnings []string `json:"warnings,omitempty"`
	// Rejects are rows that cannot be shown, with the reason and without values.
	Rejects []record.Reject `json:"rejects,omitempty"`
}

// PreviewColumn is the head of a previewed column.
type PreviewColumn struct {
	Name   string `json:"name"`
	Type   string `json:"type"`
	Native string `json:"native,omitempty"`
	Note   string `json:"note,omitempty"`
	Key    bool   `json:"key,omitempty"`
}

// RejectedRow is a row that a load could not store and kept, as text.
type RejectedRow struct {
	At string
	// Column is empty when the reason is about the whole row.
	Column, Reason string
	// Row is the row as JSON, empty where it could not even be decoded.
	Row string
}
