package flows

import (
	"fmt"
	"slices"
	"strings"

	"leat/connectors"
)

// Propose completes a flow as far as its ends tell: tables, write modes and state keys.
// What was chosen stays, but unique columns that are the dataset's key stay "the key".
func Propose(f Flow, ends Ends) Flow {
	f.Streams = slices.Clone(f.Streams)
	for i := range f.Streams {
		stream, known := &f.Streams[i], ends.stream(i)
		if stream.Table == "" && known.Dataset.Name != "" {
			stream.Table = ProposeTable(known.Dataset, ends.DefaultSchema)
		}
		if stream.WriteMode == "" {
			stream.WriteMode = ProposeMode(known, ends.Destination)
		}
		if !stream.usesUnique(known) || slices.Equal(stream.Unique, known.Key()) {
			stream.Unique = nil
		}
		if stream.StateKey == "" && stream.Table != "" {
			stream.StateKey = f.freeStateKey(i)
		}
	}
	return f
}

// usesUnique says that unique columns have a meaning: for the modes that work by them, and
// for an incremental insert, which knows rows again by them.
func (s Stream) usesUnique(known StreamEnds) bool {
	return s.WriteMode.NeedsKey() || s.WriteMode == connectors.Insert && known.Dataset.Cursor != ""
}

// ProposeMode is the mode that repeats itself without harm: upsert by the key; without a
// key the whole table is replaced, but never rows that the stream does not own; else what
// is read is added. It is empty when the destination offers none of them.
func ProposeMode(known StreamEnds, can connectors.Capabilities) connectors.WriteMode {
	for _, mode := range []connectors.WriteMode{connectors.Upsert, connectors.TruncateInsert, connectors.Insert} {
		if can.Offers(mode) && known.fits(mode) {
			return mode
		}
	}
	return ""
}

func (e StreamEnds) fits(mode connectors.WriteMode) bool {
	switch mode {
	case connectors.Upsert:
		return e.Dataset.Pattern != "" || len(e.Key()) > 0
	case connectors.TruncateInsert:
		foreign := slices.ContainsFunc(e.Plans, func(p StreamPlan) bool {
			return p.Problem != nil && p.Problem.Kind == connectors.Ownership
		})
		return MayReplace(e.Dataset) && !foreign
	default:
		return true
	}
}

// ProposeTable names a table after a dataset; a pattern gets the placeholder.
func ProposeTable(d SourceDataset, schema string) string {
	if d.Pattern != "" {
		if schema == "" {
			return TablePlaceholder
		}
		return FormatTable(connectors.Table{Name: schema}) + "." + TablePlaceholder
	}
	name := d.Dataset.Name
	switch {
	case d.Dataset.Query != "":
		name = d.Name
	case d.Dataset.Schema == "": // a file: its folder and ending say nothing here
		name = FileStem(d.Name)
	}
	return FormatTable(connectors.Table{Schema: schema, Name: name})
}

// FileStem is a file's name without its folder and endings.
func FileStem(name string) string {
	name = name[strings.LastIndexAny(name, "/\\")+1:]
	stem, _, _ := strings.Cut(name, ".")
	if stem == "" {
		return "file"
	}
	return stem
}

// freeStateKey is "flow/table", with a number where another stream has that.
func (f Flow) freeStateKey(at int) string {
	wanted := f.Name + "/" + f.Streams[at].Table
	key := wanted
	for n := 2; slices.ContainsFunc(f.Streams, func(s Stream) bool { return s.StateKey == key }); n++ {
		key = fmt.Sprintf("%s-%d", wanted, n)
	}
	return key
}
