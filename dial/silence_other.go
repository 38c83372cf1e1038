//go:build !linux

package dial

import (
	"syscall"
	"time"
)

// boundSilence does nothing: these systems have keep-alive probes only.
func boundSilence(syscall.RawConn, time.Duration) error { return nil }
