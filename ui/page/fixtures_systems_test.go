package page

import (
	"time"

	"github.com/a-h/templ"

	"leat/ui/component"
)

func systemFixtures() map[string]templ.Component {
	return map[string]templ.Component{
		"authorizers":       AuthorizersPage(authorizersFixture()),
		"authorizers-empty": AuthorizersPage(Authorizers{Shell: shell("Authorizers", "authorizers"), CanEdit: true}),
		"authorizers-none":  AuthorizersPage(Authorizers{Shell: shell("Authorizers", "authorizers"), CanEdit: true, Query: "xyz"}),
		"authorizer-choose": AuthorizerPage(AuthorizerForm{Shell: shell("New authorizer", "authorizers"), Connectors: connectorFixture(), Form: Form{Return: "/sources/new?draft=d1"}}),
		"authorizer-new":    AuthorizerPage(authorizerFixture("")),
		"authorizer-failed": AuthorizerPage(authorizerFailed()),
		"sources":           SourcesPage(sourcesFixture()),
		"source-new":        SourcePage(SourceForm{Shell: shell("New source", "sources"), Authorizers: authorizerOptions()}),
		"source-edit":       SourcePage(sourceFixture()),
		"source-file":       SourcePage(fileSourceFixture()),
		"destinations":      DestinationsPage(Destinations{Shell: shell("Destinations", "destinations"), CanEdit: true, Items: []DestinationItem{{ID: "d1", Name: "dwh", Authorizer: Ref{"warehouse", "/authorizers/a2"}, Connector: "PostgreSQL", Where: "10.0.0.9:5432/dwh", DefaultSchema: "analytics", UsedBy: 4}}}),
		"destination":       DestinationPage(destinationFixture()),
	}
}

func authorizersFixture() Authorizers {
	return Authorizers{Shell: shell("Authorizers", "authorizers"), CanEdit: true, Items: []AuthorizerItem{
		{ID: "a1", Name: "shop", Connector: "PostgreSQL", Where: "db.example.com:5432/shop", TLS: "verify-full", UsedBy: 3, CheckState: "passed", CheckedAt: now.Add(-3 * time.Hour)},
		{ID: "a2", Name: "warehouse", Connector: "PostgreSQL", Where: "10.0.0.9:5432/dwh", TLS: "require", UsedBy: 4, CheckState: "failed", CheckedAt: now.Add(-26 * time.Hour)},
		{ID: "a3", Name: "exports", Connector: "Files", Where: "exports/", Incomplete: true},
	}}
}

func connectorFixture() []ConnectorCard {
	return []ConnectorCard{
		{Kind: "postgres", Title: "PostgreSQL", Summary: "PostgreSQL 12 and newer, and what speaks its protocol.", Roles: []string{"source", "destination"}},
		{Kind: "duckdb", Title: "DuckDB", Summary: "A DuckDB database file on this machine.", Roles: []string{"source", "destination"}},
		{Kind: "file", Title: "Files", Summary: "CSV files on this machine, uploaded or in a folder.", Roles: []string{"source"}},
	}
}

func postgresFields() []component.Field {
	return []component.Field{
		{Name: "setting.host", Label: "Host", Value: "db.example.com", Required: true, Width: "two"},
		{Name: "setting.port", Label: "Port", Type: "number", Value: "5432", Default: "5432", Width: "third"},
		{Name: "setting.database", Label: "Database", Value: "shop", Required: true},
		{Name: "setting.username", Label: "User", Value: "reader", Required: true, Width: "half"},
		{Name: "setting.password", Label: "Password", Type: "password", Secret: true, Width: "half"},
		{Name: "setting.connect_timeout", Label: "Connect timeout", Type: "number", Value: "15", Default: "15", Unit: "seconds", Advanced: true},
	}
}

func authorizerFixture(id string) AuthorizerForm {
	return AuthorizerForm{
		Shell: shell("New authorizer", "authorizers"), ID: id, Name: "shop", Connector: "postgres", ConnectorTitle: "PostgreSQL",
		URLExample: "postgres://user:password@host:5432/database?sslmode=verify-full", URLUnknown: []string{"target_session_attrs"},
		Fields: postgresFields(), TLS: &TLSForm{Mode: "verify-full"},
	}
}

func authorizerFailed() AuthorizerForm {
	v := authorizerFixture("a1")
	v.Fields[4].SecretSet, v.Fields[4].SecretWhen, v.Fields[0].Error = true, "3 d ago", "The name is not known. Check its spelling."
	v.UsedBy = []Ref{{"source shop-sales", "/sources/s1"}, {"destination dwh", "/destinations/d1"}}
	v.Report = &CheckReport{Message: "The server answers, but some tables may not be read.", At: now, Took: 412 * time.Millisecond, Stages: []CheckStage{
		{Title: "Name", State: "passed", Took: 12 * time.Millisecond, Detail: "db.example.com is 192.0.2.10"},
		{Title: "Connection", State: "passed", Took: 31 * time.Millisecond, Detail: "port 5432"},
		{Title: "TLS", State: "warning", Took: 44 * time.Millisecond, Detail: "TLS 1.3, certificate not verified", Cause: "The mode require encrypts, but does not check who answers."},
		{Title: "Log in", State: "passed", Took: 20 * time.Millisecond, Detail: "as reader"},
		{Title: "Rights", State: "failed", Took: 9 * time.Millisecond, Cause: "SELECT on 41 of 44 tables; missing: invoices, refunds, vouchers.", Fix: "Someone with the right runs:", FixSQL: "GRANT SELECT ON public.invoices, public.refunds, public.vouchers TO reader;", Raw: "ERROR: permission denied for table invoices (SQLSTATE 42501)"},
		{Title: "Round trip", State: "not reached"},
	}}
	return v
}

