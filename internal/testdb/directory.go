package testdb

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

const directoryPattern = "leat-testdb-*"

// directory is the folder of one cluster. A locked file in it says that the
// process that made it is alive: the kernel drops the lock with the process.
type directory struct {
	path string
	user *account
	lock *os.File
}

// newDirectory makes a folder that belongs to the server's account, and removes
// those whose processes were killed.
func newDirectory(user *account) (*directory, error) {
	sweep()
	path, err := os.MkdirTemp("", directoryPattern)
	if err != nil {
		return nil, fmt.Errorf("make a folder for the cluster: %w", err)
	}
	d := &directory{path: path, user: user}
	if err := errors.Join(d.hold(), user.own(path)); err != nil {
		return nil, errors.Join(err, d.remove())
	}
	return d, nil
}

// hold takes the lock under a passing name and only then gives the file its
// own, so that no sweep ever finds the file unlocked.
func (d *directory) hold() error {
	lock, err := os.OpenFile(d.file("lock.new"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("make the lock file: %w", err)
	}
	d.lock = lock
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return fmt.Errorf("lock %s: %w", lock.Name(), err)
	}
	return os.Rename(lock.Name(), d.file("lock"))
}

func (d *directory) file(name string) string { return filepath.Join(d.path, name) }

// write makes a file that only the server's account may read.
func (d *directory) write(name string, content []byte) error {
	if err := os.WriteFile(d.file(name), content, 0o600); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return d.user.own(d.file(name))
}

func (d *directory) remove() error {
	err := os.RemoveAll(d.path)
	if d.lock != nil {
		err = errors.Join(err, d.lock.Close())
	}
	return err
}

// sweep removes the folders of processes that are gone. What it may not open
// belongs to somebody else and stays.
func sweep() {
	left, _ := filepath.Glob(filepath.Join(os.TempDir(), directoryPattern)) // the pattern is well formed
	for _, path := range left {
		lock, err := os.OpenFile(filepath.Join(path, "lock"), os.O_RDWR, 0)
		if err != nil {
			continue
		}
		if syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
			_ = os.RemoveAll(path) // another sweep may be at it as well
		}
		_ = lock.Close()
	}
}
