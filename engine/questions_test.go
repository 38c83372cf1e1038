package engine

import (
	"strings"
	"testing"
	"time"

	"leat/authorizers"
	"leat/connectors"
	"leat/dial"
	"leat/flows"
	"leat/secrets"
)

func TestPreview(t *testing.T) {
	w := newWorld(t)
	orders := connectors.Selection{Dataset: connectors.Dataset{Schema: "public", Name: "orders"}}
	got, err := w.Preview(t.Context(), "shop", orders, 150)
	w.must(err)
	if len(got.Rows) != 150 || *got.Rows[149][0] != "49" || *got.Rows[0][1] != "xxxxxxxxxx" {
		t.Errorf("%d rows came", len(got.Rows))
	}
	if len(got.Columns) != 2 || got.Columns[0].Type != "int64" || !got.Columns[0].Key || got.Columns[1].Key {
		t.Errorf("the columns are %+v", got.Columns)
	}
	if got, err = w.Preview(t.Context(), "shop", orders, 0); err != nil || len(got.Rows) != PreviewRows {
		t.Errorf("%d rows came without a limit (%v)", len(got.Rows), err)
	}
	w.clean()
}

func TestPreviewIsBoundedInBytesAndTime(t *testing.T) {
	w := newWorld(t)
	w.system.datasets["public.wide"] = &dataset{rows: 200, batch: 10, width: 100 << 10}
	wide := connectors.Selection{Dataset: connectors.Dataset{Schema: "public", Name: "wide"}}
	got, err := w.Preview(t.Context(), "shop", wide, 200)
	w.must(err)
	if len(got.Rows) < 50 || len(got.Rows) > 70 || len(got.Warnings) == 0 {
		t.Errorf("%d rows of 64 KiB came, warnings %q", len(got.Rows), got.Warnings)
	}
	if text := *got.Rows[0][1]; !strings.HasSuffix(text, "…") || len(text) > previewValue+4 {
		t.Errorf("a value of %d bytes is shown", len(text))
	}
	w.timing.preview = 50 * time.Millisecond
	w.system.faults.next = func(event int) error {
		if event > 3 {
			time.Sleep(40 * time.Millisecond)
		}
		return nil
	}
	slow := connectors.Selection{Dataset: connectors.Dataset{Schema: "public", Name: "orders"}}
	got, err = w.Preview(t.Context(), "shop", slow, 1000)
	w.must(err)
	if len(got.Rows) == 0 || len(got.Rows) == 1000 || len(got.Warnings) != 1 {
		t.Errorf("%d rows came in time, warnings %q", len(got.Rows), got.Warnings)
	}
	w.clean()
}

func TestDiscoverDescribeSchemas(t *testing.T) {
	w := newWorld(t)
	listed, err := w.Discover(t.Context(), "shop")
	if err != nil || len(listed) != 1 || listed[0].Name != "orders" {
		t.Errorf("listed %+v, %v", listed, err)
	}
	described, err := w.Describe(t.Context(), "shop", connectors.Dataset{Schema: "public", Name: "orders"})
	if err != nil || described.EstimatedRows != 1000 || described.Schema.Key[0] != "id" {
		t.Errorf("described %+v, %v", described, err)
	}
	schemas, err := w.Schemas(t.Context(), "dwh")
	if err != nil || len(schemas) != 1 || !schemas[0].Writable {
		t.Errorf("schemas %+v, %v", schemas, err)
	}
	w.clean()
}

func TestPlanFlow(t *testing.T) {
	w := newWorld(t)
	missing := stream("public.orders")
	missing.Table, missing.StateKey = "nowhere.orders", "flow/nowhere.orders"
	flow := flows.Flow{Name: "new", DestinationID: "dwh", Streams: []flows.Stream{stream("public.orders"), missing}}
	plans, err := w.PlanFlow(t.Context(), flow)
	w.must(err)
	if len(plans) != 2 || !plans[0].Checked || plans[0].Problem != nil || plans[0].Unique[0] != "id" {
		t.Errorf("the plans are %+v", plans)
	}
	if plans[1].Problem == nil || plans[1].Problem.Kind != connectors.NotFound || !plans[1].Checked {
		t.Errorf("a missing schema gave %+v", plans[1])
	}
	w.system.faults.open = func() error { return errUnreachable }
	plans, err = w.PlanFlow(t.Context(), flow)
	w.must(err)
	if len(plans) != 2 || plans[0].Checked || plans[0].Problem == nil {
		t.Errorf("an end that does not answer gave %+v", plans)
	}
	if _, err = w.PlanFlow(t.Context(), flows.Flow{DestinationID: "dwh"}); !connectors.Is(err, connectors.Config) {
		t.Errorf("a flow without streams gave %v", err)
	}
	w.clean()
}

