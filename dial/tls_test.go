package dial_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"leat/dial"
)

// authority issues certificates for tests.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  string
}

func newAuthority(t *testing.T, name string) authority {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	key := newKey(t)
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return authority{cert: cert, key: key, pem: pemText("CERTIFICATE", der)}
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func pemText(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// issue makes a certificate for name, valid until the given time, as PEM.
func (a authority) issue(t *testing.T, name string, until time.Time) (cert, key string) {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: until,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if ip := net.ParseIP(name); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{name}
	}
	private := newKey(t)
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, private.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pemText("CERTIFICATE", der), pemText("PRIVATE KEY", keyDER)
}

// serve runs a TLS server on loopback and gives its address.
func serve(t *testing.T, cert, key string, change func(*tls.Config)) string {
	t.Helper()
	pair, err := tls.X509KeyPair([]byte(cert), []byte(key))
	if err != nil {
		t.Fatal(err)
	}
	config := &tls.Config{Certificates: []tls.Certificate{pair}}
	if change != nil {
		change(config)
	}
	l := tls.NewListener(listen(t, "127.0.0.1:0"), config)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = conn.Write([]byte("hello"))
				_ = conn.Close()
			}()
		}
	}()
	return l.Addr().String()
}

// open dials the address and makes it a TLS connection to host.
func open(t *testing.T, ctx context.Context, address string, mode dial.TLS, host string) (net.Conn, error) {
	t.Helper()
	conn, err := dial.New(dial.Options{Policy: dial.DefaultPolicy()}).DialContext(ctx, "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	secured, err := dial.Handshake(ctx, conn, mode, host)
	if err == nil {
		t.Cleanup(func() { _ = secured.Close() })
	}
	return secured, err
}

func TestModesAgainstServers(t *testing.T) {
	ours, theirs := newAuthority(t, "ours"), newAuthority(t, "theirs")
	later, past := time.Now().Add(time.Hour), time.Now().Add(-time.Hour)
	server := func(a authority, name string, until time.Time) string {
		cert, key := a.issue(t, name, until)
		return serve(t, cert, key, nil)
	}
	servers := map[string]string{
		"good": server(ours, "db.test", later), "ip": server(ours, "127.0.0.1", later), "other name": server(ours, "other.test", later),
		"expired": server(ours, "db.test", past), "unknown CA": server(theirs, "db.test", later),
	}
	cases := []struct {
		server string
		tls    dial.TLS
		host   string
		says   string // detail of the stage, or of the failure when fix is set
		fix    string
	}{
		{"good", dial.TLS{Mode: dial.TLSPrefer}, "db.test", "TLS 1.3, certificate not verified", ""},
		{"good", dial.TLS{Mode: dial.TLSRequire}, "db.test", "not verified", ""},
		{"unknown CA", dial.TLS{Mode: dial.TLSRequire}, "x.test", "not verified", ""},
		{"expired", dial.TLS{Mode: dial.TLSRequire}, "db.test", "not verified", ""},
		{"good", dial.TLS{Mode: dial.TLSRequire, CA: ours.pem}, "x.test", "certificate verified, name not compared", ""},
		{"unknown CA", dial.TLS{Mode: dial.TLSRequire, CA: ours.pem}, "db.test", "unknown authority", "CA field"},
		{"other name", dial.TLS{Mode: dial.TLSVerifyCA, CA: ours.pem}, "db.test", "name not compared", ""},
		{"unknown CA", dial.TLS{Mode: dial.TLSVerifyCA, CA: ours.pem}, "db.test", "unknown authority", "CA field"},
		{"expired", dial.TLS{Mode: dial.TLSVerifyCA, CA: ours.pem}, "db.test", "expired", "Renew"},
		{"good", dial.TLS{Mode: dial.TLSVerifyCA}, "db.test", "unknown authority", "CA field"},
		{"good", dial.TLS{Mode: dial.TLSVerifyFull, CA: ours.pem}, "db.test", "certificate and name verified", ""},
		{"good", dial.TLS{Mode: dial.TLSVerifyFull, CA: theirs.pem + ours.pem}, "db.test.", "name verified", ""},
		{"ip", dial.TLS{Mode: dial.TLSVerifyFull, CA: ours.pem}, "127.0.0.1", "name verified", ""},
		{"good", dial.TLS{Mode: dial.TLSVerifyFull, CA: ours.pem}, "127.0.0.1", "127.0.0.1", "verify-ca"},
		{"other name", dial.TLS{Mode: dial.TLSVerifyFull, CA: ours.pem}, "db.test", "other.test", "server name"},
		{"other name", dial.TLS{Mode: dial.TLSVerifyFull, CA: ours.pem, ServerName: "other.test"}, "db.test", "name verified", ""},
		{"expired", dial.TLS{Mode: dial.TLSVerifyFull, CA: ours.pem}, "db.test", "expired", "Renew"},
		{"unknown CA", dial.TLS{Mode: dial.TLSVerifyFull, CA: ours.pem}, "db.test", "unknown authority", "CA field"},
		{"good", dial.TLS{Mode: dial.TLSVerifyFull}, "db.test", "unknown authority", "CA field"},
	}
	for _, c := range cases {
		ctx, stages := watched(t)
		_, err := open(t, ctx, servers[c.server], c.tls, c.host)
		stage := (*stages)[len(*stages)-1]
		if c.fix == "" {
			if err != nil || stage.Name != dial.StageTLS || !strings.Contains(stage.Detail, c.says) {
				t.Errorf("%s, %v to %s: %v, stage %+v", c.server, c.tls, c.host, err, stage)
			}
			continue
		}
		wantError(t, err, dial.KindTLS, c.says)
		if e, ok := errors.AsType[*dial.Error](err); !ok || !strings.Contains(e.Fix(), c.fix) || stage.Err == nil {
			t.Errorf("%s, %v to %s: %v", c.server, c.tls, c.host, err)
		}
	}
}

func TestClientCertificate(t *testing.T) {
	ours := newAuthority(t, "ours")
	pool := x509.NewCertPool()
	pool.AddCert(ours.cert)
	cert, key := ours.issue(t, "db.test", time.Now().Add(time.Hour))
	address := serve(t, cert, key, func(c *tls.Config) {
		c.ClientAuth, c.ClientCAs, c.MaxVersion = tls.RequireAndVerifyClientCert, pool, tls.VersionTLS12
	})
	clientCert, clientKey := ours.issue(t, "reader", time.Now().Add(time.Hour))
	mode := dial.TLS{Mode: dial.TLSVerifyFull, CA: ours.pem, ClientCert: clientCert, ClientKey: clientKey}
	if _, err := open(t, t.Context(), address, mode, "db.test"); err != nil {
		t.Errorf("with a client certificate: %v", err)
	}
	mode.ClientCert, mode.ClientKey = "", ""
	_, err := open(t, t.Context(), address, mode, "db.test")
	wantError(t, err, dial.KindTLS, "db.test")
}

func TestOldTLSIsRefused(t *testing.T) {
	ours := newAuthority(t, "ours")
	cert, key := ours.issue(t, "db.test", time.Now().Add(time.Hour))
	address := serve(t, cert, key, func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 })
	_, err := open(t, t.Context(), address, dial.TLS{Mode: dial.TLSPrefer}, "db.test")
	wantError(t, err, dial.KindTLS, "protocol version")
}

