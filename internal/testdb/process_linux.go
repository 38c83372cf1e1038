package testdb

import "syscall"

// processAttributes make the child run as the account, and end at once when
// the thread that started it ends (SIGQUIT is PostgreSQL's immediate stop).
func processAttributes(a *account) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Pdeathsig: syscall.SIGQUIT}
	if a != nil {
		attr.Credential = &syscall.Credential{Uid: a.uid, Gid: a.gid}
	}
	return attr
}
