package pgwire

import (
	"encoding/binary"
	"io"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"leat/connectors"
)

// Tap stands between the socket and the driver. It hands the driver one message of the
// server at a time, so that rows can be taken out of the stream before the driver sees
// them. The body of a DataRow in binary form is the tuple that COPY takes; cutting it
// into values and joining them again costs more than all the rest of reading.
type Tap struct {
	source   io.Reader
	buffer   []byte
	from, to int    // buffer[from:to] was read and not yet taken
	owed     int    // bytes of the current message that the driver has yet to read
	chatter  int    // bytes of messages that nobody asked for, since the server was ready last
	short    []byte // what is left to read of a text that was cut
	err      error  // what the source said last; it stays
}

const (
	tapBytes    = 64 << 10 // of one read from the socket
	headerBytes = 5        // a message's type and length
	dataRow     = 'D'
)

// tapKey is the name of the tap in the driver's data of a connection.
const tapKey = "leat.tap"

// TapOf returns the tap of a connection made by Connect.
func TapOf(conn *pgconn.PgConn) *Tap {
	tap, _ := conn.CustomData()[tapKey].(*Tap)
	return tap
}

// frontend makes the driver read through the tap.
func (t *Tap) frontend(r io.Reader, w io.Writer) *pgproto3.Frontend {
	*t = Tap{source: r, buffer: make([]byte, tapBytes)}
	return pgproto3.NewFrontend(t, w)
}

// Read gives the driver bytes of one message at most.
func (t *Tap) Read(p []byte) (int, error) {
	if t.owed == 0 && len(t.short) == 0 {
		body, ok := t.header()
		if !ok || !t.bound(body) {
			return 0, t.err
		}
	}
	if len(t.short) > 0 {
		n := copy(p, t.short)
		t.short = t.short[n:]
		return n, nil
	}
	if t.from == t.to && !t.more() {
		return 0, t.err
	}
	n := copy(p, t.buffer[t.from:min(t.to, t.from+t.owed)])
	t.from += n
	t.owed -= n
	return n, nil
}

// Take appends the tuples of the rows that come next to dst, until it holds limit bytes
// or rows are taken, or the server sends something else, which the driver must read
// then. It is for the time after the driver has read a result's description. Rows are
// fields wide; others are left to the driver.
func (t *Tap) Take(dst []byte, fields, limit, rows int) ([]byte, int) {
	taken := 0
	for taken < rows && len(dst) < limit && t.owed == 0 && len(t.short) == 0 {
		body, ok := t.header()
		if !ok || t.buffer[t.from] != dataRow || body < 2 || body > connectors.MaxRowBytes || !t.fields(fields) {
			break
		}
		t.from += headerBytes
		if dst, ok = t.move(dst, body); !ok {
			break
		}
		taken++
	}
	return dst, taken
}

// header makes sure that the next message's header is in the buffer and returns the
// length of its body.
func (t *Tap) header() (body int, ok bool) {
	for t.to-t.from < headerBytes {
		if !t.more() {
			return 0, false
		}
	}
	// The driver refuses a length that is too small when it reads it.
	return max(int(int32(binary.BigEndian.Uint32(t.buffer[t.from+1:])))-4, 0), true
}

// fields tells whether the next row has that many fields.
func (t *Tap) fields(want int) bool {
	for t.to-t.from < headerBytes+2 {
		if !t.more() {
			return false
		}
	}
	return int(binary.BigEndian.Uint16(t.buffer[t.from+headerBytes:])) == want
}

// move appends the next n bytes to dst. On failure dst comes back as it was.
func (t *Tap) move(dst []byte, n int) ([]byte, bool) {
	have := min(n, t.to-t.from)
	whole := append(dst, t.buffer[t.from:t.from+have]...)
	t.from += have
	if have == n {
		return whole, true
	}
	at := len(whole)
	whole = slices.Grow(whole, n-have)[:at+n-have]
	if _, t.err = io.ReadFull(t.source, whole[at:]); t.err != nil {
		return dst, false
	}
	return whole, true
}

// more reads from the source behind what is left in the buffer.
func (t *Tap) more() bool {
	if t.err != nil {
		return false
	}
	t.to = copy(t.buffer, t.buffer[t.from:t.to])
	t.from = 0
	n, err := t.source.Read(t.buffer[t.to:])
	t.to += n
	if n == 0 {
		t.err = err
	}
	return n > 0
}
