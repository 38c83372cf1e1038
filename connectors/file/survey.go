package file

import (
	"context"
	"errors"
	"fmt"
	"io"

	"golang.org/x/text/transform"

	"leat/connectors"
	"leat/record"
)

// Files up to surveyWhole bytes are read whole to find the types of their columns. Of
// larger ones surveyHead bytes at the start and surveyWindows windows spread over the
// whole file are read. Compressed files cannot be entered in the middle: they are read
// up to surveyPacked unpacked bytes.
const (
	surveyWhole   = 64 << 20
	surveyHead    = 16 << 20
	surveyWindows = 48
	surveyWindow  = 1 << 20
	surveyPacked  = 1 << 30
)

// survey is what is known of a file's rows.
type survey struct {
	guesses []guess
	// rows and bytes count what was looked at; ragged rows have a wrong number of values.
	rows, ragged, bytes int64
	// whole says that every row was looked at.
	whole bool
}

// takeSurvey looks at the rows to find the columns' types.
func takeSurvey(ctx context.Context, s *source, l *layout) (*survey, error) {
	v := &survey{guesses: make([]guess, len(l.names))}
	limit := int64(surveyPacked)
	if !s.gzip {
		limit = surveyWhole
		if s.info.Size() > surveyWhole {
			limit = surveyHead
		}
	}
	scan, err := l.open(s)
	if err != nil {
		return nil, err
	}
	if err := v.take(ctx, scan, l, limit); err != nil {
		return nil, err
	}
	if v.whole || s.gzip {
		return v, nil
	}
	return v, v.windows(ctx, s, l)
}

// take adds rows until the end or the limit in bytes.
func (v *survey) take(ctx context.Context, scan *scanner, l *layout, limit int64) error {
	for scan.consumed < limit {
		fields, err := scan.row()
		if errors.Is(err, io.EOF) {
			v.whole = true
			break
		}
		if err != nil {
			return err
		}
		if v.rows++; v.rows%4096 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if len(fields) != len(v.guesses) {
			v.ragged++
			continue
		}
		v.add(fields, l)
	}
	v.bytes += scan.consumed
	return nil
}

func (v *survey) add(fields []field, l *layout) {
	for i, f := range fields {
		if !l.isNull(f) {
			v.guesses[i].add(f.text)
		}
	}
}

// windows looks into the rest of a large file. A window may begin inside a quoted
// value; rows that come out with another number of values are passed over.
func (v *survey) windows(ctx context.Context, s *source, l *layout) error {
	step := (s.info.Size() - surveyHead) / surveyWindows
	for i := range int64(surveyWindows) {
		if err := ctx.Err(); err != nil {
			return err
		}
		at := (surveyHead + i*step) &^ 1 // UTF-16 has two bytes per unit
		var text io.Reader = io.NewSectionReader(s.file, at, surveyWindow)
		if decoder := decoderOf(s.encoding); decoder != nil {
			text = transform.NewReader(text, decoder)
		}
		scan := newScanner(text, l.dialect)
		for first := true; ; first = false {
			fields, err := scan.row()
			if err != nil { // the end of the window, or a quote cut in two
				break
			}
			if !first && !scan.last() && len(fields) == len(v.guesses) {
				v.add(fields, l)
			}
		}
	}
	return nil
}

// estimate is the number of rows, exact when all were looked at, or -1.
func (v *survey) estimate(s *source) int64 {
	switch {
	case v.whole:
		return v.rows
	case s.gzip || v.bytes == 0:
		return -1
	default:
		return v.rows * s.info.Size() / v.bytes
	}
}

// schema puts names and types together; overrides come from the dataset.
func (v *survey) schema(l *layout, dataset connectors.Dataset) (record.Schema, error) {
	schema := record.Schema{Columns: make([]record.Column, len(l.names))}
	for i, name := range l.names {
		schema.Columns[i] = record.Column{Name: name, Type: v.guesses[i].logical(), Nullable: true}
	}
	for name, typeName := range dataset.Types {
		i := schema.Index(name)
		if i < 0 {
			return schema, columnNotFound(dataset.Name, name)
		}
		t, err := record.ParseType(typeName)
		if err != nil {
			return schema, &connectors.Error{Kind: connectors.Config, Message: fmt.Sprintf("column %q of file %q: %v", name, dataset.Name, err), Fix: "Choose one of the listed types."}
		}
		schema.Columns[i].Type = t
	}
	return schema, nil
}

// table is a file that has been opened and understood.
type table struct {
	*source
	layout layout
	survey *survey
	schema record.Schema
}

// openTable opens a dataset, finds out what its options leave open and surveys its rows.
// The caller closes it.
func openTable(ctx context.Context, files connectors.Files, dataset connectors.Dataset) (*table, error) {
	o, err := parseOptions(dataset.Options)
	if err != nil {
		return nil, err
	}
	s, err := openSource(files, dataset.Name, o)
	if err != nil {
		return nil, err
	}
	t := &table{source: s}
	if err := t.understand(ctx, o, dataset); err != nil {
		return nil, errors.Join(named(dataset.Name, err), s.close())
	}
	return t, nil
}

func (t *table) understand(ctx context.Context, o options, dataset connectors.Dataset) (err error) {
	if t.layout, err = findLayout(t.source, o); err != nil {
		return err
	}
	if len(t.layout.names) == 0 {
		return dataError("it is empty", "Choose a file with at least a header.", nil)
	}
	if t.survey, err = takeSurvey(ctx, t.source, &t.layout); err != nil {
		return err
	}
	t.schema, err = t.survey.schema(&t.layout, dataset)
	return err
}

// allWarnings are sentences about everything that was assumed.
func (t *table) allWarnings() []string {
	warnings := append(append([]string{}, t.warnings...), t.layout.warnings...)
	if t.survey.ragged > 0 {
		warnings = append(warnings, fmt.Sprintf("%d rows have a number of values other than %d; they will be rejected.",
			t.survey.ragged, len(t.layout.names)))
	}
	if t.survey.rows == 0 {
		warnings = append(warnings, "The file has no rows; all columns are taken for text.")
	}
	if !t.survey.whole {
		warnings = append(warnings, "The file is large; types were found from parts of it. Rows that contradict them will be rejected.")
	}
	return warnings
}
