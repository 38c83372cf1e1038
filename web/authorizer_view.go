package web

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"leat/connectors"
	"leat/ui/component"
	"leat/ui/page"
)

// showAuthorizer renders the form as typed.
func (s *Server) showAuthorizer(c echo.Context, status int, edit authorizerEdit) error {
	title := edit.stored.Name
	if edit.stored.ID == "" {
		title = "New authorizer"
	}
	view := page.AuthorizerForm{
		Shell: s.shell(c, title, "authorizers"), Form: edit.form(edit.problems, edit.back),
		ID: edit.stored.ID, Name: edit.typed.Name, Connector: edit.descriptor.Kind, ConnectorTitle: edit.descriptor.Title,
		URLExample: urlExample(edit.descriptor), URLUnknown: edit.unknown, Fields: settingFields(edit), Report: edit.report,
	}
	if edit.descriptor.Capabilities.Networked {
		view.TLS = &page.TLSForm{
			Mode: string(edit.typed.TLS.Mode), ServerName: edit.typed.TLS.ServerName, CA: edit.typed.TLS.CA,
			ClientCert: edit.typed.TLS.ClientCert, KeySet: edit.set[authorizerKeyField], ClearPassword: edit.typed.TLS.AllowCleartextPassword,
		}
	}
	if edit.stored.ID != "" {
		var err error
		if view.UsedBy, err = s.authorizerUsers(c.Request().Context(), edit.stored.ID); err != nil {
			return err
		}
	}
	if status == http.StatusOK {
		return s.ok(c, page.AuthorizerPage(view))
	}
	return s.refused(c, page.AuthorizerPage(view))
}

// urlExample is an example of a connection string; empty when the kind has none.
func urlExample(d connectors.Descriptor) string {
	if d.ParseURL == nil || len(d.URLSchemes) == 0 {
		return ""
	}
	return d.URLSchemes[0] + "://user:password@host:port/database"
}

// settingFields draws the settings of a descriptor.
func settingFields(edit authorizerEdit) []component.Field {
	var out []component.Field
	for _, field := range edit.descriptor.Settings {
		drawn := drawField(field, settingName(field.Name), edit.typed.Settings[field.Name])
		drawn.SecretSet = drawn.Secret && edit.set[field.Name]
		out = append(out, drawn)
	}
	return out
}

// drawField turns a field of a descriptor into an input.
func drawField(field connectors.Field, name, value string) component.Field {
	out := component.Field{
		Name: name, Label: field.Label, Value: value, Default: field.Default, Help: field.Help,
		Required: field.Required, Advanced: field.Advanced,
	}
	switch field.Type {
	case connectors.FieldSecret:
		out.Type, out.Secret, out.Value = "password", true, ""
	case connectors.FieldNumber:
		out.Type, out.Width = "number", "third"
	case connectors.FieldBool:
		out.Type = "checkbox"
	case connectors.FieldChoice:
		out.Type = "select"
		for _, choice := range field.Choices {
			out.Options = append(out.Options, component.Option{Value: choice, Label: choice, Selected: choice == value})
		}
	case connectors.FieldText:
		if field.Name == "host" { // the port stands beside it
			out.Width = "two"
		}
	}
	return out
}

// connectorCards are the kinds of systems to choose from.
func (s *Server) connectorCards() []page.ConnectorCard {
	var out []page.ConnectorCard
	for _, kind := range s.Catalog.Kinds() {
		descriptor, ok := s.descriptor(kind)
		if !ok {
			continue
		}
		card := page.ConnectorCard{Kind: kind, Title: descriptor.Title, Summary: descriptor.Summary}
		if descriptor.Capabilities.Reads {
			card.Roles = append(card.Roles, "source")
		}
		if descriptor.Capabilities.Loads {
			card.Roles = append(card.Roles, "destination")
		}
		out = append(out, card)
	}
	return out
}
