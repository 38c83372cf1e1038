package testdb

import (
	"fmt"
	"os"
	"syscall"
)

// processAttributes make the child run as the account, and end at once when
// the thread that started it ends (SIGQUIT is PostgreSQL's immediate stop).
func processAttributes(a *account) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Pdeathsig: syscall.SIGQUIT}
	if a != nil {
		attr.Credential = &syscall.Credential{Uid: a.uid, Gid: a.gid}
	}
	return attr
}

// mountPrivate mounts a file system in memory that only this thread and its children see.
func mountPrivate(path string, bytes int64, a *account) error {
	uid, gid := uint32(os.Getuid()), uint32(os.Getgid())
	if a != nil {
		uid, gid = a.uid, a.gid
	}
	if err := syscall.Unshare(syscall.CLONE_NEWNS); err != nil {
		return fmt.Errorf("take mounts of our own: %w", err)
	}
	if err := syscall.Mount("none", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("keep mounts to ourselves: %w", err)
	}
	if err := syscall.Mount("tmpfs", path, "tmpfs", 0, fmt.Sprintf("size=%d,uid=%d,gid=%d,mode=0700", bytes, uid, gid)); err != nil {
		return fmt.Errorf("mount a small file system: %w", err)
	}
	return nil
}
