package web

// Route is one line of the table, for tests.
type Route struct {
	Method, Path string
	Needs        string
	// MostBody is the largest form with a file that it takes, in bytes.
	MostBody int64
}

// Public is what public routes need.
const Public = string(public)

// Table is the table of routes.
func (s *Server) Table() []Route {
	var out []Route
	for _, r := range s.table() {
		out = append(out, Route{r.method, r.path, string(r.needs), r.mostBody(true)})
	}
	return out
}

// Registered are the routes that the router knows, as "METHOD path".
func (s *Server) Registered() []string {
	var out []string
	for _, r := range s.router().Routes() {
		out = append(out, r.Method+" "+r.Path)
	}
	return out
}

// SafePath is the guard against open redirects.
func SafePath(address string) string { return safePath(address) }
