package web

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"leat/authorizers"
	"leat/connectors"
	"leat/dial"
	"leat/secrets"
	"leat/ui/page"
)

// authorizerKeyField is the TLS client key among the secrets.
const authorizerKeyField = authorizers.SecretTLSKey

// fillAuthorizer splits a connection string into the fields and shows the form again,
// without the string. Nothing is saved.
func (s *Server) fillAuthorizer(c echo.Context, edit authorizerEdit, form url.Values) error {
	edit.problems = connectors.Problems{}
	if edit.descriptor.ParseURL == nil {
		return echo.NewHTTPError(http.StatusBadRequest, edit.descriptor.Title+" has no connection string.")
	}
	parsed, err := edit.descriptor.ParseURL(word(form, "url"))
	if err != nil {
		edit.problems.Add("url", problemLine(err))
		return s.showAuthorizer(c, http.StatusUnprocessableEntity, edit)
	}
	edit.unknown = parsed.Unknown
	for name, value := range parsed.Settings {
		if field, ok := edit.descriptor.Field(name); ok && field.Type != connectors.FieldSecret {
			edit.typed.Settings[name] = value
		}
	}
	if parsed.TLSMode != "" {
		edit.typed.TLS.Mode = dial.TLSMode(parsed.TLSMode)
	}
	s.keepParsedSecrets(&edit, parsed.Settings, actor(c).ID)
	if err := s.nameAfterURL(c, &edit); err != nil {
		return err
	}
	return s.showAuthorizer(c, http.StatusOK, edit)
}

// keepParsedSecrets takes the password out of the connection string; the page only
// says that it is set.
func (s *Server) keepParsedSecrets(edit *authorizerEdit, settings connectors.Settings, user string) {
	at := edit.place(user)
	for _, field := range edit.descriptor.Settings {
		value := settings[field.Name]
		if field.Type != connectors.FieldSecret {
			continue
		}
		if value == "" {
			_, edit.set[field.Name] = s.typed.find(at, field.Name)
			continue
		}
		if refusal := s.refuseReference(value); refusal != "" {
			edit.problems.Add(settingName(field.Name), refusal)
			continue
		}
		s.typed.remember(at, field.Name, secrets.New(value))
		edit.set[field.Name] = true
	}
}

// nameAfterURL names a new authorizer after its database, unless a person named it.
func (s *Server) nameAfterURL(c echo.Context, edit *authorizerEdit) error {
	database := edit.typed.Settings["database"]
	own := edit.typed.Name != "" && !strings.HasPrefix(edit.typed.Name, edit.descriptor.Kind)
	if edit.stored.ID != "" || own || database == "" {
		return nil
	}
	name, err := s.freeAuthorizerName(c, database)
	edit.typed.Name = name
	return err
}

// testAuthorizer checks what is typed and saves nothing; the outcome is remembered
// when it is exactly the saved authorizer that was tested.
func (s *Server) testAuthorizer(c echo.Context, edit authorizerEdit) error {
	ctx := c.Request().Context()
	if err := edit.judge(); err != nil {
		return err
	}
	delete(edit.problems, "name") // a test needs none
	if len(edit.problems) > 0 {
		edit.report = &page.CheckReport{At: s.Now(), Message: "The settings are not complete.", Stages: []page.CheckStage{
			{Title: "Settings", State: "failed", Cause: strings.Join(edit.problemLines(), " ")},
		}}
		return s.showAuthorizer(c, http.StatusUnprocessableEntity, edit)
	}
	report := s.Engine.Check(ctx, edit.typed)
	edit.report = checkReport(report)
	if edit.isStored() {
		if err := s.Authorizers.RecordCheck(ctx, edit.stored.ID, report.Result()); err != nil {
			return fmt.Errorf("remember the check: %w", err)
		}
	}
	return s.showAuthorizer(c, http.StatusOK, edit)
}

func (e *authorizerEdit) problemLines() []string {
	var lines []string
	for _, field := range e.problems.Fields() {
		label := strings.TrimPrefix(strings.TrimPrefix(field, "setting."), "tls.")
		if found, ok := e.descriptor.Field(label); ok {
			label = found.Label
		}
		lines = append(lines, label+": "+sentence(e.problems[field]))
	}
	return lines
}

// isStored says that the form holds exactly what the store holds.
func (e *authorizerEdit) isStored() bool {
	same := func(a, b secrets.Secret) bool { return a.Equal(b) }
	return e.stored.ID != "" && e.stored.TLS == e.typed.TLS && maps.EqualFunc(e.stored.Secrets, e.typed.Secrets, same) &&
		maps.Equal(filled(e.stored.Settings), filled(e.typed.Settings)) && slices.Equal(e.stored.Missing, e.typed.Missing)
}

// filled leaves out empty settings, which mean the default.
func filled(settings map[string]string) map[string]string {
	out := maps.Clone(settings)
	maps.DeleteFunc(out, func(_, value string) bool { return value == "" })
	return out
}

// stageTitles are the names of stages for people.
var stageTitles = map[string]string{
	"settings": "Settings", "dns": "Look up the name", "tcp": "Connect", "tls": "Set up TLS", "auth": "Log in",
	"database": "Open the database", "server": "Server", "permissions": "Rights", "rights": "Rights", "open": "Open",
	"read": "Read rights", "write": "Write rights", "version": "Version",
}

// stageStates are the words of the pages for the outcomes.
var stageStates = map[authorizers.StageStatus]string{
	authorizers.StageOK: "passed", authorizers.StageWarning: "warning",
	authorizers.StageFailed: "failed", authorizers.StageNotReached: "not reached",
}

func checkReport(r authorizers.CheckReport) *page.CheckReport {
	out := &page.CheckReport{OK: r.OK, At: r.At, Took: r.Duration, Message: "Everything works."}
	if !r.OK {
		out.Message = sentence(r.Message)
	}
	for _, stage := range r.Stages {
		shown := page.CheckStage{
			Title: stageTitles[stage.Name], State: stageStates[stage.Status], Took: stage.Duration, Detail: stage.Detail, Cause: sentence(stage.Message),
		}
		if shown.Title == "" {
			shown.Title = strings.TrimSuffix(sentence(strings.ReplaceAll(stage.Name, "_", " ")), ".")
		}
		shown.Fix, shown.FixSQL = splitFix(stage.Fix)
		out.Stages = append(out.Stages, shown)
	}
	return out
}
