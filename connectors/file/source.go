package file

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"leat/connectors"
)

// A compressed file that grows by more than bombRatio beyond bombFloor bytes is refused.
const (
	bombRatio = 500
	bombFloor = 256 << 20
)

// headBytes is how much of a file is looked at to find out how it is written.
const headBytes = 256 << 10

// source is a file and how its bytes become UTF-8 text.
type source struct {
	name string
	file *os.File
	// size and modified are those at opening.
	info os.FileInfo
	gzip bool
	// encoding is a name of htmlindex; "utf-8" passes through.
	encoding string
	// bom is the size of a byte order mark in front of UTF-8 text.
	bom int
	// warnings are sentences about what was found.
	warnings []string
}

// openSource opens a file and finds out compression and encoding.
func openSource(files connectors.Files, name string, o options) (*source, error) {
	opened, err := files.Open(name)
	if err != nil {
		return nil, err
	}
	s := &source{name: name, file: opened}
	if err := s.detect(o); err != nil {
		return nil, errors.Join(named(name, err), opened.Close())
	}
	return s, nil
}

func (s *source) close() error { return s.file.Close() }

func (s *source) detect(o options) error {
	var err error
	if s.info, err = s.file.Stat(); err != nil {
		return err
	}
	if err := s.detectCompression(o.compression); err != nil {
		return err
	}
	s.encoding = "utf-8"
	bytes, err := s.bytes()
	if err != nil {
		return err
	}
	head, err := readHead(bytes)
	if err != nil {
		return err
	}
	return s.detectEncoding(head, o.encoding)
}

// readHead reads the first bytes; a short text is no error, damage is
// found when it is read on.
func readHead(from io.Reader) ([]byte, error) {
	head := make([]byte, headBytes)
	n, err := io.ReadFull(from, head)
	if errors.Is(err, io.EOF) || n > 0 && errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return head[:n], err
}

func (s *source) detectCompression(wanted string) error {
	magic := make([]byte, 2)
	if _, err := s.file.ReadAt(magic, 0); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	found := magic[0] == 0x1f && magic[1] == 0x8b
	s.gzip = found && wanted != "none"
	if wanted == "gzip" && !found {
		return dataError("it is not compressed with gzip", "Set the option compression to auto or none.", nil)
	}
	if !found && strings.HasSuffix(strings.ToLower(s.name), ".gz") {
		s.warnings = append(s.warnings, "The name ends in .gz, but the file is not compressed; it is read as it is.")
	}
	return nil
}

// bytes starts reading the unpacked bytes from the beginning.
func (s *source) bytes() (io.Reader, error) {
	packed := &counter{Reader: io.NewSectionReader(s.file, 0, s.info.Size())}
	if !s.gzip {
		return packed, nil
	}
	unpacked, err := gzip.NewReader(bufio.NewReaderSize(packed, 64<<10))
	if err != nil {
		return nil, err
	}
	return &bombGuard{Reader: unpacked, packed: packed}, nil
}

// text starts reading the file as UTF-8 text from the beginning.
func (s *source) text() (io.Reader, error) {
	raw, err := s.bytes()
	if err != nil {
		return nil, err
	}
	if s.bom > 0 {
		if _, err := io.CopyN(io.Discard, raw, int64(s.bom)); err != nil {
			return nil, err
		}
	}
	if decoder := decoderOf(s.encoding); decoder != nil {
		return transform.NewReader(raw, decoder), nil
	}
	return raw, nil
}

// decoderOf returns nil for UTF-8, which needs none.
func decoderOf(name string) transform.Transformer {
	switch name {
	case "utf-8", "utf8":
		return nil
	case "utf-16", "utf-16le":
		return unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder()
	case "utf-16be":
		return unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewDecoder()
	}
	found, err := htmlindex.Get(name)
	if err != nil || found == encoding.Nop {
		return nil
	}
	return found.NewDecoder()
}

// detectEncoding finds a byte order mark, else valid UTF-8, else takes the text for
// windows-1252 and says so. Bytes that are no text are refused.
func (s *source) detectEncoding(head []byte, wanted string) error {
	switch {
	case bytes.HasPrefix(head, []byte{0xef, 0xbb, 0xbf}) && (wanted == "" || wanted == "utf-8"):
		s.bom = 3
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}) && wanted == "":
		s.encoding = "utf-16le"
	case bytes.HasPrefix(head, []byte{0xfe, 0xff}) && wanted == "":
		s.encoding = "utf-16be"
	case wanted != "":
		s.encoding = wanted
	case !validUTF8(head):
		s.encoding = "windows-1252"
		s.warnings = append(s.warnings, "The text is not UTF-8; it is read as windows-1252. Set the option encoding if letters look wrong.")
	}
	if !strings.HasPrefix(s.encoding, "utf-16") && bytes.IndexByte(head, 0) >= 0 {
		return dataError("it is not a CSV file: it holds binary data", "Choose a text file with one row per line.", nil)
	}
	return nil
}

// validUTF8 forgives a letter that the end of head cuts in two.
func validUTF8(head []byte) bool {
	if len(head) < headBytes {
		return utf8.Valid(head)
	}
	for cut := range utf8.UTFMax {
		if utf8.Valid(head[:len(head)-cut]) {
			return true
		}
	}
	return false
}

// unchanged refuses a file that was written while it was read.
func (s *source) unchanged() error {
	now, err := s.file.Stat()
	if err != nil {
		return err
	}
	if now.Size() != s.info.Size() || !now.ModTime().Equal(s.info.ModTime()) {
		return &connectors.Error{
			Kind: connectors.Data, Retryable: true, Message: "it was changed while it was read",
			Fix: "Write files under another name and rename them when they are whole.",
		}
	}
	return nil
}

// counter counts what was read.
type counter struct {
	io.Reader
	count int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.count += int64(n)
	return n, err
}

// bombGuard refuses a compressed file that unpacks beyond all measure.
type bombGuard struct {
	io.Reader
	packed   *counter
	unpacked int64
}

func (b *bombGuard) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	b.unpacked += int64(n)
	if b.unpacked > bombFloor && b.unpacked > bombRatio*b.packed.count {
		return 0, dataError(fmt.Sprintf("it unpacks to more than %d times its size", bombRatio), "Check what the file holds, or unpack it before.", nil)
	}
	return n, err
}
