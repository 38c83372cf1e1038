package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// mostInteractions is how many clicks and typed fields the first flow may take, from
// the first page of an empty store to the green run.
const mostInteractions = 25

// shotsDir is where screenshots are kept when the variable is set.
const shotsDir = "LEAT_TEST_SCREENSHOTS"

// browser is a person with a real browser. It counts what the person does.
type browser struct {
	t        *testing.T
	ctx      context.Context //nolint:containedctx // the life of the browser
	actions  []string
	mu       sync.Mutex
	messages []string
}

func newBrowser(t *testing.T) *browser {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.WindowSize(1280, 900), chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	b := &browser{t: t, ctx: ctx}
	console := chromedp.Console(ctx)
	go b.listen(console)
	return b
}

// listen keeps warnings, errors and reports of the content policy.
func (b *browser) listen(console func(func(chromedp.ConsoleMessage, error) bool)) {
	for message, err := range console {
		if err != nil {
			return
		}
		if message.Type == chromedp.ConsoleLog || message.Type == chromedp.ConsoleInfo || message.Type == chromedp.ConsoleDebug {
			continue
		}
		b.mu.Lock()
		b.messages = append(b.messages, message.String()+" "+message.URL)
		b.mu.Unlock()
	}
}

// do runs steps; a failure shows what the page says.
func (b *browser) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 2*time.Minute)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatalf("%s: %v\nafter %s\n%s", what, err, strings.Join(b.actions, "; "), b.text("body"))
	}
}

// open goes to an address without counting: it is where a person begins.
func (b *browser) open(address string) {
	b.t.Helper()
	b.do("open "+address, chromedp.Navigate(address))
}

// button finds a button or a link by its words.
func button(words string) string {
	return fmt.Sprintf(`//main//*[self::button or self::a][normalize-space(.)=%q]`, words)
}

// click presses something and waits for the page that follows.
func (b *browser) click(words string) {
	b.t.Helper()
	b.actions = append(b.actions, "click "+words)
	b.do("click "+words, chromedp.Click(button(words), chromedp.NodeVisible), settle())
}

// choose clicks what a selector names and stays on the page.
func (b *browser) choose(selector string) {
	b.t.Helper()
	b.actions = append(b.actions, "choose "+selector)
	b.do("choose "+selector, chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible), settle())
}

// write types into a field over what stands there.
func (b *browser) write(field, text string) {
	b.t.Helper()
	b.actions = append(b.actions, "type "+field)
	selector := chromedp.CSS(fmt.Sprintf("[name=%q]", field))
	b.do("type "+field, chromedp.Clear(selector), chromedp.SendKeys(selector, text))
}

// settle waits until the page that a click asked for is there and htmx is quiet. While
// one page gives way to the next there is nothing to ask.
func settle() chromedp.Action[chromedp.Void] {
	quiet := chromedp.Evaluate[bool](`document.readyState === "complete" && !document.querySelector(".htmx-request, [aria-busy=true], form[data-sending]")`)
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		for {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(150 * time.Millisecond):
			}
			if done, err := quiet(ctx, t); err == nil && done {
				return nil
			}
		}
	})
}

// text is what an element says.
func (b *browser) text(selector string) string {
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](fmt.Sprintf(`(document.querySelector(%q)||{innerText:""}).innerText`, selector)))
	if err != nil {
		return err.Error()
	}
	return strings.Join(strings.Fields(text), " ")
}

// shot keeps a picture of the page when somebody wants to see it.
func (b *browser) shot(name string) {
	b.t.Helper()
	folder := os.Getenv(shotsDir)
	if folder == "" {
		return
	}
	picture, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		b.t.Fatalf("take a picture of %s: %v", name, err)
	}
	if err := os.WriteFile(filepath.Join(folder, name+".png"), picture, 0o600); err != nil {
		b.t.Fatal(err)
	}
}

// quiet fails when the console or the content policy complained.
func (b *browser) quiet() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, message := range b.messages {
		b.t.Errorf("the console says: %s", message)
	}
}

