package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"

	"leat/connectors"
	"leat/flows"
	"leat/manifest"
)

// stdio is where a command reads and writes.
type stdio struct {
	in       io.Reader
	out, err io.Writer
}

// The exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// exitError ends a command with a code of its own; its message goes to stderr unless
// it is empty.
type exitError struct {
	code    int
	message string
}

func (e *exitError) Error() string { return e.message }

// failed ends a command that did its work and found a failure, already printed.
func failed() error { return &exitError{code: exitFailed} }

// usage refuses arguments or configuration.
func usage(format string, args ...any) error {
	return &exitError{code: exitUsage, message: fmt.Sprintf(format, args...)}
}

// commands is the command line.
type commands struct {
	DataDir string `help:"Folder of the embedded store, the key and the files (default: LEAT_DATA_DIR, else ./leat-data)." placeholder:"DIR"`
	JSON    bool   `help:"Print JSON."`
	Verbose bool   `short:"v" help:"Log what happens to stderr."`

	Demo        demoCommand        `cmd:"" help:"Make a sample flow, run it and serve the pages."`
	Serve       serveCommand       `cmd:"" help:"Serve the pages and execute runs."`
	Plan        planCommand        `cmd:"" help:"Say what apply would change; exit 1 when something would."`
	Apply       applyCommand       `cmd:"" help:"Save the configuration of YAML files."`
	Export      exportCommand      `cmd:"" help:"Print the configuration as YAML."`
	Check       checkCommand       `cmd:"" help:"Test the connection of an authorizer."`
	Discover    discoverCommand    `cmd:"" help:"List what an authorizer can read."`
	Preview     previewCommand     `cmd:"" help:"Show the first rows that a flow would read."`
	Run         runCommand         `cmd:"" help:"Run a flow in this process."`
	Runs        runsCommand        `cmd:"" help:"List runs."`
	Logs        logsCommand        `cmd:"" help:"Print the log of a run."`
	State       stateCommand       `cmd:"" help:"Show and edit the load state kept at the destination."`
	Migrate     migrateCommand     `cmd:"" help:"Bring the store to this version."`
	User        userCommand        `cmd:"" help:"Add users and reset passwords."`
	Version     versionCommand     `cmd:"" help:"Print the version."`
	Healthcheck healthcheckCommand `cmd:"" hidden:"" help:"Ask the server on this machine whether it is ready."`
}

// app is what every command gets.
type app struct {
	ctx      context.Context //nolint:containedctx // kong binds one value per command; it lives as long as the process
	stdio    stdio
	getenv   func(string) string
	commands *commands
}

// run executes one command line and returns the exit code.
func run(ctx context.Context, args []string, getenv func(string) string, std stdio) int {
	var cli commands
	exited := -1
	parser, err := kong.New(&cli,
		kong.Name("leat"),
		kong.Description("Leat moves data from the systems you have to the tables your analysts read."),
		kong.Writers(std.out, std.err),
		kong.Exit(func(code int) { exited = code }),
		kong.UsageOnError(),
	)
	if err != nil {
		return report(std, fmt.Errorf("build the command line: %w", err))
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	command, err := parser.Parse(args)
	if exited >= 0 { // help was printed
		return exited
	}
	if err != nil {
		return report(std, usage("%v; see leat --help", err))
	}
	return report(std, command.Run(&app{ctx: ctx, stdio: std, getenv: getenv, commands: &cli}))
}

// report prints an error once and turns it into an exit code.
func report(std stdio, err error) int {
	if err == nil {
		return exitDone
	}
	if found, ok := errors.AsType[*exitError](err); ok {
		if found.message != "" {
			fmt.Fprintln(std.err, "leat:", found.message)
		}
		return found.code
	}
	fmt.Fprintln(std.err, "leat:", explained(err))
	return codeOf(err)
}

// explained is the text of an error, and what mends it even where the error does not say.
func explained(err error) string {
	text := strings.TrimSpace(err.Error())
	if found, ok := errors.AsType[*connectors.Error](err); ok && found.Fix == "" {
		return strings.TrimRight(text, ".") + ". " + found.Advice()
	}
	return text
}

// codeOf tells wrong configuration, which the caller mends, from failure.
func codeOf(err error) int {
	if _, ok := errors.AsType[*manifest.ProblemsError](err); ok {
		return exitUsage
	}
	if _, ok := errors.AsType[connectors.Problems](err); ok {
		return exitUsage
	}
	if errors.Is(err, flows.ErrNotFound) || connectors.Is(err, connectors.Config) {
		return exitUsage
	}
	return exitFailed
}

// print writes a value as JSON, or calls text when JSON was not asked for.
func (a *app) print(value any, text func(w io.Writer)) error {
	if !a.commands.JSON {
		text(a.stdio.out)
		return nil
	}
	encoder := json.NewEncoder(a.stdio.out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return fmt.Errorf("print JSON: %w", err)
	}
	return nil
}
