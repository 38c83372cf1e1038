package pgwire

import (
	"encoding/binary"
	"fmt"
	"unicode/utf8"
)

// Leat's limits of what a server says unasked, in bytes. The driver keeps all settings
// and notifications that it is told, and every text goes into messages and logs.
const (
	maxChatter = 1 << 20 // settings and notifications until the server is ready again
	maxNotice  = 8 << 10 // an error or a notice; a longer one is cut
	maxText    = 2 << 10 // each text of one that is cut
	maxTexts   = 4 * maxNotice
)

// The messages that are bounded.
const (
	errorResponse   = 'E'
	noticeResponse  = 'N'
	notification    = 'A'
	parameterStatus = 'S'
	readyForQuery   = 'Z'
)

// errTalkative ends a session whose server does not come to an end.
var errTalkative = fmt.Errorf("the server announces more settings than Leat's limit of %d kB", maxChatter>>10)

// bound lets the next message go to the driver, cut when it is a long text. It is false
// when the server says too much.
func (t *Tap) bound(body int) bool {
	switch t.buffer[t.from] {
	case readyForQuery:
		t.chatter = 0
	case parameterStatus, notification:
		if t.chatter += headerBytes + body; t.chatter > maxChatter {
			t.err = errTalkative
			return false
		}
	case errorResponse, noticeResponse:
		if body > maxNotice {
			return t.shorten(body)
		}
	}
	t.owed = headerBytes + body
	return true
}

// shorten reads an error or a notice and keeps the beginning of each of its texts.
func (t *Tap) shorten(body int) bool {
	cut := cutter{out: []byte{t.buffer[t.from], 0, 0, 0, 0}}
	t.from += headerBytes
	for body > 0 {
		if t.from == t.to && !t.more() {
			return false
		}
		part := t.buffer[t.from:min(t.to, t.from+body)]
		for _, b := range part {
			cut.take(b)
		}
		t.from += len(part)
		body -= len(part)
	}
	t.short = cut.message()
	return true
}

// cutter writes a message of texts, each a letter and characters up to a zero, with the
// beginning of each text.
type cutter struct {
	out    []byte
	inside bool // of a text
	length int  // of this text
	over   bool // the rest is left out
}

func (c *cutter) take(b byte) {
	switch {
	case c.over:
	case !c.inside && (b == 0 || len(c.out) > maxTexts):
		c.over = true
	case !c.inside:
		c.out, c.inside, c.length = append(c.out, b), true, 0
	case b == 0:
		c.end()
	case c.length < maxText:
		c.out = append(c.out, b)
		c.length++
	case c.length == maxText: // the first that is left out
		c.out = append(wholeCharacters(c.out), "…"...)
		c.length++
	}
}

// end closes a text.
func (c *cutter) end() { c.out, c.inside = append(c.out, 0), false }

// message closes the message and writes its length.
func (c *cutter) message() []byte {
	if c.inside {
		c.end()
	}
	c.out = append(c.out, 0)
	binary.BigEndian.PutUint32(c.out[1:], uint32(len(c.out)-1))
	return c.out
}

// wholeCharacters takes the beginning of a character away from the end.
func wholeCharacters(text []byte) []byte {
	for range utf8.UTFMax - 1 {
		if last, size := utf8.DecodeLastRune(text); last != utf8.RuneError || size != 1 {
			break
		}
		text = text[:len(text)-1]
	}
	return text
}
