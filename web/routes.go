package web

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"leat/accounts"
	"leat/ui/page"
	"leat/ui/static"
)

// public marks the routes that need no login.
const public accounts.Permission = "public"

// route is one line of the table: what is asked, what it needs, who answers.
type route struct {
	method, path string
	needs        accounts.Permission
	handle       echo.HandlerFunc
}

// table lists every route. GET routes also answer HEAD and never change state.
func (s *Server) table() []route {
	const get, post = http.MethodGet, http.MethodPost
	one := func(list string) string { return page.One(list, ":id") }
	sub := func(list, what string) string { return page.Sub(list, ":id", what) }
	return []route{
		{get, "/livez", public, s.live},
		{get, "/readyz", public, s.ready},
		{get, static.Prefix + "*", public, echo.WrapHandler(static.Handler())},
		{get, page.SetupPath, public, s.setupForm},
		{post, page.SetupPath, public, s.setup},
		{get, page.LoginPath, public, s.loginForm},
		{post, page.LoginPath, public, s.login},
		{post, "/settings/theme", public, s.setTheme},

		{post, "/logout", accounts.View, s.logout},
		{get, "/", accounts.View, s.home},
		{post, "/checklist/dismiss", accounts.View, s.dismissChecklist},
		{get, page.SettingsPath, accounts.View, s.settings},
		{get, "/-/ui", accounts.Manage, s.gallery},

		{get, page.AuthorizersPath, accounts.View, s.authorizers},
		{get, page.New(page.AuthorizersPath), accounts.Edit, s.newAuthorizer},
		{post, page.AuthorizersPath, accounts.Edit, s.saveAuthorizer},
		{get, one(page.AuthorizersPath), accounts.Edit, s.editAuthorizer},
		{post, one(page.AuthorizersPath), accounts.Edit, s.saveAuthorizer},
		{get, sub(page.AuthorizersPath, "delete"), accounts.Edit, s.askDeleteAuthorizer},
		{post, sub(page.AuthorizersPath, "delete"), accounts.Edit, s.deleteAuthorizer},

		{get, page.SourcesPath, accounts.View, s.sources},
		{get, page.New(page.SourcesPath), accounts.Edit, s.newSource},
		{post, page.SourcesPath, accounts.Edit, s.saveSource},
		{get, one(page.SourcesPath), accounts.Edit, s.editSource},
		{post, one(page.SourcesPath), accounts.Edit, s.saveSource},
		{get, sub(page.SourcesPath, "delete"), accounts.Edit, s.askDeleteSource},
		{post, sub(page.SourcesPath, "delete"), accounts.Edit, s.deleteSource},

		{get, page.DestinationsPath, accounts.View, s.destinations},
		{get, page.New(page.DestinationsPath), accounts.Edit, s.newDestination},
		{post, page.DestinationsPath, accounts.Edit, s.saveDestination},
		{get, one(page.DestinationsPath), accounts.Edit, s.editDestination},
		{post, one(page.DestinationsPath), accounts.Edit, s.saveDestination},
		{get, sub(page.DestinationsPath, "delete"), accounts.Edit, s.askDeleteDestination},
		{post, sub(page.DestinationsPath, "delete"), accounts.Edit, s.deleteDestination},

		{get, page.FlowsPath, accounts.View, s.flows},
		{get, page.New(page.FlowsPath), accounts.Edit, s.newFlow},
		{post, page.FlowsPath, accounts.Edit, s.saveFlow},
		{get, one(page.FlowsPath), accounts.View, s.flow},
		{post, one(page.FlowsPath), accounts.Edit, s.saveFlow},
		{get, sub(page.FlowsPath, "runs"), accounts.View, s.flowRuns},
		{get, sub(page.FlowsPath, "settings"), accounts.View, s.flowSettings},
		{get, sub(page.FlowsPath, "edit"), accounts.Edit, s.editFlow},
		{post, sub(page.FlowsPath, "run"), accounts.Operate, s.runFlow},
		{post, sub(page.FlowsPath, "pause"), accounts.Operate, s.pauseFlow},
		{post, sub(page.FlowsPath, "resume"), accounts.Operate, s.resumeFlow},
		{get, sub(page.FlowsPath, "delete"), accounts.Edit, s.askDeleteFlow},
		{post, sub(page.FlowsPath, "delete"), accounts.Edit, s.deleteFlow},

		{get, page.RunsPath, accounts.View, s.runs},
		{get, one(page.RunsPath), accounts.View, s.run},
		{get, sub(page.RunsPath, "events"), accounts.View, s.runEvents},
		{get, sub(page.RunsPath, "log"), accounts.View, s.runLog},
		{get, sub(page.RunsPath, "rejects"), accounts.Preview, s.runRejects},
		{post, sub(page.RunsPath, "cancel"), accounts.Operate, s.cancelRun},
	}
}
