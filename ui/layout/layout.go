// Package layout is the frame around every page: navigation, theme, user menu,
// messages and the head of the document. Everything in it works without script.
package layout

import "time"

// A Shell is what the frame needs to know. Section names the current part of the
// navigation: home, flows, runs, sources, destinations, authorizers or settings.
//
// The theme form posts "theme" (light, dark or system) and "return" (the path to
// come back to) to /settings/theme; the logout form posts to /logout.
type Shell struct {
	Title   string
	Section string
	// Theme is light, dark, or anything else for "as the system".
	Theme string
	// UserName and UserRole are shown in the user menu.
	UserName string
	UserRole string
	// Path is the address of this page, to come back to after a theme change.
	Path string
	// Now is the time the page was made at, in the reader's zone.
	Now time.Time
	// NeedsAttention is the count shown at Home in the navigation.
	NeedsAttention int
	Flash          []Flash
}

// A Flash is a message about what was just done. Tone is ok, info, warn or bad.
type Flash struct {
	Tone string
	Text string
}

type entry struct{ section, label, href, icon string }

var navigation = []entry{
	{"home", "Home", "/", "house"},
	{"flows", "Flows", "/flows", "workflow"},
	{"runs", "Runs", "/runs", "activity"},
	{"sources", "Sources", "/sources", "database"},
	{"destinations", "Destinations", "/destinations", "warehouse"},
	{"authorizers", "Authorizers", "/authorizers", "key-round"},
	{"settings", "Settings", "/settings", "settings"},
}

var themes = []struct{ value, label string }{{"light", "Light"}, {"dark", "Dark"}, {"system", "System"}}

func (s Shell) theme() string {
	if s.Theme == "light" || s.Theme == "dark" {
		return s.Theme
	}
	return "system"
}
