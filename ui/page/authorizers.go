package page

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"leat/ui/component"
	"leat/ui/layout"
)

// Authorizers is the list of saved ways into systems. The search posts nothing: it is
// a GET with q.
type Authorizers struct {
	Shell   layout.Shell
	CanEdit bool
	Query   string
	Items   []AuthorizerItem
}

// An AuthorizerItem is one line of it. CheckState is "", "passed" or "failed".
type AuthorizerItem struct {
	ID         string
	Name       string
	Connector  string // its title
	Where      string
	TLS        string
	UsedBy     int
	Incomplete bool // a secret is missing
	CheckState string
	CheckedAt  time.Time
}

// A ConnectorCard is one kind of system to choose from.
type ConnectorCard struct {
	Kind    string
	Title   string
	Summary string
	Roles   []string // "source", "destination"
}

// AuthorizerForm is the form of a new or a saved authorizer. Without Connector it
// shows the cards of Connectors, which link to /authorizers/new?connector=KIND.
//
// It posts to /authorizers or /authorizers/{id}: connector, name, url,
// setting.<field>, clear.setting.<field>, tls.mode, tls.server_name, tls.ca,
// tls.client_cert, tls.client_key, clear.tls.client_key, tls.allow_cleartext_password,
// return, and action, which is
// one of save, test (check what is typed, save nothing) or fill (split url into the
// fields). After fill the url must not be rendered again.
type AuthorizerForm struct {
	Shell layout.Shell
	Form
	ID             string
	Name           string
	Connector      string
	ConnectorTitle string
	Connectors     []ConnectorCard
	// URLExample is set when the connector has a URL form.
	URLExample string
	// URLUnknown names the parameters that fill did not understand.
	URLUnknown []string
	// Fields are named "setting.<field>".
	Fields []component.Field
	// TLS is nil for systems without network.
	TLS    *TLSForm
	Report *CheckReport
	UsedBy []Ref
}

// TLSForm is the TLS card. KeySet says that a client key is stored.
type TLSForm struct {
	Mode       string // disable, prefer, require, verify-ca, verify-full
	ServerName string
	CA         string
	ClientCert string
	KeySet     bool
	// ClearPassword lets a server ask for the password in clear text without TLS.
	ClearPassword bool
}

var tlsModes = []component.Option{
	{Value: "disable", Label: "disable", Help: "Never encrypted. Only for a server on this machine or a closed network."},
	{Value: "prefer", Label: "prefer", Help: "Encrypted when the server can, else plain text. Nobody is verified."},
	{Value: "require", Label: "require", Help: "Encrypted or nothing. The server is not verified unless a CA is given."},
	{Value: "verify-ca", Label: "verify-ca", Help: "Encrypted, and the certificate must come from your CA. Its name is not compared."},
	{Value: "verify-full", Label: "verify-full", Help: "Encrypted, certificate and host name verified. The right choice over the internet."},
}

func (t TLSForm) modes() []component.Option {
	out := make([]component.Option, len(tlsModes))
	for i, m := range tlsModes {
		m.Selected = m.Value == t.Mode
		out[i] = m
	}
	return out
}

func (v AuthorizerForm) tlsFields() []component.Field {
	if v.TLS == nil {
		return nil
	}
	return v.with(
		component.Field{Name: "tls.ca", Label: "CA certificate", Type: "textarea", Value: v.TLS.CA, Help: "PEM. Left empty, the CAs of this machine are used."},
		component.Field{Name: "tls.client_cert", Label: "Client certificate", Type: "textarea", Value: v.TLS.ClientCert, Help: "PEM. Only when the server asks for one."},
		component.Field{Name: "tls.client_key", Label: "Client key", Type: "textarea", Secret: true, SecretSet: v.TLS.KeySet, Help: "PEM: PKCS#8, PKCS#1 or EC, without passphrase."},
		component.Field{Name: "tls.server_name", Label: "Server name", Value: v.TLS.ServerName, Help: "When the certificate carries another name than the host."},
		component.Field{
			Name: "tls.allow_cleartext_password", Label: "Allow a password in clear text", Type: "checkbox", Value: strconv.FormatBool(v.TLS.ClearPassword),
			Help: "Only for a server that is not on this machine, has no TLS and cannot do scram-sha-256 or md5. Whoever listens on the way reads the password.",
		},
	)
}

func (v AuthorizerForm) nameField() []component.Field {
	return v.with(component.Field{Name: "name", Label: "Name", Value: v.Name, Required: true, Help: "How sources and destinations refer to it, for example shop."})
}

func (v AuthorizerForm) urlField() component.Field {
	return v.with(component.Field{Name: "url", Label: "Connection string", Type: "code", Error: v.Errors["url"], Help: "For example " + v.URLExample + ". It is split into the fields below and not kept."})[0]
}

func (v AuthorizerForm) allProblems() []component.Problem {
	fields := append(append(v.nameField(), v.with(v.Fields...)...), v.tlsFields()...)
	return v.problems(fields, [2]string{"url", "Connection string"}, [2]string{"tls.mode", "TLS"})
}

func (v AuthorizerForm) title() string {
	switch {
	case v.ID != "":
		return v.Shell.Title
	case v.Connector == "":
		return "New authorizer"
	default:
		return "New " + v.ConnectorTitle + " authorizer"
	}
}

// A CheckReport is the outcome of Test connection, stage by stage.
type CheckReport struct {
	OK      bool
	At      time.Time
	Took    time.Duration
	Message string
	Stages  []CheckStage
}

// A CheckStage is one step of it. State is passed, warning, failed, running or
// "not reached". Cause and Fix are one sentence each; FixSQL can be copied.
type CheckStage struct {
	Title  string
	State  string
	Took   time.Duration
	Detail string
	Cause  string
	Fix    string
	FixSQL string
	Raw    string
}

// text is the report to copy into a message; it holds nothing that the page hides.
func (r CheckReport) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Test connection, %s: %s\n", component.Absolute(r.At), r.Message)
	for _, s := range r.Stages {
		fmt.Fprintf(&b, "%-12s %s", component.StateOf(s.State).Word, s.Title)
		for _, part := range []string{s.Detail, s.Cause, s.Fix, s.FixSQL, s.Raw} {
			if part != "" {
				b.WriteString(" | " + part)
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}
