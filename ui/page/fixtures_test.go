package page

import (
	"time"

	"github.com/a-h/templ"

	"leat/ui/component"
	"leat/ui/layout"
)

// fixtures are all pages with believable content, by name.
func fixtures() map[string]templ.Component {
	all := map[string]templ.Component{
		"gallery":       GalleryPage(Gallery{Shell: shell("Parts", "settings")}),
		"setup":         SetupPage(Setup{Shell: plainShell("Set up"), Token: "t0k", Form: Form{Errors: map[string]string{"password": "The password has 6 characters; it needs 12."}}, Email: "anna@example.com", Name: "Anna"}),
		"setup-note":    SetupNotePage(SetupNote{Shell: plainShell("Set up"), Expired: true, Command: "leat user link"}),
		"login":         LoginPage(Login{Shell: plainShell("Log in"), Form: Form{Errors: map[string]string{"": "This e-mail and password do not belong together."}}, Email: "anna@example.com", Next: "/flows"}),
		"problem-404":   ProblemPage(Problem{Shell: shell("Not found", ""), SignedIn: true, Status: 404, Back: Ref{Label: "All flows", Href: FlowsPath}}),
		"problem-500":   ProblemPage(Problem{Shell: plainShell("Error"), Status: 500, Reference: "01JD3K7Q"}),
		"home":          HomePage(homeFixture()),
		"home-empty":    HomePage(Home{Shell: shell("Home", "home"), CanEdit: true, NoFlows: true, Checklist: steps()}),
		"settings":      SettingsPage(settingsFixture()),
		"confirm":       ConfirmPage(confirmFixture()),
		"confirm-inuse": ConfirmPage(Confirm{Shell: shell("Delete", "authorizers"), Crumbs: crumbs("Authorizers", AuthorizersPath, "shop"), Title: "Delete authorizer shop", Refusal: "shop is in use, so it stays. Delete or change these first:", Users: []Ref{{"source shop-sales", "/sources/s1"}}, CancelHref: "/authorizers/a1"}),
	}
	for name, c := range systemFixtures() {
		all[name] = c
	}
	for name, c := range flowFixtures() {
		all[name] = c
	}
	return all
}

func plainShell(title string) layout.Shell { return layout.Shell{Title: title, Now: now} }

func steps() []Step {
	return []Step{
		{Label: "Save an authorizer for your source", Done: true},
		{Label: "Choose what to read", Help: "Tables, a query or a file.", Href: New(SourcesPath)},
		{Label: "Choose where to write", Help: "The database your analysts read.", Href: New(DestinationsPath)},
		{Label: "Create a flow", Help: "And watch its first run.", Href: New(FlowsPath)},
	}
}

func confirmFixture() Confirm {
	return Confirm{
		Shell: shell("Delete flow", "flows"), Crumbs: crumbs("Flows", FlowsPath, "orders", "/flows/f1", "Delete"), Title: "Delete flow orders",
		Text:   "Its schedule, its 128 runs and their logs are removed. The table analytics.orders with 1 204 331 rows stays.",
		Action: "/flows/f1/delete", Button: "Delete flow", CancelHref: "/flows/f1", Question: "What happens to its position?", Choices: FlowStateChoices(), TypeName: "orders",
	}
}

func runItems() []RunItem {
	return []RunItem{
		{ID: "01JD3K7QXYZ1", FlowID: "f1", FlowName: "orders", State: "succeeded", Trigger: "Schedule", Started: now.Add(-5 * time.Minute), Took: 42 * time.Second, Rows: 1204331},
		{ID: "01JD3K7QXYZ2", FlowID: "f2", FlowName: "invoices", State: "failed", Trigger: "Schedule", Started: now.Add(-70 * time.Minute), Took: 3 * time.Second, Error: "permission denied for table invoices"},
		{ID: "01JD3K7QXYZ3", FlowID: "f3", FlowName: "customers", State: "partial", Trigger: "Anna Nováková", Started: now.Add(-3 * time.Hour), Took: 190 * time.Second, Rows: 88120, Rejected: 3},
		{ID: "01JD3K7QXYZ4", FlowID: "f1", FlowName: "orders", State: "skipped", Trigger: "Schedule", Started: now.Add(-5 * time.Hour)},
	}
}

func runningItem() RunItem {
	return RunItem{ID: "01JD3K7QXYZ9", FlowID: "f4", FlowName: "events", State: "running", Trigger: "Schedule", Started: now.Add(-100 * time.Second), Took: 100 * time.Second, Rows: 1200000, Estimated: 3400000}
}

func homeFixture() Home {
	return Home{
		Shell: shell("Home", "home"), CanEdit: true, Running: []RunItem{runningItem()}, Recent: runItems(), Checklist: steps(),
		Day: DayFigures{Succeeded: 412, Failed: 3, Rows: 48_200_113, Bytes: 6 << 30},
		Attention: []Attention{
			{State: "broken", Title: "invoices", Href: "/flows/f2", Text: "permission denied for table invoices", Fix: "Grant SELECT on public.invoices to reader, then restart the flow.", At: now.Add(-70 * time.Minute), Button: Ref{"Open the run", "/runs/r2"}},
			{State: "late", Title: "customers", Href: "/flows/f3", Text: "The last success is 3 h old; it should run every hour.", At: now.Add(-2 * time.Hour)},
		},
	}
}

func settingsFixture() Settings {
	return Settings{
		Shell: shell("Settings", "settings"), Users: []UserItem{{Name: "Anna Nováková", Email: "anna@example.com", Role: "Owner", Since: now.Add(-90 * 24 * time.Hour), You: true}, {Name: "Jan Svoboda", Email: "jan@example.com", Role: "Viewer", Since: now.Add(-3 * 24 * time.Hour)}},
		About: []component.Pair{{Label: "Version", Value: "0.1.0"}, {Label: "Installation", Value: "01HZX4T8K2", ID: "installation"}, {Label: "Store", Value: "SQLite, /var/lib/leat/leat.db", Mono: true}},
	}
}
