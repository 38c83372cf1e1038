package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"leat/authorizers"
	"leat/connectors"
	"leat/dial"
	"leat/flows"
	"leat/secrets"
	"leat/ui/page"
)

// inUse says that a store refused a deletion.
func inUse(err error) bool {
	return errors.Is(err, flows.ErrInUse) || errors.Is(err, authorizers.ErrInUse)
}

// nameTaken says that a store refused a name.
func nameTaken(err error) bool {
	return errors.Is(err, flows.ErrNameTaken) || errors.Is(err, authorizers.ErrNameTaken)
}

// authorizerEdit is an authorizer being typed.
type authorizerEdit struct {
	formVersion
	descriptor connectors.Descriptor
	// stored is what the store has; zero for a new one.
	stored authorizers.Authorizer
	// typed is what the form says, secrets filled in.
	typed authorizers.Authorizer
	// set names the secrets that have a value which is not in the form.
	set      map[string]bool
	problems connectors.Problems
	unknown  []string
	back     string
	report   *page.CheckReport
}

// newAuthorizer shows the kinds of systems, then the empty form of one.
func (s *Server) newAuthorizer(c echo.Context) error {
	kind := c.QueryParam("connector")
	back := returnPath(c.QueryParams())
	if kind == "" {
		return s.ok(c, page.AuthorizerPage(page.AuthorizerForm{
			Shell: s.shell(c, "New authorizer", "authorizers"), Form: page.Form{Return: back}, Connectors: s.connectorCards(),
		}))
	}
	descriptor, ok := s.descriptor(kind)
	if !ok {
		return echo.ErrNotFound
	}
	name, err := s.freeAuthorizerName(c, kind)
	if err != nil {
		return err
	}
	edit := authorizerEdit{descriptor: descriptor, back: back, typed: blankAuthorizer(descriptor, name)}
	return s.showAuthorizer(c, http.StatusOK, edit)
}

// blankAuthorizer is a new one with everything that can be prefilled.
func blankAuthorizer(descriptor connectors.Descriptor, name string) authorizers.Authorizer {
	a := authorizers.Authorizer{Name: name, Connector: descriptor.Kind, Settings: map[string]string{}, Secrets: map[string]secrets.Secret{}}
	for _, field := range descriptor.Settings {
		if field.Type != connectors.FieldSecret {
			a.Settings[field.Name] = field.Default
		}
	}
	if descriptor.Capabilities.Networked {
		a.TLS.Mode = dial.TLSPrefer
	}
	return a
}

func (s *Server) freeAuthorizerName(c echo.Context, wanted string) (string, error) {
	all, err := s.Authorizers.Authorizers(c.Request().Context())
	if err != nil {
		return "", fmt.Errorf("list authorizers: %w", err)
	}
	return freeName(wanted, names(all, func(a authorizers.Authorizer) string { return a.Name })), nil
}

// editAuthorizer shows the form of a saved one.
func (s *Server) editAuthorizer(c echo.Context) error {
	edit, err := s.storedEdit(c)
	if err != nil {
		return err
	}
	edit.back = returnPath(c.QueryParams())
	return s.showAuthorizer(c, http.StatusOK, edit)
}

func (s *Server) storedEdit(c echo.Context) (authorizerEdit, error) {
	a, err := s.Authorizers.Authorizer(c.Request().Context(), c.Param("id"))
	if err != nil {
		return authorizerEdit{}, fmt.Errorf("find the authorizer: %w", err)
	}
	descriptor, ok := s.descriptor(a.Connector)
	if !ok {
		return authorizerEdit{}, echo.NewHTTPError(http.StatusNotFound, fmt.Sprintf("This version of Leat has no connector %q.", a.Connector))
	}
	edit := authorizerEdit{descriptor: descriptor, stored: a, typed: a, set: map[string]bool{}, problems: connectors.Problems{}}
	edit.seen = a.UpdatedAt
	for name, secret := range a.Secrets {
		edit.set[name] = !secret.Empty()
	}
	for _, name := range a.Missing {
		edit.problems.Add(name, "This secret was not part of the import. Type it again.")
	}
	return edit, nil
}

// saveAuthorizer takes the form: save, test or fill.
func (s *Server) saveAuthorizer(c echo.Context) error {
	form, err := posted(c)
	if err != nil {
		return err
	}
	edit, err := s.typedEdit(c, form)
	if err != nil {
		return err
	}
	switch form.Get("action") {
	case "fill":
		return s.fillAuthorizer(c, edit, form)
	case "test":
		return s.testAuthorizer(c, edit)
	default:
		return s.storeAuthorizer(c, edit)
	}
}

