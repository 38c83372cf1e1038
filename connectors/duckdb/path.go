package duckdb

import (
	"fmt"
	"strings"

	"leat/connectors"
	"leat/internal/duck"
)

// flowMark stands for the flow's name in a path.
const flowMark = "{flow}"

// scheme begins the URL form of a path.
const scheme = Kind + "://"

// parseURL takes duckdb:///warehouse.duckdb, relative to the first folder or absolute
// inside one, and duckdb://:memory:.
func parseURL(raw string) (connectors.ParsedURL, error) {
	rest, ok := strings.CutPrefix(raw, scheme)
	if !ok || rest == "" {
		return connectors.ParsedURL{}, &connectors.Error{
			Kind: connectors.Config, Message: "the URL does not name a DuckDB file",
			Fix: "Write duckdb:///warehouse.duckdb.",
		}
	}
	path, query, _ := strings.Cut(rest, "?")
	parsed := connectors.ParsedURL{Settings: connectors.Settings{settingPath: scheme + path}}
	for pair := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		switch name {
		case "":
		case settingMemory:
			parsed.Settings[settingMemory] = value
		default:
			parsed.Unknown = append(parsed.Unknown, name)
		}
	}
	parsed.Settings[settingPath] = plainMemory(parsed.Settings[settingPath])
	return parsed, nil
}

// plainMemory is the path, or :memory: where a URL means that.
func plainMemory(path string) string {
	if strings.TrimPrefix(strings.TrimPrefix(path, scheme), "/") == duck.Memory {
		return duck.Memory
	}
	return path
}

// refuseCloud refuses the names of databases at MotherDuck, which are no files.
func refuseCloud(path string) error {
	name := strings.TrimPrefix(strings.TrimPrefix(path, scheme), "/")
	if !strings.HasPrefix(name, "md:") && !strings.HasPrefix(name, "motherduck:") {
		return nil
	}
	return &connectors.Error{
		Kind: connectors.Config, Message: fmt.Sprintf("the path %q means a database at MotherDuck, which Leat does not reach", path),
		Fix: "Name a file on this machine, such as warehouse.duckdb.",
	}
}

// unnamed says that the path waits for the name of a flow.
func unnamed(path, flow string) bool { return flow == "" && strings.Contains(path, flowMark) }

// file returns the absolute path of the database.
func (c *connection) file(flow string) (string, error) {
	if unnamed(c.path, flow) {
		return "", &connectors.Error{
			Kind: connectors.Config, Message: fmt.Sprintf("the path %q names one file per flow, so it cannot be used outside of a flow", c.path),
			Fix: "Put the file's own name into the setting path.",
		}
	}
	if c.files == nil {
		return "", &connectors.Error{Kind: connectors.Config, Message: "no folder for files is set up", Fix: "Set LEAT_FILES."}
	}
	name := strings.ReplaceAll(c.path, flowMark, safeName(flow))
	rest, isURL := strings.CutPrefix(name, scheme)
	if !isURL {
		return c.files.Path(name)
	}
	if path, err := c.files.Path(rest); err == nil && strings.HasPrefix(rest, "/") {
		return path, nil
	}
	return c.files.Path(strings.TrimPrefix(rest, "/"))
}

// safeName makes a flow's name part of a file's name.
func safeName(flow string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.' || r > 0x7f {
			return r
		}
		return '_'
	}, flow)
}
