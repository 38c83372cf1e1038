//go:build !linux

package storage

// networkFilesystem can tell on Linux only.
func networkFilesystem(string) string { return "" }
