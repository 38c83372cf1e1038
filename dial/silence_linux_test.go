package dial_test

import (
	"net"
	"syscall"
	"testing"

	"leat/dial"
)

func TestASwallowingLinkIsNoticedWithinAMinute(t *testing.T) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	conn, err := dial.New(dial.Options{Policy: dial.Policy{AllowPrivate: true}}).DialContext(t.Context(), "tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	raw, err := conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var milliseconds int
	if err := raw.Control(func(fd uintptr) { milliseconds, err = syscall.GetsockoptInt(int(fd), syscall.IPPROTO_TCP, 0x12) }); err != nil {
		t.Fatal(err)
	}
	if err != nil || milliseconds != 60_000 {
		t.Errorf("the limit is %d ms (%v), want a minute", milliseconds, err)
	}
}
