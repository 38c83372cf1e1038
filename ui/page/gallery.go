// Package page holds the pages of the web interface. Each page is a templ function
// of one view model, a struct of plain values that says next to each form field
// under which name it is posted. The package knows no domain: the web package fills
// the view models and parses the forms.
package page

import (
	"time"

	"leat/ui/component"
	"leat/ui/layout"
)

// Gallery is the page that shows every part of the kit in every state; it is what
// screenshots and accessibility checks look at.
type Gallery struct {
	Shell layout.Shell
}

var galleryStates = []string{
	"queued", "running", "waiting", "succeeded", "partial", "failed", "cancelled", "skipped",
	"live", "reconnecting", "broken", "paused", "late", "stale", "incomplete", "needs action",
}

func galleryFields() []component.Field {
	return []component.Field{
		{Name: "g.name", Label: "Name", Value: "shop", Required: true, Help: "Lower case, digits and dashes."},
		{Name: "g.host", Label: "Host", Value: "user@db.example.com", Width: "two", Error: "The host holds an @. Put the user name into its own field."},
		{Name: "g.port", Label: "Port", Type: "number", Value: "6432", Default: "5432", Width: "third"},
		{Name: "g.password", Label: "Password", Type: "password", Secret: true, Help: "Stored encrypted, never shown again."},
		{Name: "g.secret", Label: "Service key", Type: "password", Secret: true, SecretSet: true, SecretWhen: "3 d ago by Anna"},
		{Name: "g.mode", Label: "Mode", Type: "select", Value: "b", Options: []component.Option{{Value: "a", Label: "First"}, {Value: "b", Label: "Second"}}, Width: "half"},
		{Name: "g.timeout", Label: "Timeout", Type: "number", Value: "15", Unit: "seconds", Width: "half"},
		{Name: "g.ca", Label: "CA certificate", Type: "textarea", Help: "PEM."},
		{Name: "g.file", Label: "File", Type: "file", Accept: ".csv"},
		{Name: "g.fixed", Label: "Connector", Value: "postgres", ReadOnly: true},
		{Name: "g.on", Label: "Create indexes", Type: "checkbox", Value: "true", Help: "On the unique columns.", Advanced: true},
	}
}

func galleryRuns() []component.RunBar {
	var out []component.RunBar
	for i := range 26 {
		state := "succeeded"
		switch i {
		case 4:
			state = "failed"
		case 9:
			state = "skipped"
		case 14:
			state = "partial"
		case 25:
			state = "running"
		}
		out = append(out, component.RunBar{State: state, Duration: time.Duration(20+i*i*7%400) * time.Second})
	}
	return out
}

func galleryData() component.DataTable {
	return component.DataTable{
		Caption: "Preview of public.orders",
		Columns: []component.DataColumn{
			{Name: "id", Type: "int8", Key: true, Numeric: true},
			{Name: "customer", Type: "text"},
			{Name: "note", Type: "text"},
			{Name: "total", Type: "numeric(12,2)", Numeric: true},
			{Name: "updated_at", Type: "timestamptz", Cursor: true},
		},
		Rows: [][]component.Cell{
			{{Text: "1"}, {Text: "Anna Novák"}, {Null: true}, {Text: "120.00"}, {Text: "2026-11-20 08:12:44+00"}},
			{{Text: "2"}, {Text: "Jan Svoboda"}, {}, {Text: "89.90"}, {Text: "2026-11-20 08:13:02+00"}},
			{{Text: "3"}, {Text: "Marie Dvořáková"}, {Text: "Please deliver to the back door, ring twice, and leave it with the neighbour when nobody opens"}, {Text: "1 204.50"}, {Text: "2026-11-20 08:15:51+00"}},
		},
	}
}

func galleryLog(now time.Time) []component.LogLine {
	return []component.LogLine{
		{ID: "1", At: now.Add(-9 * time.Second), Level: "info", Text: "run started"},
		{ID: "2", At: now.Add(-8 * time.Second), Level: "info", Stream: "orders", Text: "snapshot opened, upper bound 2026-11-20T08:15:51Z"},
		{ID: "3", At: now.Add(-5 * time.Second), Level: "warning", Stream: "orders", Text: "new source column \"voucher\" is left out"},
		{ID: "4", At: now, Level: "error", Stream: "orders", Text: "permission denied for table orders"},
	}
}
