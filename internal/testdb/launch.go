package testdb

// Launch starts a server for a program that is no test, such as a benchmark. The
// caller removes it.
func Launch(o Options) (*Server, error) { return start(o) }

// Remove stops the server and deletes its files.
func (s *Server) Remove() error { return s.cluster.remove() }
