package apim_test

import (
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"cgp-cred/helper/apim"
	"cgp-cred/keystore/keystoretest"
)

// Variables of roots that name what is not there are warned of, and take none of the system's roots away.
func TestRootsThatAreGone(t *testing.T) {
	t.Parallel()
	keystoretest.Require(t, keystoretest.Linux)
	dir := t.TempDir()
	if err := os.Symlink(dir+"/nowhere", dir+"/dangling"); err != nil {
		t.Fatal(err)
	}
	_, own := endpointTLS(t)
	system := rootsOf{}
	for _, file := range []string{"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"} {
		pool := x509.NewCertPool()
		if text, err := os.ReadFile(file); err == nil && pool.AppendCertsFromPEM(text) {
			system = rootsOf{subjects: subjects(pool)}
			break
		}
	}
	if system.subjects == nil {
		t.Skip("this machine has no roots")
	}
	for _, c := range []struct {
		set   []string
		warns string
	}{
		{[]string{"SSL_CERT_FILE=" + dir + "/gone.pem"}, "SSL_CERT_FILE"},
		{[]string{"SSL_CERT_FILE=" + dir + "/no/such/folder/gone.pem"}, "SSL_CERT_FILE"},
		{[]string{"SSL_CERT_FILE=" + dir + "/dangling"}, "SSL_CERT_FILE"},
		{[]string{"SSL_CERT_FILE=" + own + "/gone.pem"}, "SSL_CERT_FILE"},
		{[]string{"SSL_CERT_FILE=relative.pem"}, "SSL_CERT_FILE"},
		{[]string{"SSL_CERT_DIR=" + dir + "/gone"}, "SSL_CERT_DIR"},
		{[]string{"SSL_CERT_DIR=" + dir + "/gone::" + dir + "/gone2"}, "SSL_CERT_DIR"},
		{[]string{"SSL_CERT_FILE=" + dir + "/gone.pem", "SSL_CERT_DIR=" + dir + "/gone"}, "SSL_CERT_FILE SSL_CERT_DIR"},
		{[]string{"SSL_CERT_FILE=" + dir + "/gone.pem", "SSL_CERT_DIR=" + dir}, "SSL_CERT_FILE"},
		{[]string{"SSL_CERT_FILE=" + own, "SSL_CERT_DIR=" + dir + "/gone"}, "SSL_CERT_DIR"},
		{[]string{"SSL_CERT_FILE=", "SSL_CERT_DIR="}, ""},
		{[]string{"SSL_CERT_DIR=:"}, ""},
	} {
		got := roots(t, c.set...)
		if got.warned != c.warns {
			t.Errorf("%q: warned of %q, want %q", c.set, got.warned, c.warns)
		}
		if !system.has(t, got) {
			t.Errorf("%q: roots of the system are missing: %d instead of %d", c.set, len(got.subjects), len(system.subjects))
		}
	}
}

const printRootsVariable = "APIM_TEST_PRINT_ROOTS"

type rootsOf struct {
	warned   string
	subjects []string
}

// has reports whether other has all of these roots.
func (r rootsOf) has(t *testing.T, other rootsOf) bool {
	t.Helper()
	if other.subjects == nil { // the system's, as crypto/x509 finds them
		return other.warned == ""
	}
	return !slices.ContainsFunc(r.subjects, func(s string) bool { return !slices.Contains(other.subjects, s) })
}

// roots returns which roots a process trusts that has these variables: x509 reads them only once.
func roots(t *testing.T, variables ...string) rootsOf {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "SSL_CERT_") }),
		append(variables, printRootsVariable+"=1")...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%q: %v\n%s", variables, err, out)
	}
	var r rootsOf
	for line := range strings.Lines(string(out)) {
		if _, name, ok := strings.Cut(line, "warned: "); ok {
			name, _, _ = strings.Cut(name, " ")
			r.warned = strings.TrimSpace(r.warned + " " + name)
		}
		if _, subject, ok := strings.Cut(line, "root: "); ok {
			r.subjects = append(r.subjects, strings.TrimSpace(subject))
		}
	}
	return r
}

// printRoots does that in the child.
func printRoots() (status int) {
	c := &apim.Client{Warn: func(text string) { fmt.Println("warned: " + text) }}
	if err := c.Ready("https://int.api.service.nhs.uk/oauth2/token"); err != nil {
		fmt.Println(err)
		return 1
	}
	client, err := apim.NewHTTP()
	transport, ok := client.Transport.(*http.Transport)
	if err != nil || !ok {
		return 1
	}
	if pool := transport.TLSClientConfig.RootCAs; pool != nil {
		for _, subject := range subjects(pool) {
			fmt.Println("root: " + subject)
		}
	}
	return 0
}

func subjects(pool *x509.CertPool) (all []string) {
	for _, subject := range pool.Subjects() { //nolint:staticcheck // it is not the system's pool
		all = append(all, hex.EncodeToString(subject))
	}
	return all
}