// typedEdit reads the form over what is stored.
func (s *Server) typedEdit(c echo.Context, form url.Values) (authorizerEdit, error) {
	var edit authorizerEdit
	if c.Param("id") != "" {
		var err error
		if edit, err = s.storedEdit(c); err != nil {
			return edit, err
		}
	} else {
		descriptor, ok := s.descriptor(form.Get("connector"))
		if !ok {
			return edit, echo.NewHTTPError(http.StatusBadRequest, "The form names no connector that this Leat has.")
		}
		edit.descriptor = descriptor
		edit.stored.Settings = map[string]string{}
	}
	edit.back, edit.set, edit.problems = returnPath(form), map[string]bool{}, connectors.Problems{}
	edit.formVersion = versionIn(form, edit.stored.ID)
	edit.typed = readAuthorizer(edit, form)
	s.readSecrets(&edit, form, actor(c).ID)
	return edit, nil
}

// readAuthorizer reads everything but the secrets. What is not a field of the form
// (id, connector, times) comes from the store.
func readAuthorizer(edit authorizerEdit, form url.Values) authorizers.Authorizer {
	a := edit.stored
	a.Connector, a.Name = edit.descriptor.Kind, word(form, "name")
	a.Settings, a.Secrets, a.Missing = map[string]string{}, map[string]secrets.Secret{}, nil
	for _, field := range edit.descriptor.Settings {
		switch field.Type {
		case connectors.FieldSecret:
		case connectors.FieldBool:
			a.Settings[field.Name] = fmt.Sprint(ticked(form, settingName(field.Name)))
		default:
			a.Settings[field.Name] = word(form, settingName(field.Name))
		}
	}
	if edit.descriptor.Capabilities.Networked {
		a.TLS = dial.TLS{
			Mode: dial.TLSMode(word(form, "tls.mode")), CA: word(form, "tls.ca"),
			ClientCert: word(form, "tls.client_cert"), ServerName: word(form, "tls.server_name"),
			AllowCleartextPassword: ticked(form, "tls.allow_cleartext_password"),
		}
	}
	return a
}

func settingName(field string) string { return "setting." + field }

// storeAuthorizer saves what was typed when the domain has nothing against it.
func (s *Server) storeAuthorizer(c echo.Context, edit authorizerEdit) error {
	ctx := c.Request().Context()
	if err := edit.judge(); err != nil {
		return err
	}
	if len(edit.problems) > 0 {
		return s.showAuthorizer(c, http.StatusUnprocessableEntity, edit)
	}
	a := edit.typed
	if a.ID == "" {
		a.ID, a.CreatedAt = s.NewID(), s.Now()
	}
	if err := s.Edits.EditAuthorizer(ctx, a, edit.edit(c)); edit.overtaken(err, "authorizer", page.One(page.AuthorizersPath, a.ID)) {
		return s.showAuthorizer(c, http.StatusUnprocessableEntity, edit)
	} else if nameTaken(err) {
		edit.problems.Add("name", "Another authorizer is called "+a.Name+". Choose another name.")
		return s.showAuthorizer(c, http.StatusUnprocessableEntity, edit)
	} else if err != nil {
		return fmt.Errorf("save the authorizer: %w", err)
	}
	s.flash(ctx, "ok", "Authorizer "+a.Name+" is saved.")
	if edit.back != "" {
		return redirect(c, withParam(edit.back, "authorizer", a.ID))
	}
	return redirect(c, page.AuthorizersPath)
}

// judge asks the domain and names its problems after the form's inputs.
func (e *authorizerEdit) judge() error {
	found, err := problemsOf(e.typed.Validate(e.descriptor))
	if err != nil {
		return fmt.Errorf("judge the authorizer: %w", err)
	}
	for field, text := range found {
		e.problems.Add(e.input(field), fieldSentence(text))
	}
	return nil
}

// input is the name of the form's field for a field of the domain.
func (e *authorizerEdit) input(field string) string {
	field = strings.TrimPrefix(field, "settings.")
	if name, ok := secretNames(e.descriptor)[field]; ok {
		return name
	}
	if field == "tls" {
		return "tls.mode"
	}
	if _, ok := e.descriptor.Field(field); ok {
		return settingName(field)
	}
	return field
}
