package dial

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
)

// TLSMode says how much a connection is protected.
type TLSMode string

// The TLS modes mean what they mean to PostgreSQL's own clients.
const (
	TLSDisable    TLSMode = "disable"     // never encrypted
	TLSPrefer     TLSMode = "prefer"      // encrypted when the server can, never verified
	TLSRequire    TLSMode = "require"     // encrypted; verified as verify-ca when a CA is given
	TLSVerifyCA   TLSMode = "verify-ca"   // the certificate's chain is verified, its name is not
	TLSVerifyFull TLSMode = "verify-full" // chain and name are verified
)

// TLSModes lists the modes from weak to strong.
func TLSModes() []TLSMode {
	return []TLSMode{TLSDisable, TLSPrefer, TLSRequire, TLSVerifyCA, TLSVerifyFull}
}

// TLS is how one system is reached under TLS. Certificates and key are PEM
// text, never paths. The struct prints without them.
type TLS struct {
	Mode       TLSMode `json:"mode"`
	CA         string  `json:"ca,omitempty"`          // trusted certificates; empty: those of this machine
	ClientCert string  `json:"client_cert,omitempty"` // sent when the server asks for one
	ClientKey  string  `json:"-"`                     // a secret: it is stored sealed, beside the rest
	ServerName string  `json:"server_name,omitempty"` // name in the certificate when it differs from the host

	// AllowCleartextPassword lets a server that is not on this machine ask for the password
	// in clear on a connection without encryption.
	AllowCleartextPassword bool `json:"allow_cleartext_password,omitempty"`
}

// Format prints mode and server name for every verb, since the rest is long or
// secret.
func (t TLS) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "tls "+string(t.Mode))
	if t.ServerName != "" {
		_, _ = io.WriteString(f, " as "+t.ServerName)
	}
}

// Verifies tells whether the server has to prove who it is.
func (t TLS) Verifies() bool {
	return t.Mode == TLSVerifyFull || t.Mode == TLSVerifyCA || t.Mode == TLSRequire && t.CA != ""
}

// Validate checks the mode and reads the certificates. Its error names the
// field and the fix.
func (t TLS) Validate() error {
	if !slices.Contains(TLSModes(), t.Mode) {
		return fmt.Errorf("the TLS mode %q is not known: use disable, prefer, require, verify-ca or verify-full", t.Mode)
	}
	if t.CA != "" && (t.Mode == TLSDisable || t.Mode == TLSPrefer) {
		return fmt.Errorf("the CA certificate has no effect in the TLS mode %s: use verify-ca or verify-full, or remove it", t.Mode)
	}
	if _, err := t.roots(); err != nil {
		return err
	}
	_, err := t.certificates()
	return err
}

// Config gives the configuration for a connection to host, or nil when the
// mode is disable. For prefer, the caller falls back to a plain connection
// when the server does not offer TLS.
func (t TLS) Config(host string) (*tls.Config, error) {
	if err := t.Validate(); err != nil {
		return nil, err
	}
	if t.Mode == TLSDisable {
		return nil, nil
	}
	roots, err := t.roots()
	if err != nil {
		return nil, err
	}
	certificates, err := t.certificates()
	if err != nil {
		return nil, err
	}
	name := t.nameFor(host)
	if name == "" && t.Mode == TLSVerifyFull {
		return nil, errors.New("the TLS mode verify-full needs a host or a server name to compare the certificate with")
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: name, RootCAs: roots, Certificates: certificates}
	if t.Mode != TLSVerifyFull {
		// The standard verification also compares the name. It is replaced by one
		// that does not, or by none.
		config.InsecureSkipVerify = true
	}
	if t.Verifies() && t.Mode != TLSVerifyFull {
		config.VerifyConnection = verifyChain(roots)
	}
	return config, nil
}

func (t TLS) nameFor(host string) string {
	if t.ServerName != "" {
		return t.ServerName
	}
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	return strings.TrimSuffix(strings.Trim(host, "[]"), ".")
}

// verifyChain checks that the certificate was issued by one of roots, for a
// server, and is valid now. It runs on resumed sessions too.
func verifyChain(roots *x509.CertPool) func(tls.ConnectionState) error {
	return func(state tls.ConnectionState) error {
		if len(state.PeerCertificates) == 0 {
			return errors.New("the server sent no certificate")
		}
		between := x509.NewCertPool()
		for _, c := range state.PeerCertificates[1:] {
			between.AddCert(c)
		}
		_, err := state.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: between})
		return err
	}
}

// roots reads the CA field; nil means the certificates of this machine.
func (t TLS) roots() (*x509.CertPool, error) {
	if t.CA == "" {
		return nil, nil
	}
	pool := x509.NewCertPool()
	rest := []byte(t.CA)
	for n := 0; ; n++ {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			if n == 0 || len(strings.TrimSpace(string(rest))) > 0 {
				return nil, errors.New("the CA certificate is not in PEM form: paste the text from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----")
			}
			return pool, nil
		}
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("the CA certificate field holds a %s: paste only certificates", strings.ToLower(block.Type))
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("certificate %d of the CA field cannot be read, copy it again as a whole: %w", n+1, err)
		}
		pool.AddCert(certificate)
	}
}

// certificates reads the client certificate and its key.
func (t TLS) certificates() ([]tls.Certificate, error) {
	switch {
	case t.ClientCert == "" && t.ClientKey == "":
		return nil, nil
	case t.ClientKey == "":
		return nil, errors.New("the client certificate needs its key: fill in the client key, or remove the certificate")
	case t.ClientCert == "":
		return nil, errors.New("the client key needs its certificate: fill in the client certificate, or remove the key")
	}
	if block, _ := pem.Decode([]byte(t.ClientCert)); block == nil || block.Type != "CERTIFICATE" {
		return nil, errors.New("the client certificate is not in PEM form: paste the text from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----")
	}
	block, _ := pem.Decode([]byte(t.ClientKey))
	if block == nil || !strings.HasSuffix(block.Type, "PRIVATE KEY") {
		return nil, errors.New("the client key is not in PEM form: paste the text from -----BEGIN PRIVATE KEY----- to -----END PRIVATE KEY-----")
	}
	if block.Type == "ENCRYPTED PRIVATE KEY" || block.Headers["DEK-Info"] != "" {
		return nil, errors.New("the client key is protected by a passphrase: remove it with \"openssl pkey -in key.pem -out plain.pem\" and paste the result")
	}
	pair, err := tls.X509KeyPair([]byte(t.ClientCert), []byte(t.ClientKey))
	if err != nil {
		return nil, fmt.Errorf("the client certificate and the client key do not fit together: %w", err)
	}
	return []tls.Certificate{pair}, nil
}
