package page

import (
	"slices"

	"leat/ui/component"
	"leat/ui/layout"
)

// FlowForm is the form of a flow, on one page. It posts to /flows or /flows/{id}:
//
//	name, destination (id), return
//	schedule.preset   manual, custom, or five cron fields; schedule.cron when custom
//	schedule.time_zone, schedule.missed, schedule.overlap
//	stream.<i>.state_key (hidden), stream.<i>.source (id), stream.<i>.dataset,
//	stream.<i>.proposed_for, .proposed_mode, .proposed_unique (hidden, see Proposal),
//	stream.<i>.table, stream.<i>.write_mode, stream.<i>.unique (repeated),
//	stream.<i>.drift, .rejects, .replace, .min_rows_ratio, .layout,
//	.create_indexes ("true" when ticked), .loaded_at, .run_id, .writers
//	option.<name>     options of the whole flow: atomic_flow, parallelism, ...
//	consent           repeated: the values of Consents that are agreed to
//	action            preview (show what would happen, then save), save (at once),
//	                  refresh, new-source, new-destination, add-stream, remove-<i>
//
// The preview page posts the same fields back with action save or edit.
type FlowForm struct {
	Shell layout.Shell
	Form
	ID            string
	Name          string
	DestinationID string
	Destinations  []component.Option
	Sources       []component.Option
	Streams       []StreamForm
	Schedule      ScheduleForm
	// Options are named "option.<name>".
	Options  []component.Field
	Consents []component.Option
	Warnings []string
}

// StreamForm is one stream of the form. Its lists follow from what is chosen so far.
type StreamForm struct {
	StateKey  string
	SourceID  string
	Dataset   string
	Datasets  []component.Option
	Table     string
	TableNote string // "New table" or "Exists, 1 204 331 rows, 9 columns"
	// Modes are made by WriteModes.
	Modes    []component.Choice
	Unique   []component.Option
	Proposal *Proposal // nil when the stream is stored
	// Replace, drift, layout and the figures stand behind Advanced; the values are
	// posted under the names given at FlowForm.
	Replace       string
	Drift         string
	Layout        string
	Rejects       string
	MinRowsRatio  string
	CreateIndexes bool
	LoadedAt      bool
	RunID         bool
	RawLayout     bool     // the destination offers it
	Recipes       []string // of the destination, beside auto
	Writers       string
	MaxWriters    int // of the destination; below 2 the field is left out
	Reading       string
	Error         *ErrorBox // the dataset could not be described
}

// A Proposal is what the form chose for a dataset by itself. It is posted back, so that
// another dataset gets a proposal of its own where nobody chose otherwise.
type Proposal struct {
	For    string // the dataset
	Mode   string
	Unique []string
}

// ScheduleForm is the schedule card. Sentence and NextRuns describe what is chosen.
type ScheduleForm struct {
	Preset   string
	Cron     string
	TimeZone string
	Zones    []string // IANA names to suggest
	Missed   string
	Overlap  string
	Sentence string
	NextRuns []string // "Mon 23 Nov 02:00 +01:00"
	Notes    []string // about clock changes
}

// SchedulePresets are the ready-made schedules; the value is the cron expression.
func SchedulePresets() []component.Option {
	return []component.Option{
		{Value: "manual", Label: "Only when someone starts it"},
		{Value: "*/5 * * * *", Label: "Every 5 minutes"},
		{Value: "*/15 * * * *", Label: "Every 15 minutes"},
		{Value: "0 * * * *", Label: "Every hour"},
		{Value: "0 */6 * * *", Label: "Every 6 hours"},
		{Value: "0 2 * * *", Label: "Every day at 02:00"},
		{Value: "0 6 * * 1-5", Label: "Monday to Friday at 06:00"},
		{Value: "0 3 * * 0", Label: "Every Sunday at 03:00"},
		{Value: "0 4 1 * *", Label: "On the first of the month at 04:00"},
		{Value: "custom", Label: "Cron expression"},
	}
}

func (v FlowForm) action() string { return formAction(FlowsPath, v.ID) }

func (v FlowForm) nameFields() []component.Field {
	return v.with(component.Field{Name: "name", Label: "Name", Value: v.Name, Required: true, Help: "For lists, logs and the command line, for example orders."})
}