// setupLink finds the one-time link in what the server printed.
var setupLink = regexp.MustCompile(`http://[^\s]+/setup\?token=[^\s]+`)

// serve starts a server and returns its setup link.
func (p *program) serve(ctx context.Context) string {
	p.t.Helper()
	cmd := exec.CommandContext(ctx, os.Args[0], "--data-dir", p.dataDir, "serve", "--listen", "127.0.0.1:0")
	cmd.Env = append(os.Environ(), asLeat+"=1")
	cmd.Stderr = p.t.Output()
	output, err := cmd.StdoutPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		p.t.Fatalf("start leat: %v", err)
	}
	p.t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	})
	printed := ""
	for lines := bufio.NewScanner(output); lines.Scan(); {
		printed += lines.Text() + "\n"
		if link := setupLink.FindString(printed); link != "" {
			go func() { _, _ = io.Copy(io.Discard, output) }()
			return link
		}
	}
	p.t.Fatalf("the server printed no link:\n%s", printed)
	return ""
}

// TestFirstFlowByHand makes a flow from Postgres to Postgres on an empty store, as a
// person does it: with a browser, and without knowing anything.
func TestFirstFlowByHand(t *testing.T) {
	t.Parallel()
	pair := newPair(t)
	exec1(t, pair.sourceConn, `CREATE TABLE orders (id bigint PRIMARY KEY, customer text NOT NULL, total numeric(12,2))`)
	exec1(t, pair.sourceConn, `INSERT INTO orders SELECT g, 'Customer ' || g, g * 1.5 FROM generate_series(1, 500) g`)
	exec1(t, pair.targetConn, `CREATE SCHEMA dbo`)
	link := newProgram(t).serve(t.Context())
	b := newBrowser(t)
	b.open(link)
	b.shot("01-setup")
	b.write("email", "anna@example.org")
	b.write("name", "Anna")
	b.write("password", "four words make one")
	b.click("Create owner")
	b.actions = nil // the owner exists once; what counts is the first flow
	b.shot("02-home")
	b.click("Create your first flow")
	b.shot("03-flow-empty")
	b.click("New destination")
	b.click("New authorizer")
	b.shot("04-connectors")
	b.choose(`[data-testid=connector][href*="connector=postgres"]`)
	b.write("url", pair.server.URL(pair.target))
	b.click("Fill the fields")
	b.shot("05-authorizer")
	b.click("Test connection")
	b.shot("06-tested")
	if report := b.text("[data-testid=check-report]"); !strings.Contains(report, "Passed") {
		t.Fatalf("the test says %s", report)
	}
	b.click("Save authorizer")
	b.shot("07-destination")
	b.click("Save destination")
	b.click("New source")
	b.click("New authorizer")
	b.choose(`[data-testid=connector][href*="connector=postgres"]`)
	b.write("url", pair.server.URL(pair.source))
	b.click("Fill the fields")
	b.click("Save authorizer")
	b.choose(`[name=datasets][value="public.orders"]`)
	b.shot("08-source")
	b.click("Save source")
	b.shot("09-flow")
	b.click("Preview flow")
	b.shot("10-preview")
	b.click("Save flow")
	b.shot("11-saved")
	b.click("Run now")
	b.waitFor("[data-testid=run-stream]", "Succeeded")
	b.shot("12-run")
	if len(b.actions) > mostInteractions {
		t.Errorf("it took %d interactions, want at most %d: %s", len(b.actions), mostInteractions, strings.Join(b.actions, "; "))
	}
	t.Logf("%d interactions: %s", len(b.actions), strings.Join(b.actions, "; "))
	if from, to := digest(t, pair.sourceConn, "orders"), digest(t, pair.targetConn, "dbo.orders"); from != to {
		t.Errorf("the tables differ: %s and %s", from, to)
	}
	b.quiet()
}

// waitFor waits until an element says something, without reloading the page.
func (b *browser) waitFor(selector, text string) {
	b.t.Helper()
	said := ""
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if said = b.text(selector); strings.Contains(said, text) {
			return
		}
	}
	b.t.Fatalf("%s says %q, want %q\n%s", selector, said, text, b.text("main"))
}
