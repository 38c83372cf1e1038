package pgwire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"leat/connectors"
	"leat/dial"
)

// hostile is a server without TLS that says what it likes, after it has read the start
// of a connection.
func hostile(t *testing.T, says func(conn net.Conn)) Config {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				start := make([]byte, 4096)
				switch n, err := conn.Read(start); {
				case err != nil:
				case n == 8: // the wish for TLS
					_, _ = conn.Write([]byte("N"))
				default:
					says(conn)
				}
			}()
		}
	}()
	address := listener.Addr().(*net.TCPAddr)
	return Config{
		Host: "127.0.0.1", Port: uint16(address.Port), Database: "d", User: "u", Password: "canary-password",
		TLS: dial.TLS{Mode: dial.TLSDisable}, Dial: loopback().DialContext,
	}
}

func encode(t *testing.T, messages ...pgproto3.BackendMessage) []byte {
	t.Helper()
	var out []byte
	for _, message := range messages {
		var err error
		if out, err = message.Encode(out); err != nil {
			t.Error(err)
		}
	}
	return out
}

func TestEndlessSettingsEndTheSession(t *testing.T) {
	for name, message := range map[string]func(i int) pgproto3.BackendMessage{
		"settings": func(i int) pgproto3.BackendMessage {
			return &pgproto3.ParameterStatus{Name: fmt.Sprintf("setting%d", i), Value: strings.Repeat("x", 4096)}
		},
		"one large setting": func(int) pgproto3.BackendMessage {
			return &pgproto3.ParameterStatus{Name: "setting", Value: strings.Repeat("x", 2*maxChatter)}
		},
		"notifications": func(int) pgproto3.BackendMessage {
			return &pgproto3.NotificationResponse{Channel: "c", Payload: strings.Repeat("x", 4096)}
		},
	} {
		for _, ready := range []bool{false, true} { // while connecting, and in the first statement
			var sent atomic.Int64
			c := hostile(t, func(conn net.Conn) {
				hello := []pgproto3.BackendMessage{&pgproto3.AuthenticationOk{}}
				if ready {
					hello = append(hello, &pgproto3.ReadyForQuery{TxStatus: 'I'})
				}
				_, err := conn.Write(encode(t, hello...))
				for i := 0; err == nil; i++ {
					var n int
					n, err = conn.Write(encode(t, message(i)))
					sent.Add(int64(n))
				}
			})
			_, err := Connect(t.Context(), c)
			found, ok := errors.AsType[*connectors.Error](err)
			named := ready || name == "notifications" || strings.Contains(found.Message, "Leat's limit of 1024 kB") && found.Fix != ""
			if !ok || !named {
				t.Errorf("%s, ready %v: %v", name, ready, err)
			}
			if sent.Load() > 64<<20 {
				t.Errorf("%s, ready %v: %d bytes were taken", name, ready, sent.Load())
			}
		}
	}
}

func TestLongErrorTextsAreCut(t *testing.T) {
	long := strings.Repeat("ž", 10<<20)
	c := hostile(t, func(conn net.Conn) {
		_, _ = conn.Write(encode(t, &pgproto3.AuthenticationOk{}, &pgproto3.NoticeResponse{Severity: "NOTICE", Code: "00000", Message: long}))
		_, _ = conn.Write(encode(t, &pgproto3.ErrorResponse{
			Severity: "FATAL", Code: "57P03", Message: "x" + long, Detail: long, Hint: long, SchemaName: "s", TableName: "t", ColumnName: "c",
		}))
		_, _ = io.Copy(io.Discard, conn)
	})
	config, err := c.driverConfig(c.TLS, &stages{})
	if err != nil {
		t.Fatal(err)
	}
	config.BuildFrontend = new(Tap).frontend
	_, err = pgconn.ConnectConfig(t.Context(), &config.Config)
	server, ok := errors.AsType[*pgconn.PgError](err)
	if !ok || server.Code != "57P03" || server.SchemaName != "s" || server.TableName != "t" || server.ColumnName != "c" {
		t.Fatalf("the driver says %.200v", err)
	}
	for _, text := range []string{server.Message, server.Detail, server.Hint} {
		if len(text) > maxText+3 || len(text) < maxText-3 || !utf8.ValidString(text) || !strings.HasSuffix(text, "ž…") {
			t.Errorf("a text of %d bytes ends in %q", len(text), text[max(len(text)-8, 0):])
		}
	}
	_, err = Connect(t.Context(), c)
	if found, ok := errors.AsType[*connectors.Error](err); !ok || len(found.Error()) > 2*maxText {
		t.Errorf("the message has %d bytes", len(found.Error()))
	}
}

// remote makes a connection look as if it went to another machine.
type remote struct{ net.Conn }

func (remote) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 5432} }

func TestAPasswordInClearNeedsConsent(t *testing.T) {
	for _, test := range []struct {
		mode                 dial.TLSMode
		away, allowed, given bool
	}{
		{dial.TLSDisable, true, false, false},
		{dial.TLSPrefer, true, false, false},
		{dial.TLSDisable, true, true, true},
		{dial.TLSPrefer, true, true, true},
		{dial.TLSDisable, false, false, true},
	} {
		got := make(chan string, 4)
		c := hostile(t, func(conn net.Conn) {
			_, _ = conn.Write(encode(t, &pgproto3.AuthenticationCleartextPassword{}))
			answer := make([]byte, 4096)
			n, _ := conn.Read(answer)
			got <- string(answer[:n])
		})
		c.TLS = dial.TLS{Mode: test.mode, AllowCleartextPassword: test.allowed}
		if test.away {
			near := c.Dial
			c.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
				conn, err := near(ctx, network, address)
				return remote{conn}, err
			}
		}
		_, err := Connect(t.Context(), c)
		if err == nil {
			t.Fatal("the fake server let us in")
		}
		if given := strings.Contains(<-got, "canary-password"); given != test.given {
			t.Errorf("%+v: the password was sent: %v (%v)", test, given, err)
		}
		found, _ := errors.AsType[*connectors.Error](err)
		if says := strings.Contains(found.Message, "in clear text"); says == test.given || says && !strings.Contains(found.Fix, "allow_cleartext_password: true") {
			t.Errorf("%+v: %v", test, found)
		}
	}
}