func TestSecretsAreResolvedWhenOpening(t *testing.T) {
	w := newWorld(t)
	w.References = secrets.Resolver{
		AllowEnv: func(string) bool { return true },
		Getenv:   func(string) string { return "wrong" },
	}
	a := authorizers.Authorizer{Name: "a", Connector: "memory", Secrets: map[string]secrets.Secret{"password": secrets.New("${env:SHOP}")}}
	report := w.Check(t.Context(), a)
	if report.OK || report.Message != "the password is wrong" {
		t.Errorf("the report is %+v", report)
	}
	a.Secrets = map[string]secrets.Secret{"password": secrets.New("${env:LEAT_KEY}")}
	if report = w.Check(t.Context(), a); report.OK || report.Stages[0].Status != authorizers.StageFailed {
		t.Errorf("Leat's own variable was given out: %+v", report)
	}
	a.Secrets = map[string]secrets.Secret{"password": secrets.New("x${env:SHOP}")}
	if report = w.Check(t.Context(), a); report.OK || strings.Contains(report.Message, "SHOP") {
		t.Errorf("a reference inside a text was taken: %+v", report)
	}
	a.Secrets, a.Missing = nil, []string{"password"}
	if report = w.Check(t.Context(), a); report.OK || !strings.Contains(report.Message, "lost its secret password") {
		t.Errorf("the report is %+v", report)
	}
	a.Missing = nil
	if report = w.Check(t.Context(), a); !report.OK || len(report.Stages) != 2 {
		t.Errorf("the report is %+v", report)
	}
	w.clean()
}

// names writes stages as "name=status".
func names(stages []authorizers.CheckStage) string {
	texts := make([]string, len(stages))
	for i, s := range stages {
		texts[i] = s.Name + "=" + string(s.Status)
	}
	return strings.Join(texts, " ")
}

func TestStagesAreInOrder(t *testing.T) {
	networked := []string{StageSettings, dial.StageDNS, dial.StageTCP, dial.StageTLS, stageAuth, stageDatabase}
	refused := &dial.Error{Stage: dial.StageTCP, Host: "db", Kind: dial.KindRefused, Err: errUnreachable}
	auth := &connectors.Error{Kind: connectors.Auth, Message: "the password is wrong"}
	cases := map[string]struct {
		stages  []dial.Stage
		failure error
		want    string
	}{
		"all well":         {[]dial.Stage{{Name: "tcp"}, {Name: "tls"}, {Name: "auth"}, {Name: "rights"}}, nil, "settings=ok tcp=ok tls=ok auth=ok rights=ok"},
		"refused":          {[]dial.Stage{{Name: "dns"}, {Name: "tcp", Err: refused}}, refused, "settings=ok dns=ok tcp=failed tls=not_reached auth=not_reached database=not_reached"},
		"second address":   {[]dial.Stage{{Name: "tcp", Err: refused}, {Name: "tcp"}, {Name: "tls"}}, nil, "settings=ok tcp=ok tls=ok"},
		"bad setting":      {nil, &connectors.Error{Kind: connectors.Config}, "settings=failed dns=not_reached tcp=not_reached tls=not_reached auth=not_reached database=not_reached"},
		"unreported auth":  {[]dial.Stage{{Name: "tcp"}, {Name: "tls"}}, auth, "settings=ok tcp=ok tls=ok auth=failed database=not_reached"},
		"unreported stage": {[]dial.Stage{{Name: "tcp"}}, errUnreachable, "settings=ok tcp=ok tls=failed auth=not_reached database=not_reached"},
		"tls fallback":     {[]dial.Stage{{Name: "tls", Err: refused}, {Name: "auth"}}, nil, "settings=ok tls=warning auth=ok"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var list stageList
			for _, s := range c.stages {
				list.add(s)
			}
			if got := names(list.arrange(networked, c.failure)); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}
