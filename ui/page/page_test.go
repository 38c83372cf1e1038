package page

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/a-h/templ"

	"leat/ui/layout"
)

// With -pages DIR the rendered fixtures are kept, to be looked at in a browser.
var pagesDir = flag.String("pages", "", "folder to write the rendered fixtures to")

var now = time.Date(2026, 11, 21, 9, 30, 0, 0, time.FixedZone("Europe/Prague", 3600))

func shell(title, section string) layout.Shell {
	return layout.Shell{Title: title, Section: section, Theme: "light", UserName: "Anna Nováková", UserRole: "Owner", Path: "/here", Now: now, NeedsAttention: 2}
}

func renderPage(t *testing.T, c templ.Component) string {
	t.Helper()
	var b strings.Builder
	if err := c.Render(context.Background(), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func parse(t *testing.T, html string) *goquery.Document {
	t.Helper()
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(html))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

var forbidden = regexp.MustCompile(`(?i)<[a-z][^>]*\s(style|on[a-z]+)=|<script>|<style|javascript:|(src|href|action)="https?://`)

// TestEveryPage renders each page and checks what must hold for all of them.
func TestEveryPage(t *testing.T) {
	for name, c := range fixtures() {
		t.Run(name, func(t *testing.T) {
			html := renderPage(t, c)
			if *pagesDir != "" {
				if err := os.WriteFile(filepath.Join(*pagesDir, name+".html"), []byte(html), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if bad := forbidden.FindString(html); bad != "" {
				t.Errorf("breaks the content security policy: %q", bad)
			}
			if len(html) > 100_000 {
				t.Errorf("page has %d bytes, the budget is 100,000", len(html))
			}
			checkDocument(t, parse(t, html))
		})
	}
}

func checkDocument(t *testing.T, doc *goquery.Document) {
	t.Helper()
	if n := doc.Find("h1").Length(); n != 1 {
		t.Errorf("page has %d h1, want 1", n)
	}
	if doc.Find("main").Length() != 1 || doc.Find("html[lang]").Length() != 1 || doc.Find("title").Text() == "" {
		t.Error("page misses main, language or title")
	}
	seen := map[string]bool{}
	doc.Find("[id]").Each(func(_ int, s *goquery.Selection) {
		id := s.AttrOr("id", "")
		if seen[id] {
			t.Errorf("id %q stands twice", id)
		}
		seen[id] = true
	})
	doc.Find("input:not([type=hidden]), select, textarea").Each(func(_ int, s *goquery.Selection) {
		id, named := s.Attr("id")
		labelled := s.Closest("label").Length() > 0 || (named && doc.Find("label[for='"+id+"']").Length() > 0)
		if _, aria := s.Attr("aria-label"); !labelled && !aria {
			t.Errorf("field %q has no label", s.AttrOr("name", "?"))
		}
	})
	doc.Find("form").Each(func(_ int, s *goquery.Selection) {
		if s.AttrOr("action", "") == "" {
			t.Error("a form has no action")
		}
		if s.Find("form").Length() > 0 {
			t.Error("a form stands in a form")
		}
	})
	doc.Find("form [aria-describedby]").Each(func(_ int, s *goquery.Selection) {
		for _, id := range strings.Fields(s.AttrOr("aria-describedby", "")) {
			if !seen[id] {
				t.Errorf("aria-describedby names %q, which is not in the page", id)
			}
		}
	})
}
