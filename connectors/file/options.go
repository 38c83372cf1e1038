package file

import (
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/text/encoding/htmlindex"

	"leat/connectors"
)

// The names of the dataset options.
const (
	optionFormat      = "format"
	optionHeader      = "header"
	optionDelimiter   = "delimiter"
	optionQuote       = "quote"
	optionEscape      = "escape"
	optionEncoding    = "encoding"
	optionCompression = "compression"
	optionNull        = "null"
	optionSkip        = "skip_rows"
)

// auto is the value of an option that is found out from the file.
const auto = "auto"

// datasetOptions describes the options for forms and documentation.
func datasetOptions() []connectors.Field {
	return []connectors.Field{
		{Name: optionFormat, Label: "Format", Type: connectors.FieldChoice, Default: "csv", Choices: []string{"csv"}},
		{
			Name: optionHeader, Label: "Header", Type: connectors.FieldChoice, Default: auto, Choices: []string{auto, "yes", "no"},
			Help: "Whether the first row names the columns.",
		},
		{
			Name: optionDelimiter, Label: "Delimiter", Type: connectors.FieldText, Default: auto,
			Help: "What stands between values: auto, tab or one character.",
		},
		{
			Name: optionEncoding, Label: "Encoding", Type: connectors.FieldText, Default: auto, Advanced: true,
			Help: "auto, utf-8, utf-16, or the name of another encoding such as windows-1250.",
		},
		{
			Name: optionCompression, Label: "Compression", Type: connectors.FieldChoice, Default: auto, Advanced: true,
			Choices: []string{auto, "gzip", "none"},
		},
		{
			Name: optionNull, Label: "NULL text", Type: connectors.FieldText, Advanced: true,
			Help: "An unquoted value that means NULL, besides the empty one.",
		},
		{
			Name: optionSkip, Label: "Rows to skip", Type: connectors.FieldNumber, Default: "0", Advanced: true,
			Help: "Rows before the header that belong to no table.",
		},
		{
			Name: optionQuote, Label: "Quote", Type: connectors.FieldText, Default: `"`, Advanced: true,
			Help: "The character around values, or none.",
		},
		{
			Name: optionEscape, Label: "Escape", Type: connectors.FieldText, Default: "double", Advanced: true,
			Help: "How a quote is written inside quotes: double, or a character before it such as \\.",
		},
	}
}

// options are the decoded options of a dataset. Empty strings and zeros of the first
// group mean "find out".
type options struct {
	header    string
	delimiter byte
	encoding  string

	compression string
	quote       byte
	escape      byte
	null        string
	skip        int
}

// parseOptions checks all options; unknown ones are refused by name.
func parseOptions(given map[string]string) (options, error) {
	o := options{compression: auto, quote: '"', escape: '"'}
	for name, value := range given {
		if value == "" {
			continue
		}
		parse, ok := optionParsers[name]
		if !ok {
			return o, &connectors.Error{
				Kind: connectors.Config, Message: fmt.Sprintf("there is no option %q for files", name),
				Fix: "Use format, header, delimiter, encoding, compression, null, skip_rows, quote or escape.",
			}
		}
		if !parse(&o, value) {
			return o, optionError(name, value, optionFixes[name])
		}
	}
	if given[optionEscape] == "" || given[optionEscape] == "double" {
		o.escape = o.quote
	}
	return o, nil
}

var optionParsers = map[string]func(*options, string) bool{
	optionFormat: func(_ *options, v string) bool { return v == "csv" },
	optionHeader: func(o *options, v string) bool {
		o.header = strings.TrimPrefix(v, auto)
		return v == auto || v == "yes" || v == "no"
	},
	optionDelimiter:   parseDelimiter,
	optionEncoding:    parseEncoding,
	optionCompression: func(o *options, v string) bool { o.compression = v; return v == auto || v == "gzip" || v == "none" },
	optionNull:        func(o *options, v string) bool { o.null = v; return true },
	optionSkip: func(o *options, v string) bool {
		n, err := strconv.Atoi(v)
		o.skip = n
		return err == nil && n >= 0
	},
	optionQuote: func(o *options, v string) bool {
		if v == "none" {
			o.quote = 0
			return true
		}
		o.quote = v[0]
		return ordinary(v)
	},
	optionEscape: func(o *options, v string) bool {
		o.escape = v[0]
		return v == "double" || ordinary(v)
	},
}

var optionFixes = map[string]string{
	optionFormat:      "Use csv.",
	optionHeader:      "Use auto, yes or no.",
	optionDelimiter:   "Use auto, tab or one ASCII character.",
	optionEncoding:    "Use auto, utf-8, utf-16 or a name such as windows-1250 or iso-8859-2.",
	optionCompression: "Use auto, gzip or none.",
	optionSkip:        "Use a number from 0.",
	optionQuote:       "Use one ASCII character, or none.",
	optionEscape:      "Use double or one ASCII character.",
}

func parseDelimiter(o *options, v string) bool {
	switch v {
	case auto:
		return true
	case "tab", `\t`, "\t":
		o.delimiter = '\t'
		return true
	}
	o.delimiter = v[0]
	return ordinary(v)
}

func parseEncoding(o *options, v string) bool {
	if v == auto {
		return true
	}
	o.encoding = strings.ToLower(v)
	_, err := htmlindex.Get(o.encoding)
	return err == nil
}

// ordinary says whether the text is one character that can be a delimiter or a quote.
func ordinary(v string) bool {
	return len(v) == 1 && v[0] > ' ' && v[0] < 0x7f && v[0] != '-' && v[0] != '.' &&
		!(v[0] >= '0' && v[0] <= '9') && !(v[0] >= 'A' && v[0] <= 'Z') && !(v[0] >= 'a' && v[0] <= 'z')
}

// delimiterName is a delimiter in the words of the option.
func delimiterName(delimiter byte) string {
	if delimiter == '\t' {
		return "tab"
	}
	return string(delimiter)
}
