package file

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"leat/connectors"
)

// field is one value of a row, in memory that the next row overwrites.
type field struct {
	text []byte
	// quoted tells an empty text from a missing one.
	quoted bool
}

// dialect says how rows are written.
type dialect struct {
	delimiter byte
	// quote is 0 when nothing is quoted.
	quote byte
	// escape goes before a quote inside a quoted value; it equals quote when quotes are
	// doubled.
	escape byte
}

// scanner splits text into rows. A row ends with LF, CR LF or CR outside of quotes.
// Empty lines are no rows. A quote opens a quoted value only as its first character;
// anywhere else outside of quotes it is an ordinary character.
type scanner struct {
	dialect
	source io.Reader
	buffer []byte
	// start and end bound what has been read and not yet returned.
	start, end int
	eof        bool
	fields     []field
	scratch    []byte
	// line is the number of the line, from 1, in which the last returned row begins; next
	// is that of the row to come.
	line, next int64
	// consumed counts the bytes of returned rows.
	consumed int64
}

func newScanner(source io.Reader, d dialect) *scanner {
	return &scanner{dialect: d, source: source, buffer: make([]byte, 64<<10), next: 1}
}

// errMore asks for more input.
var errMore = errors.New("the row goes on")

// row returns the next row, or io.EOF. The fields live until the next call.
func (s *scanner) row() ([]field, error) {
	for {
		size, lines, err := s.split(s.buffer[s.start:s.end])
		if errors.Is(err, errMore) {
			if err := s.fill(); err != nil {
				return nil, err
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		if size == 0 {
			return nil, io.EOF
		}
		s.line = s.next
		s.next += lines
		s.start += size
		s.consumed += int64(size)
		if len(s.fields) > 0 {
			return s.fields, nil
		}
	}
}

// fill reads until the buffer is full, after making room: by moving what is left to the
// front, or by doubling. Doubling keeps the cost of splitting a long row again linear.
func (s *scanner) fill() error {
	if s.start > 0 {
		s.end = copy(s.buffer, s.buffer[s.start:s.end])
		s.start = 0
	}
	if s.end == len(s.buffer) {
		if len(s.buffer) >= connectors.MaxRowBytes {
			return dataError(fmt.Sprintf("the row that begins in line %d is longer than Leat's limit of %d MiB", s.next, connectors.MaxRowBytes>>20),
				"Check that every quoted value is closed.", nil)
		}
		s.buffer = append(s.buffer, make([]byte, len(s.buffer))...)
	}
	for s.end < len(s.buffer) && !s.eof {
		n, err := s.source.Read(s.buffer[s.end:])
		s.end += n
		if errors.Is(err, io.EOF) {
			s.eof = true
		} else if err != nil {
			return err
		}
	}
	return nil
}

// split finds the first row of text and returns its size and how many lines it spans.
// An empty line gives no fields; an empty text gives size 0.
func (s *scanner) split(text []byte) (size int, lines int64, err error) {
	s.fields, s.scratch = s.fields[:0], s.scratch[:0]
	if len(text) == 0 {
		if !s.eof {
			return 0, 0, errMore
		}
		return 0, 0, nil
	}
	if text[0] == '\n' || text[0] == '\r' {
		return s.rowEnd(text, 0, 0)
	}
	at := 0
	for {
		next, more, err := s.field(text, at, &lines)
		if err != nil {
			return 0, 0, err
		}
		at = next
		if at == len(text) {
			if !s.eof {
				return 0, 0, errMore
			}
			if more {
				s.fields = append(s.fields, field{})
			}
			return at, lines + 1, nil
		}
		if more {
			continue
		}
		return s.rowEnd(text, at, lines)
	}
}

// rowEnd steps over the end of the line that starts at at.
func (s *scanner) rowEnd(text []byte, at int, lines int64) (int, int64, error) {
	if text[at] == '\r' {
		if at+1 == len(text) && !s.eof {
			return 0, 0, errMore
		}
		if at+1 < len(text) && text[at+1] == '\n' {
			at++
		}
	}
	return at + 1, lines + 1, nil
}

// field reads the value at at. It returns where the scan goes on and whether another
// value of the row follows.
func (s *scanner) field(text []byte, at int, lines *int64) (next int, more bool, err error) {
	if s.quote != 0 && text[at] == s.quote {
		return s.quoted(text, at, lines)
	}
	end := at
	for end < len(text) && text[end] != s.delimiter && text[end] != '\n' && text[end] != '\r' {
		end++
	}
	s.fields = append(s.fields, field{text: text[at:end]})
	return s.after(text, end)
}

// after steps over a delimiter.
func (s *scanner) after(text []byte, at int) (int, bool, error) {
	if at < len(text) && text[at] == s.delimiter {
		return at + 1, true, nil
	}
	return at, false, nil
}

// quoted reads a value in quotes, which may hold delimiters and line ends.
func (s *scanner) quoted(text []byte, at int, lines *int64) (next int, more bool, err error) {
	from, begin, escaped := at+1, len(s.scratch), false
	for i := from; ; {
		stop := s.stop(text[i:])
		if stop < 0 || (i+stop+1 == len(text) && !s.eof) {
			return s.unclosed(text)
		}
		i += stop
		if text[i] == s.escape && i+1 < len(text) && (text[i+1] == s.quote || text[i+1] == s.escape) {
			s.scratch = append(append(s.scratch, text[from:i]...), text[i+1])
			i, escaped = i+2, true
			from = i
			continue
		}
		if text[i] != s.quote { // an escape character before anything else is itself
			i++
			continue
		}
		value := text[from:i]
		if escaped {
			s.scratch = append(s.scratch, value...)
			value = s.scratch[begin:len(s.scratch):len(s.scratch)]
		}
		*lines += int64(newlines(text[at:i]))
		s.fields = append(s.fields, field{text: value, quoted: true})
		return s.afterQuote(text, i+1)
	}
}

// stop finds the next quote or escape character.
func (s *scanner) stop(text []byte) int {
	if s.escape == s.quote || s.escape == 0 {
		return bytes.IndexByte(text, s.quote)
	}
	return bytes.IndexAny(text, string([]byte{s.quote, s.escape}))
}

func (s *scanner) unclosed(text []byte) (int, bool, error) {
	if !s.eof {
		return len(text), false, errMore
	}
	return 0, false, dataError(fmt.Sprintf("a quoted value of the row that begins in line %d is never closed", s.next),
		"Close the quote in the file, or set the option quote.", nil)
}

// afterQuote makes sure that nothing but a delimiter or a line end follows a quoted
// value.
func (s *scanner) afterQuote(text []byte, at int) (int, bool, error) {
	if at < len(text) && text[at] != s.delimiter && text[at] != '\n' && text[at] != '\r' {
		return 0, false, dataError(fmt.Sprintf("text follows a closing quote in the row that begins in line %d", s.next),
			"Double the quotes inside quoted values, or set the options quote and escape.", nil)
	}
	return s.after(text, at)
}

// newlines counts line ends: LF, CR LF and CR.
func newlines(text []byte) int {
	if bytes.IndexByte(text, '\n') < 0 && bytes.IndexByte(text, '\r') < 0 {
		return 0
	}
	count := bytes.Count(text, []byte{'\n'})
	for i, c := range text {
		if c == '\r' && (i+1 == len(text) || text[i+1] != '\n') {
			count++
		}
	}
	return count
}

// last says whether the returned row is the last one of the input.
func (s *scanner) last() bool { return s.eof && s.start == s.end }
