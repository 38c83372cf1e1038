//go:build unix && !linux

package testdb

import (
	"errors"
	"syscall"
)

// processAttributes make the child run as the account. Without Linux there is
// no parent-death signal: after a kill, the server ends when the next process
// sweeps its folder away.
func processAttributes(a *account) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{}
	if a != nil {
		attr.Credential = &syscall.Credential{Uid: a.uid, Gid: a.gid}
	}
	return attr
}

// mountPrivate is for Linux alone.
func mountPrivate(string, int64, *account) error {
	return errors.New("mounts of one process need Linux")
}
