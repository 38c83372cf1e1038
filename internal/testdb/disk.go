package testdb

import "os"

// diskFolder is where the small file system is mounted, below the cluster's folder.
const diskFolder = "disk"

// mountDisk gives the thread that calls it, and the server that it starts, a small file
// system of their own. Where that is not allowed the server starts without one.
func (c *cluster) mountDisk() {
	if c.disk == 0 {
		return
	}
	path := c.dir.file(diskFolder)
	if err := os.MkdirAll(path, 0o700); err != nil || mountPrivate(path, c.disk, c.user) != nil {
		c.disk = 0
	}
}

// smallDisk returns the mounted folder, "" for none.
func (c *cluster) smallDisk() string {
	if c.disk == 0 {
		return ""
	}
	return c.dir.file(diskFolder)
}