func authorizerOptions() []component.Option {
	return []component.Option{{Value: "a1", Label: "shop (PostgreSQL)"}, {Value: "a3", Label: "exports (Files)"}}
}

func sourcesFixture() Sources {
	return Sources{Shell: shell("Sources", "sources"), CanEdit: true, Items: []SourceItem{
		{ID: "s1", Name: "shop-sales", Authorizer: Ref{"shop", "/authorizers/a1"}, Connector: "PostgreSQL", Datasets: 3, Summary: "public.orders, public.customers, big-spenders", UsedBy: 2},
		{ID: "s2", Name: "price-lists", Authorizer: Ref{"exports", "/authorizers/a3"}, Connector: "Files", Datasets: 1, Summary: "prices.csv"},
	}}
}

func orderColumns() []SourceColumn {
	return []SourceColumn{
		{Name: "id", Type: "int8", Selected: true, Key: true},
		{Name: "customer_id", Type: "int8", Selected: true},
		{Name: "total", Type: "numeric(12,2)", Selected: true},
		{Name: "note", Type: "text"},
		{Name: "updated_at", Type: "timestamptz", Selected: true, CursorCandidate: true},
	}
}

func sourceFixture() SourceForm {
	preview := galleryData()
	return SourceForm{
		Shell: shell("shop-sales", "sources"), ID: "s1", Name: "shop-sales", AuthorizerID: "a1", Authorizers: authorizerOptions(), CanQuery: true,
		List: DatasetList{Loaded: true, Total: 312, Items: []DatasetItem{
			{Name: "public.orders", Kind: "table", Rows: 1_200_000, Analysed: "planner estimate, analysed 2 d ago", Selected: true},
			{Name: "public.customers", Kind: "table", Rows: 88_120},
			{Name: "public.order_items", Kind: "table", Rows: 5_400_000},
			{Name: "reporting.daily", Kind: "view", Rows: -1},
		}},
		Chosen: []DatasetConfig{
			{Name: "public.orders", Dataset: "public.orders", Rows: 1_200_000, Columns: orderColumns(), Cursor: "updated_at", CursorHint: "updated_at is a timestamp, indexed and never null.", Overlap: "5m", Preview: &preview, PreviewTook: 38 * time.Millisecond, Open: true},
			{Name: "big-spenders", IsQuery: true, Query: "SELECT * FROM customers\nWHERE spend > 1000", Rows: -1, Open: true, PreviewError: &ErrorBox{Title: "relation \"customers\" does not exist", Fix: "Name the schema: public.customers."}},
		},
		UsedBy: []Ref{{"orders", "/flows/f1"}},
	}
}

func fileSourceFixture() SourceForm {
	types := []component.Option{{Value: "int64", Label: "int64"}, {Value: "float64", Label: "float64"}, {Value: "text", Label: "text"}, {Value: "date", Label: "date"}}
	return SourceForm{
		Shell: shell("New source", "sources"), Name: "price-lists", AuthorizerID: "a3", Authorizers: authorizerOptions(), CanUpload: true,
		List: DatasetList{Loaded: true, Total: 1, Items: []DatasetItem{{Name: "prices.csv", Kind: "file", Rows: -1, Selected: true}}},
		Chosen: []DatasetConfig{{
			Name: "prices.csv", Dataset: "prices.csv", Rows: -1, Open: true, Columns: []SourceColumn{{Name: "sku", Type: "text", TypeWays: types, Selected: true}, {Name: "price", Type: "float64", TypeWays: types, Selected: true}},
			Options: []component.Field{{Name: "ds.0.option.delimiter", Label: "Delimiter", Type: "select", Value: ",", Options: []component.Option{{Value: ",", Label: "Comma"}, {Value: ";", Label: "Semicolon"}}, Width: "third"}, {Name: "ds.0.option.header", Label: "The first line names the columns", Type: "checkbox", Value: "true"}},
		}},
	}
}

func destinationFixture() DestinationForm {
	return DestinationForm{
		Shell: shell("New destination", "destinations"), Name: "dwh", AuthorizerID: "a2", Authorizers: []component.Option{{Value: "a2", Label: "warehouse (PostgreSQL)"}}, DefaultSchema: "dbo",
		Schema: SchemaState{Checked: true, Missing: true, Writable: []string{"analytics", "public", "staging"}, FixSQL: "CREATE SCHEMA dbo;\nGRANT USAGE, CREATE ON SCHEMA dbo TO loader;"},
	}
}
