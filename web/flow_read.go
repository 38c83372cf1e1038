package web

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"leat/connectors"
	"leat/flows"
)

// The presets of the schedule card that are no cron expression.
const (
	presetManual = "manual"
	presetCustom = "custom"
)

func stName(i int, field string) string { return "stream." + strconv.Itoa(i) + "." + field }

// readFlow reads the form over what is stored. What the form does not show (further
// inputs of a stream, unique hints, parts) stays as it is.
func readFlow(stored flows.Flow, form url.Values, problems connectors.Problems) flows.Flow {
	f := stored
	f.Name, f.DestinationID = word(form, "name"), form.Get("destination")
	f.Schedule = readSchedule(form)
	f.Options = readFlowOptions(stored.Options, form, problems)
	f.Streams = nil
	for _, i := range indices(form, "stream") {
		f.Streams = append(f.Streams, readStream(stored, form, i, len(f.Streams), problems))
	}
	return f
}

func readSchedule(form url.Values) flows.Schedule {
	schedule := flows.Schedule{
		Cron: form.Get("schedule.preset"), TimeZone: word(form, "schedule.time_zone"),
		Missed: form.Get("schedule.missed"), Overlap: form.Get("schedule.overlap"),
	}
	switch schedule.Cron {
	case presetManual, "":
		return flows.Schedule{}
	case presetCustom:
		schedule.Cron = strings.Join(strings.Fields(form.Get("schedule.cron")), " ")
		if schedule.Cron == "" { // not the same as manual
			schedule.Cron = " "
		}
	}
	return schedule
}

func readFlowOptions(stored flows.FlowOptions, form url.Values, problems connectors.Problems) flows.FlowOptions {
	o := stored
	o.AtomicFlow = ticked(form, "option.atomic_flow")
	o.Parallelism = int(readNumber(form, "option.parallelism", 0, problems))
	o.LockTimeout, o.StatementTimeout = word(form, "option.lock_timeout"), word(form, "option.statement_timeout")
	o.BatchTimeout = word(form, "option.batch_timeout")
	return o
}

// readNumber reads a whole number; an empty field is fallback.
func readNumber(form url.Values, name string, fallback int64, problems connectors.Problems) int64 {
	text := strings.NewReplacer(" ", "", "\u202f", "", "\u00a0", "").Replace(word(form, name))
	if text == "" {
		return fallback
	}
	number, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		problems.Add(name, "This is not a whole number. Write digits only.")
		return fallback
	}
	return number
}

// readStream reads the stream with index i of the form; at is its index in the page
// that answers, under which its problems are named.
func readStream(stored flows.Flow, form url.Values, i, at int, problems connectors.Problems) flows.Stream {
	stateKey := form.Get(stName(i, "state_key"))
	var s flows.Stream
	if before := slices.IndexFunc(stored.Streams, func(x flows.Stream) bool { return x.StateKey == stateKey }); stateKey != "" && before >= 0 {
		s = stored.Streams[before]
	}
	input := flows.StreamInput{SourceID: form.Get(stName(i, "source")), Dataset: form.Get(stName(i, "dataset"))}
	if len(s.From) > 0 {
		input.As = s.From[0].As
		s.From = append([]flows.StreamInput{input}, s.From[1:]...)
	} else {
		s.From = []flows.StreamInput{input}
	}
	s.Table, s.WriteMode = word(form, stName(i, "table")), connectors.WriteMode(form.Get(stName(i, "write_mode")))
	s.Unique = words(form, stName(i, "unique"))
	readStreamOptions(&s, form, i, at, problems)
	return s
}

// readStreamOptions reads what stands behind Advanced. Defaults are kept as such.
func readStreamOptions(s *flows.Stream, form url.Values, i, at int, problems connectors.Problems) {
	local := connectors.Problems{}
	s.Drift = connectors.Drift(form.Get(stName(i, "drift")))
	if s.Drift == connectors.DriftReport {
		s.Drift = ""
	}
	s.Layout = connectors.TableLayout(form.Get(stName(i, "layout")))
	if s.Layout == connectors.LayoutColumns {
		s.Layout = ""
	}
	s.Replace = connectors.Replace(form.Get(stName(i, "replace")))
	if s.Replace == connectors.ReplaceAuto || s.WriteMode != connectors.TruncateInsert {
		s.Replace = ""
	}
	s.Rejects = nil
	if rejects := readNumber(form, stName(i, "rejects"), 0, local); rejects != 0 {
		s.Rejects = &rejects
	}
	if _, shown := form[stName(i, "writers")]; shown {
		s.Writers = int(readNumber(form, stName(i, "writers"), 1, local))
	}
	if s.Writers == 1 {
		s.Writers = 0
	}
	s.MinRowsRatio = 0
	if text := word(form, stName(i, "min_rows_ratio")); text != "" {
		ratio, err := strconv.ParseFloat(strings.ReplaceAll(text, ",", "."), 64)
		if err != nil {
			local.Add(stName(i, "min_rows_ratio"), "This is not a number. Write one from 0 to 1, such as 0.5.")
		}
		s.MinRowsRatio = ratio
	}
	s.CreateIndexes = nil
	if _, shown := form[stName(i, "drift")]; shown && !ticked(form, stName(i, "create_indexes")) {
		no := false
		s.CreateIndexes = &no
	}
	s.LoadedAt, s.RunID = ticked(form, stName(i, "loaded_at")), ticked(form, stName(i, "run_id"))
	for name, sentence := range local {
		problems.Add(stName(at, strings.TrimPrefix(name, stName(i, ""))), sentence)
	}
}
