package page

import (
	"net/url"
	"strconv"
)

// The addresses that pages link to and forms post to. The web package serves them.
const (
	SetupPath        = "/setup"
	LoginPath        = "/login"
	FlowsPath        = "/flows"
	RunsPath         = "/runs"
	SourcesPath      = "/sources"
	DestinationsPath = "/destinations"
	AuthorizersPath  = "/authorizers"
	SettingsPath     = "/settings"
)

// New is the address of the form for a new thing of a list.
func New(list string) string { return list + "/new" }

// One is the page of one thing of a list: One(FlowsPath, "f1") is /flows/f1. For
// authorizers, sources and destinations it is the form, which posts to the same
// address.
func One(list, id string) string { return list + "/" + id }

// Sub is a page or an action under one thing: Sub(FlowsPath, "f1", "run") is
// /flows/f1/run. Actions under a flow: run, pause, resume, delete (GET asks, POST
// deletes); pages: runs, settings, edit. Under a run: cancel, retry (POST), events
// (server-sent events), log (text). Under an authorizer: test (POST), delete.
func Sub(list, id, what string) string { return One(list, id) + "/" + what }

// formAction is where a form posts: the list for a new thing, else the thing.
func formAction(list, id string) string {
	if id == "" {
		return list
	}
	return One(list, id)
}

// connectorHref is the form of a new authorizer of one kind.
func connectorHref(kind, back string) string {
	q := url.Values{"connector": {kind}}
	if back != "" {
		q.Set("return", back)
	}
	return New(AuthorizersPath) + "?" + q.Encode()
}

func itoa(i int) string { return strconv.Itoa(i) }