func TestServerWithoutTLS(t *testing.T) {
	address, _ := echo(t)
	_, err := open(t, t.Context(), address, dial.TLS{Mode: dial.TLSRequire}, "db.test")
	wantError(t, err, dial.KindTLS, "db.test")
	if e, ok := errors.AsType[*dial.Error](err); !ok || !strings.Contains(e.Fix(), "does not speak TLS") {
		t.Errorf("%v", err)
	}
	conn, err := open(t, t.Context(), address, dial.TLS{Mode: dial.TLSDisable}, "db.test")
	if _, secured := conn.(*tls.Conn); err != nil || secured {
		t.Errorf("mode disable gives %T, %v", conn, err)
	}
}

func TestSilentServer(t *testing.T) {
	l := listen(t, "127.0.0.1:0")
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := open(t, ctx, l.Addr().String(), dial.TLS{Mode: dial.TLSRequire}, "db.test")
	wantError(t, err, dial.KindTimeout, "did not answer in time")
}

func TestAsTLSError(t *testing.T) {
	driver := fmt.Errorf("failed to connect: %w", &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}})
	if e, ok := dial.AsTLSError("db.test", driver); !ok || e.Host != "db.test" || !strings.Contains(e.Fix(), "CA field") {
		t.Errorf("%v", e)
	}
	for _, err := range []error{nil, errors.New("password wrong"), context.Canceled, &dial.Error{Kind: dial.KindRefused}} {
		if e, ok := dial.AsTLSError("db.test", err); ok {
			t.Errorf("%v became %v", err, e)
		}
	}
}

