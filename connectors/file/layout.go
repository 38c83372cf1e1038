package file

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"leat/connectors"
)

// layout is how the rows of a file lie: found out, or given by options.
type layout struct {
	dialect
	header bool
	skip   int
	null   string
	// names are the columns' names, unique and not empty.
	names []string
	// warnings are sentences about names that were made or changed.
	warnings []string
}

// delimiters are tried in this order; of equal ones the first wins.
var delimiters = []byte{',', ';', '\t', '|'}

// sampleRows is how many rows are compared to find the delimiter.
const sampleRows = 500

// findLayout looks at the head of the text.
func findLayout(s *source, o options) (layout, error) {
	l := layout{dialect: dialect{delimiter: o.delimiter, quote: o.quote, escape: o.escape}, skip: o.skip, null: o.null}
	text, err := s.text()
	if err != nil {
		return l, err
	}
	head, err := readHead(text)
	if err != nil {
		return l, err
	}
	if l.delimiter == 0 {
		l.delimiter = l.findDelimiter(head, strings.Contains(strings.ToLower(s.name), ".tsv"))
	}
	rows := l.headRows(head, l.delimiter)
	if len(rows) == 0 {
		return l, nil
	}
	if err := consistent(rows); err != nil {
		return l, err
	}
	l.header = o.header == "yes" || o.header == "" && looksLikeHeader(rows[0])
	l.nameColumns(rows)
	return l, nil
}

// headRows splits the head; its last row is cut and left out unless the text ends there.
// Damage is left to the reading, which names the line.
func (l *layout) headRows(head []byte, delimiter byte) [][]string {
	d := l.dialect
	d.delimiter = delimiter
	scan := newScanner(bytes.NewReader(head), d)
	cut := len(head) == headBytes
	var rows [][]string
	for len(rows) < sampleRows+l.skip {
		fields, err := scan.row()
		if err != nil || cut && scan.consumed == int64(len(head)) {
			break
		}
		row := make([]string, len(fields))
		for i, f := range fields {
			row[i] = string(f.text)
		}
		rows = append(rows, row)
	}
	return rows[min(l.skip, len(rows)):]
}

// findDelimiter picks the delimiter by which most rows have the same number of values,
// more than one.
func (l *layout) findDelimiter(head []byte, tab bool) byte {
	best, bestScore := byte(','), 0.0
	if tab {
		best = '\t'
	}
	for _, delimiter := range delimiters {
		rows := l.headRows(head, delimiter)
		width, share := commonWidth(rows)
		score := share * float64(min(width, 10))
		if width > 1 && share > 0.5 && score > bestScore {
			best, bestScore = delimiter, score
		}
	}
	return best
}

// commonWidth returns the most frequent number of values and its share of the rows.
func commonWidth(rows [][]string) (width int, share float64) {
	counts := map[int]int{}
	for _, row := range rows {
		counts[len(row)]++
		if c := counts[len(row)]; c > counts[width] || c == counts[width] && len(row) > width {
			width = len(row)
		}
	}
	if len(rows) == 0 {
		return 0, 0
	}
	return width, float64(counts[width]) / float64(len(rows))
}

// consistent refuses text whose rows share no number of values.
func consistent(rows [][]string) error {
	if _, share := commonWidth(rows); share < 0.5 {
		return dataError("it is not a CSV file: its rows have different numbers of values",
			"Choose a file with one row per line, or set the option delimiter.", nil)
	}
	return nil
}

// looksLikeHeader says whether no value of the row could be anything but text.
func looksLikeHeader(row []string) bool {
	for _, value := range row {
		var g guess
		if value != "" {
			g.add([]byte(value))
		}
		if !g.isText() {
			return false
		}
	}
	return true
}

// nameColumns takes the names of the header, or numbers the columns. Empty and doubled
// names are replaced and reported.
func (l *layout) nameColumns(rows [][]string) {
	width := len(rows[0])
	if !l.header {
		width, _ = commonWidth(rows)
	}
	used := map[string]bool{}
	l.names = make([]string, width)
	for i := range l.names {
		name := ""
		if l.header {
			name = cleanName(rows[0][i])
		}
		l.names[i] = l.unique(name, i, used)
	}
}

func cleanName(name string) string {
	return strings.TrimSpace(strings.ToValidUTF8(strings.ReplaceAll(name, "\x00", ""), "_"))
}

func (l *layout) unique(name string, i int, used map[string]bool) string {
	made := name
	if name == "" {
		made = fmt.Sprintf("column%d", i+1)
	}
	base := made
	for n := 2; used[made]; n++ {
		made = fmt.Sprintf("%s_%d", base, n)
	}
	used[made] = true
	if l.header && made != name {
		what := fmt.Sprintf("The name %q stands twice in the header", name)
		if name == "" {
			what = fmt.Sprintf("Column %d has no name in the header", i+1)
		}
		l.warnings = append(l.warnings, what+fmt.Sprintf("; it is called %q.", made))
	}
	return made
}

// open starts reading the rows, those to skip and the header left out.
func (l *layout) open(s *source) (*scanner, error) {
	text, err := s.text()
	if err != nil {
		return nil, err
	}
	scan := newScanner(text, l.dialect)
	skip := l.skip
	if l.header {
		skip++
	}
	for range skip {
		if _, err := scan.row(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
	}
	return scan, nil
}

// isNull says whether a value means NULL: an unquoted empty one, or the NULL text.
func (l *layout) isNull(f field) bool {
	return !f.quoted && (len(f.text) == 0 || l.null != "" && view(f.text) == l.null)
}

// options returns what was found out, in the words of the options.
func (l *layout) options(s *source) map[string]string {
	found := map[string]string{
		optionDelimiter: delimiterName(l.delimiter), optionHeader: "no", optionEncoding: s.encoding, optionCompression: "none",
	}
	if l.header {
		found[optionHeader] = "yes"
	}
	if s.gzip {
		found[optionCompression] = "gzip"
	}
	return found
}

// columnNotFound names a column that the file does not have.
func columnNotFound(dataset, column string) error {
	return &connectors.Error{
		Kind: connectors.NotFound, Message: fmt.Sprintf("file %q has no column %q", dataset, column),
		Fix: "Choose one of its columns; names come from the header.",
	}
}
