package web_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"leat/accounts"
	"leat/web"
)

// The size of a hostile body, and how much of one the server may read: the limit of a
// form, and what net/http reads ahead and after the answer.
const (
	hostileBody = 256 << 20
	mostRead    = 3 << 20
)

// countingListener counts the bytes that the server reads.
type countingListener struct {
	net.Listener
	read *atomic.Int64
}

func (l countingListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	return countingConn{conn, l.read}, err
}

type countingConn struct {
	net.Conn
	read *atomic.Int64
}

func (c countingConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.read.Add(int64(n))
	return n, err
}

// served serves the pages on a real connection and counts what is read from it.
func (p *pages) served() (address string, read *atomic.Int64) {
	p.t.Helper()
	listener, err := new(net.ListenConfig).Listen(p.t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		p.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	read = &atomic.Int64{}
	go func() { ended <- p.server.Serve(ctx, countingListener{listener, read}) }()
	p.t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			p.t.Error(err)
		}
	})
	return listener.Addr().String(), read
}

// temporary makes the folder for temporary files an empty one of this test.
func temporary(t *testing.T) (files func() int) {
	t.Helper()
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	return func() int {
		entries, err := os.ReadDir(folder)
		if err != nil {
			t.Fatal(err)
		}
		return len(entries)
	}
}

// sendHostile sends a form with a file of 256 MiB until the server has enough.
func sendHostile(t *testing.T, address, path string, cookies []*http.Cookie) {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Error(err)
		return
	}
	defer conn.Close()
	head := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: %d\r\n", path, address, hostileBody)
	for _, cookie := range cookies {
		head += "Cookie: " + cookie.String() + "\r\n"
	}
	head += "\r\n--x\r\nContent-Disposition: form-data; name=\"upload\"; filename=\"a.csv\"\r\nContent-Type: text/csv\r\n\r\n"
	if _, err := io.WriteString(conn, head); err != nil {
		return
	}
	chunk := bytes.Repeat([]byte("1,2,3,4\n"), 8<<10)
	for sent := 0; sent < hostileBody; sent += len(chunk) {
		if _, err := conn.Write(chunk); err != nil {
			return
		}
	}
}

func TestBodiesOfStrangersAreNotTaken(t *testing.T) {
	files := temporary(t)
	p := newPages(t)
	p.world()
	p.addUser(accounts.Owner)
	address, read := p.served()
	var group sync.WaitGroup
	sent := int64(0)
	for _, r := range p.server.Table() {
		if r.Method != http.MethodPost {
			continue
		}
		for range 8 {
			sent++
			group.Go(func() { sendHostile(t, address, at(r.Path), nil) })
		}
	}
	group.Wait()
	if got := read.Load(); got > sent*mostRead || files() > 0 {
		t.Errorf("%d bytes of %d bodies were read, %d temporary files", got, sent, files())
	}
}

func TestOnlyTheRouteOfFilesTakesLargeBodies(t *testing.T) {
	files := temporary(t)
	p := newPages(t)
	p.world()
	p.addRun("r1", 1, "succeeded")
	home, err := url.Parse(p.http.URL)
	if err != nil {
		t.Fatal(err)
	}
	address, read := p.served()
	var group sync.WaitGroup
	sent := int64(0)
	for _, role := range []accounts.Role{accounts.Viewer, accounts.Editor} {
		cookies := p.as(role).http.Jar.Cookies(home)
		for _, r := range p.server.Table() {
			takesFiles := role == accounts.Editor && strings.HasPrefix(r.Path, "/sources") && !strings.HasSuffix(r.Path, "delete")
			if r.Method != http.MethodPost || r.Path == "/logout" || takesFiles {
				continue
			}
			sent++
			group.Go(func() { sendHostile(t, address, at(r.Path), cookies) })
		}
	}
	group.Wait()
	if got := read.Load(); got > sent*mostRead || files() > 0 {
		t.Errorf("%d bytes of %d bodies were read, %d temporary files", got, sent, files())
	}
}

// A file larger than any form is taken on its own route, and leaves nothing behind.
func TestALargeFileIsTakenFromAnEditor(t *testing.T) {
	files := temporary(t)
	p := newPages(t)
	p.world()
	v := p.as(accounts.Editor)
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for name, values := range sent(v.get("/sources/new").form(t, "source-form"), "name", "files", "action", "upload") {
		if err := form.WriteField(name, values[0]); err != nil {
			t.Fatal(err)
		}
	}
	file, err := form.CreateFormFile("upload", "people.csv")
	if err != nil {
		t.Fatal(err)
	}
	content := "id,name\n" + strings.Repeat("1,Anna\n", 1<<20)
	if _, err := io.WriteString(file, content); err != nil {
		t.Fatal(err)
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.http.URL+"/sources", &body)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", form.FormDataContentType())
	response, err := v.http.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		t.Fatal(err)
	}
	if p.uploads["uploads/x-people.csv"] != content {
		t.Errorf("status %d, and the file holds %d bytes", response.StatusCode, len(p.uploads["uploads/x-people.csv"]))
	}
	p.http.Close() // every request has ended
	if files() > 0 {
		t.Errorf("%d temporary files stay", files())
	}
}

func TestTheLimitOfARoute(t *testing.T) {
	p := newPages(t)
	for _, r := range p.server.Table() {
		large := r.Method == http.MethodPost && (r.Path == "/sources" || r.Path == "/sources/:id")
		switch {
		case r.Needs == web.Public && r.MostBody > 64<<10, !large && r.MostBody > 2<<20, large && r.MostBody != 256<<20:
			t.Errorf("%s %s takes %d bytes", r.Method, r.Path, r.MostBody)
		}
	}
}
