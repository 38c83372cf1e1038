package static

import (
	"io/fs"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

func TestHandlerServesHashedAddressesOnly(t *testing.T) {
	for name, wantType := range map[string]string{
		"css/app.css": "text/css; charset=utf-8", "js/app.js": "text/javascript; charset=utf-8",
		"js/htmx.min.js": "text/javascript; charset=utf-8", "favicon.svg": "image/svg+xml",
	} {
		rec := httptest.NewRecorder()
		Handler().ServeHTTP(rec, httptest.NewRequest("GET", Path(name), nil))
		if rec.Code != 200 || rec.Header().Get("Content-Type") != wantType || rec.Body.Len() == 0 {
			t.Errorf("%s: status %d, type %q, %d bytes", name, rec.Code, rec.Header().Get("Content-Type"), rec.Body.Len())
		}
		if !strings.Contains(rec.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s is not kept by the browser: %q", name, rec.Header().Get("Cache-Control"))
		}
	}
	rec := httptest.NewRecorder()
	Handler().ServeHTTP(rec, httptest.NewRequest("GET", "/static/css/app.css", nil))
	if rec.Code != 404 {
		t.Errorf("an address without hash answers %d, want 404", rec.Code)
	}
}

func TestBudgetsOfThePage(t *testing.T) {
	if n := len(assets().byName["css/app.css"].content); n > 30_000 {
		t.Errorf("style sheet has %d bytes, the budget is 30,000", n)
	}
	if n := len(assets().byName["js/app.js"].content); n > 10_000 {
		t.Errorf("own script has %d bytes, the budget is 10,000", n)
	}
}

func TestColoursLiveInTheTokenFileOnly(t *testing.T) {
	hex := regexp.MustCompile(`#[0-9A-Fa-f]{3,8}\b`)
	for _, part := range styleParts[1:] {
		content, err := fs.ReadFile(files, part)
		if err != nil {
			t.Fatal(err)
		}
		if found := hex.FindAll(content, -1); found != nil {
			t.Errorf("%s names colours itself: %q", part, found)
		}
	}
}