func TestTLSFields(t *testing.T) {
	ours := newAuthority(t, "ours")
	cert, key := ours.issue(t, "reader", time.Now().Add(time.Hour))
	_, otherKey := ours.issue(t, "other", time.Now().Add(time.Hour))
	garbage := pemText("CERTIFICATE", []byte("garbage"))
	cases := []struct {
		tls  dial.TLS
		says string
	}{
		{dial.TLS{}, `TLS mode "" is not known`},
		{dial.TLS{Mode: "verify_full"}, "use disable, prefer"},
		{dial.TLS{Mode: dial.TLSPrefer, CA: ours.pem}, "no effect"},
		{dial.TLS{Mode: dial.TLSDisable, CA: ours.pem}, "no effect"},
		{dial.TLS{Mode: dial.TLSVerifyCA, CA: "/etc/ssl/ca.pem"}, "CA certificate is not in PEM form"},
		{dial.TLS{Mode: dial.TLSVerifyCA, CA: ours.pem + "junk"}, "CA certificate is not in PEM form"},
		{dial.TLS{Mode: dial.TLSVerifyCA, CA: key}, "holds a private key"},
		{dial.TLS{Mode: dial.TLSVerifyCA, CA: ours.pem + garbage}, "certificate 2 of the CA field"},
		{dial.TLS{Mode: dial.TLSRequire, ClientCert: cert}, "needs its key"},
		{dial.TLS{Mode: dial.TLSRequire, ClientKey: key}, "needs its certificate"},
		{dial.TLS{Mode: dial.TLSRequire, ClientCert: key, ClientKey: key}, "client certificate is not in PEM form"},
		{dial.TLS{Mode: dial.TLSRequire, ClientCert: cert, ClientKey: "secret"}, "client key is not in PEM form"},
		{dial.TLS{Mode: dial.TLSRequire, ClientCert: cert, ClientKey: cert}, "client key is not in PEM form"},
		{dial.TLS{Mode: dial.TLSRequire, ClientCert: cert, ClientKey: otherKey}, "do not fit together"},
		{dial.TLS{Mode: dial.TLSRequire, ClientCert: cert, ClientKey: pemText("ENCRYPTED PRIVATE KEY", []byte("x"))}, "passphrase"},
	}
	for _, c := range cases {
		for _, err := range []error{c.tls.Validate(), second(c.tls.Config("db.test"))} {
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, want %q", err, c.says)
			}
		}
	}
	if _, err := (dial.TLS{Mode: dial.TLSVerifyFull}).Config(""); err == nil {
		t.Error("verify-full without a name")
	}
	if config, err := (dial.TLS{Mode: dial.TLSDisable}).Config("db.test"); config != nil || err != nil {
		t.Errorf("disable: %v, %v", config, err)
	}
	for _, mode := range dial.TLSModes() {
		if err := (dial.TLS{Mode: mode}).Validate(); err != nil {
			t.Errorf("%s: %v", mode, err)
		}
	}
}

func second(_ *tls.Config, err error) error { return err }

func TestTLSHidesItsKey(t *testing.T) {
	v := dial.TLS{Mode: dial.TLSRequire, ClientKey: "hunter2", ServerName: "db.test"}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		if got := fmt.Sprintf(verb, v); got != "tls require as db.test" {
			t.Errorf("%s printed %s", verb, got)
		}
	}
	text, err := json.Marshal(v)
	if err != nil || strings.Contains(string(text), "hunter2") {
		t.Errorf("JSON is %s, %v", text, err)
	}
}
