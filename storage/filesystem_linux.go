package storage

import "syscall"

// networkFilesystems are file systems whose locks SQLite cannot rely on, by the magic
// number of statfs.
var networkFilesystems = map[int64]string{
	0x6969:     "NFS",
	0xFF534D42: "CIFS",
	0xFE534D42: "SMB2",
	0x517B:     "SMB",
	0x01021997: "9p",
	0x65735546: "FUSE",
	0x00C36400: "Ceph",
	0x5346414F: "AFS",
}

// networkFilesystem names the network file system that dir is on; empty when it is on
// a local one.
func networkFilesystem(dir string) string {
	var stat syscall.Statfs_t
	if err := syscall.Statfs(dir, &stat); err != nil {
		return ""
	}
	return networkFilesystems[int64(stat.Type)]
}
