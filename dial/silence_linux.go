package dial

import (
	"os"
	"syscall"
	"time"
)

// userTimeoutOption is TCP_USER_TIMEOUT, which package syscall does not name.
const userTimeoutOption = 0x12

// boundSilence ends a connection whose peer acknowledges nothing for that long. Keep-alive
// probes do the same only while no data is under way; without this a link that swallows
// data is noticed after a quarter of an hour.
func boundSilence(conn syscall.RawConn, limit time.Duration) error {
	var failure error
	err := conn.Control(func(fd uintptr) {
		failure = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, userTimeoutOption, int(limit.Milliseconds()))
	})
	if err != nil {
		return err
	}
	return os.NewSyscallError("setsockopt", failure)
}