func (v FlowForm) destinationField() component.Field {
	return v.with(component.Field{Name: "destination", Label: "Destination", Type: "select", Value: v.DestinationID, Options: choose("Choose a destination", v.Destinations), Required: true, Refresh: v.action(), RefreshTarget: "flow-parts"})[0]
}

// stName is the posted name of a field of the stream with index i.
func stName(i int, field string) string { return "stream." + itoa(i) + "." + field }

func (v FlowForm) sourceField(i int) component.Field {
	return v.with(component.Field{Name: stName(i, "source"), Label: "Source", Type: "select", Value: v.Streams[i].SourceID, Options: choose("Choose a source", v.Sources), Required: true, Refresh: v.action(), RefreshTarget: "flow-parts"})[0]
}

func (v FlowForm) targetFields(i int) []component.Field {
	s := v.Streams[i]
	return v.with(
		component.Field{Name: stName(i, "dataset"), Label: "Dataset", Type: "select", Value: s.Dataset, Options: choose("Choose a dataset", s.Datasets), Required: true, Width: "half", Refresh: v.action(), RefreshTarget: "flow-parts", Help: s.Reading},
		component.Field{Name: stName(i, "table"), Label: "Table", Type: "code", Value: s.Table, Required: true, Width: "half", Help: s.TableNote},
	)
}

// recipesOf lists the ways to replace rows that the destination offers.
func recipesOf(offered []string) []component.Option {
	options := []component.Option{{Value: "auto", Label: "Automatic"}}
	for _, recipe := range []component.Option{
		{Value: "swap", Label: "Build beside and swap"},
		{Value: "merge", Label: "Merge by key, delete the missing"},
		{Value: "delete_insert", Label: "Delete, then insert"},
	} {
		if slices.Contains(offered, recipe.Value) {
			options = append(options, recipe)
		}
	}
	return options
}

func (v FlowForm) streamOptions(i int) []component.Field {
	s := v.Streams[i]
	fields := []component.Field{
		{Name: stName(i, "rejects"), Label: "Rejects allowed", Type: "number", Value: s.Rejects, Default: "0", Width: "half", Help: "So many bad rows are kept aside; one more fails the run."},
		{Name: stName(i, "min_rows_ratio"), Label: "Smallest whole read", Value: s.MinRowsRatio, Width: "half", Help: "Share of the last good read below which a whole read is refused, for example 0.5."},
		{Name: stName(i, "drift"), Label: "When the source's columns change", Type: "select", Value: s.Drift, Width: "half", Options: []component.Option{
			{Value: "report", Label: "Leave new columns out and tell"},
			{Value: "add", Label: "Add new columns"},
			{Value: "widen", Label: "Add columns and widen types"},
			{Value: "refuse", Label: "Refuse the run"},
		}},
		{Name: stName(i, "replace"), Label: "How Replace works", Type: "select", Value: s.Replace, Width: "half", Options: recipesOf(s.Recipes)},
		{Name: stName(i, "create_indexes"), Label: "Create an index on the unique columns", Type: "checkbox", Value: truth(s.CreateIndexes)},
		{Name: stName(i, "loaded_at"), Label: "Add a column with the time of loading", Type: "checkbox", Value: truth(s.LoadedAt), Help: "_loaded_at"},
		{Name: stName(i, "run_id"), Label: "Add a column with the run", Type: "checkbox", Value: truth(s.RunID), Help: "_run_id"},
	}
	if s.MaxWriters > 1 {
		fields = append(fields, component.Field{Name: stName(i, "writers"), Label: "Parallel writers", Type: "number", Value: s.Writers, Default: "1", Width: "half", Help: writersHelp})
	}
	if s.RawLayout {
		fields = append(fields, component.Field{Name: stName(i, "layout"), Label: "Layout of the table", Type: "select", Value: s.Layout, Width: "half", Options: []component.Option{
			{Value: "columns", Label: "One column per column"}, {Value: "raw", Label: "Raw: ab_id, emitted_at, data"},
		}})
	}
	return v.with(fields...)
}

const writersHelp = "Meant for big tables at a destination with many idle cores; on two cores it brought nothing. Leave it at 1 if in doubt. " +
	"The rows are written by that many sessions into a hidden table first, which needs the right to create tables. A run that used one writer all the same says why."

// fewStreams is up to how many streams the write modes are shown as cards; forms of
// more streams use a list, so that the page stays light.
const fewStreams = 3

// modeField is the write mode as a list instead of cards.
func (v FlowForm) modeField(i int) component.Field {
	field := component.Field{Name: stName(i, "write_mode"), Label: "Write mode", Type: "select"}
	for _, m := range v.Streams[i].Modes {
		label := m.Title + ": " + m.Line
		if m.Reason != "" {
			label += " Not available: " + m.Reason
		}
		field.Options = append(field.Options, component.Option{Value: m.Value, Label: label, Selected: m.Selected, Disabled: m.Reason != ""})
		if m.Selected {
			field.Help = m.Danger
		}
	}
	return v.with(field)[0]
}

func truth(b bool) string {
	if b {
		return "true"
	}
	return ""
}

func (v FlowForm) scheduleFields() []component.Field {
	s := v.Schedule
	return v.with(
		component.Field{Name: "schedule.preset", Label: "When", Type: "select", Value: s.Preset, Options: SchedulePresets(), Refresh: v.action(), RefreshTarget: "schedule-next", Width: "half"},
		component.Field{Name: "schedule.time_zone", Label: "Time zone", Value: s.TimeZone, Suggestions: s.Zones, Refresh: v.action(), RefreshTarget: "schedule-next", Width: "half"},
	)
}

func (v FlowForm) cronField() component.Field {
	return v.with(component.Field{Name: "schedule.cron", Label: "Cron expression", Type: "code", Value: v.Schedule.Cron, Help: "Five fields: minute, hour, day of month, month, day of week.", Refresh: v.action(), RefreshTarget: "schedule-next"})[0]
}

func (v FlowForm) policyFields() []component.Field {
	return v.with(
		component.Field{Name: "schedule.missed", Label: "Due times missed while the server was down", Type: "select", Value: v.Schedule.Missed, Width: "half", Options: []component.Option{
			{Value: "once", Label: "Run once"}, {Value: "skip", Label: "Skip them"}, {Value: "each", Label: "Run each"},
		}},
		component.Field{Name: "schedule.overlap", Label: "Due while a run is active", Type: "select", Value: v.Schedule.Overlap, Width: "half", Options: []component.Option{
			{Value: "skip", Label: "Skip, and show it"}, {Value: "queue", Label: "Queue one"},
		}},
	)
}

func (v FlowForm) allProblems() []component.Problem {
	fields := append(v.nameFields(), v.destinationField())
	var others [][2]string
	for i := range v.Streams {
		fields = append(fields, v.sourceField(i))
		fields = append(append(fields, v.targetFields(i)...), v.streamOptions(i)...)
		others = append(others, [2]string{stName(i, "write_mode"), "Write mode"}, [2]string{stName(i, "unique"), "Unique columns"})
	}
	fields = append(append(append(fields, v.scheduleFields()...), v.cronField()), v.policyFields()...)
	fields = append(fields, v.with(v.Options...)...)
	return v.problems(fields, append(others, [2]string{"consent", "Agreement"})...)
}

// FlowPreview shows what a flow would do, before it is saved. Fields are the posted
// fields of the form, sent back as they came.
type FlowPreview struct {
	Shell    layout.Shell
	ID       string
	Name     string
	Fields   []Posted
	Schedule string
	Streams  []StreamPreview
	Consents []component.Option
	Warnings []string
}

// fewColumns is up to how many columns a preview lists them above the rows; more are
// folded, so that the rows are on the screen.
const fewColumns = 12

// hasChanges says whether a column is changed or left out, which is not to be missed.
func hasChanges(columns []ColumnPlan) bool {
	for _, c := range columns {
		if c.Change == "changed" || c.Change == "removed" {
			return true
		}
	}
	return false
}

// Posted is one posted value that is carried through a page.
type Posted struct{ Name, Value string }

// StreamPreview is what one stream would do.
type StreamPreview struct {
	Dataset   string
	Table     string
	WriteMode string
	Exists    bool
	Rows      int64 // estimate to read, -1 when unknown
	Columns   []ColumnPlan
	// Statements are the DDL that the first run executes.
	Statements []string
	Warnings   []string
	Error      *ErrorBox
	Data       *component.DataTable
}

// ColumnPlan is one column on its way. Change is "", new, changed or removed (left out).
type ColumnPlan struct {
	Source     string
	SourceType string
	Target     string
	TargetType string
	Change     string
	Note       string
}

func (v FlowPreview) broken() bool {
	for _, s := range v.Streams {
		if s.Error != nil {
			return true
		}
	}
	return false
}
