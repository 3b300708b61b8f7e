//go:build unix

package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cgp-cred/helper/fleet/fleettest"
	"cgp-cred/keystore/keystoretest"
)

func TestMain(m *testing.M) { os.Exit(keystoretest.Main(m)) }

// result is what a command did.
type result struct {
	status         int
	stdout, stderr string
}

// start runs the companion with stdin.
func start(t *testing.T, stdin string, args ...string) result {
	t.Helper()
	file := filepath.Join(t.TempDir(), "stdin")
	must(t, os.WriteFile(file, []byte(stdin), 0o600))
	in, err := os.Open(file)
	must(t, err)
	defer in.Close() //nolint:errcheck // it was read
	var out, text bytes.Buffer
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	status := run(ctx, args, in, &out, &text)
	r := result{status, out.String(), text.String()}
	lines := strings.Count(r.stderr, "\n")
	if failed := status != 0 && status != 3; failed && !(lines >= 2 && strings.HasPrefix(r.stderr, "cgp-cred-fleet: ") &&
		strings.Contains(r.stderr, "\nhint: ")) {
		t.Errorf("%q: status %d, stderr %q", args, status, r.stderr)
	}
	return r
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, content string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(path, []byte(content), mode))
	return path
}

// works plays a whole round of the protocol.
func works(t *testing.T) {
	t.Helper()
	value := base64.StdEncoding.EncodeToString([]byte("sealed \x00\xff"))
	for _, step := range []struct {
		stdin, args string
		status      int
	}{
		{"", "drop name", 0},
		{"", "look name", 3},
		{"", "lease name a 60", 0},
		{"", "lease name b 60", 3},
		{value + "\n", "publish name a 60", 0},
		{"", "lease name b 60", 0},
		{"", "lease name b 0", 0},
		{"", "look name", 0},
		{"", "check", 0},
	} {
		r := start(t, step.stdin, strings.Fields(step.args)...)
		if r.status != step.status {
			t.Fatalf("%s: status %d, want %d: %s", step.args, r.status, step.status, r.stderr)
		}
		if step.args == "look name" && step.status == 0 && !strings.HasSuffix(r.stdout, " "+value+"\n") {
			t.Errorf("look: %q", r.stdout)
		}
	}
}

// The rule of the documents is enough, and a reader's is enough to look.
func TestRules(t *testing.T) {
	r := fleettest.Start(t)
	r.User(t, "default", "", "off")
	text, err := os.ReadFile("../../docs/fleet-stores.md")
	must(t, err)
	if !strings.Contains(string(text), "user fleet on >PASSWORD "+fleettest.Rule+"\n") {
		t.Error("the documents have another rule")
	}
	_, rest, ok := strings.Cut(string(text), "user reader on >PASSWORD ")
	reader, _, _ := strings.Cut(rest, "\n")
	if !ok {
		t.Fatal("the documents have no rule for readers")
	}
	r.User(t, "fleet", "secret of the store", fleettest.Rule)
	r.User(t, "reader", "secret of the store", reader)
	t.Setenv(passwordFile, write(t, "secret of the store\n", 0o600))
	t.Setenv("CGP_CRED_FLEET", r.URL("fleet"))
	works(t)
	t.Setenv("CGP_CRED_FLEET", r.URL("reader"))
	if got := start(t, "", "look", "name"); got.status != 0 {
		t.Errorf("a reader can't look: %s", got.stderr)
	}
	if got := start(t, "", "lease", "name", "a", "60"); got.status != 5 || !strings.Contains(got.stderr, "ACL") {
		t.Errorf("a reader: status %d, %s", got.status, got.stderr)
	}
	r.User(t, "fleet", "", "+select")
	t.Setenv("CGP_CRED_FLEET", r.URL("fleet")+"/3")
	works(t)
}

// Passwords of any characters, as editors and systems write files.
func TestPasswordFile(t *testing.T) {
	r := fleettest.Start(t)
	t.Setenv("CGP_CRED_FLEET", r.URL("fleet"))
	for _, password := range []string{
		"plain", "with space", " at its ends ", `"quoted"`, `'single'`, `back\slash`, "p@ss:w/ord?&=#%40", "$HOME ${X} $(id)",
		"caf\u00e9 \u2603", "NAME=value", "***", "-dash", strings.Repeat("long", 100), "tab\there", "a;b|c>d<e",
	} {
		r.Do(t, "ACL", "SETUSER", "fleet", "reset", "on", ">"+password, "~*", "+@all")
		for _, content := range []string{password, password + "\n", password + "\r\n", "\ufeff" + password + "\n"} {
			t.Setenv(passwordFile, write(t, content, 0o600))
			if got := start(t, "", "check"); got.status != 0 || strings.Contains(got.stderr, password) {
				t.Errorf("%q: status %d, %s", content, got.status, got.stderr)
			}
		}
		t.Setenv(passwordFile, write(t, "x"+password, 0o600))
		if got := start(t, "", "check"); got.status != 5 || !strings.Contains(got.stderr, "WRONGPASS") ||
			strings.Contains(got.stderr, password) {
			t.Errorf("another password: status %d, %s", got.status, got.stderr)
		}
	}
	for name, content := range map[string]string{
		"empty": "", "a line end": "\n", "spaces": "  \n", "two lines": "a\nb\n", "two ends": "a\n\n", "NUL": "a\x00b",
		"UTF-16": "\xff\xfea\x00b\x00", "a key": strings.Repeat("k", 600), "large": strings.Repeat("k", 100<<10),
	} {
		t.Setenv(passwordFile, write(t, content, 0o600))
		if got := start(t, "", "check"); got.status != 2 || !strings.Contains(got.stderr, passwordFile) {
			t.Errorf("%s: status %d, %s", name, got.status, got.stderr)
		}
	}
	for name, path := range map[string]string{"missing": "/none/such", "a folder": t.TempDir(), "a device": "/dev/zero"} {
		t.Setenv(passwordFile, path)
		if got := start(t, "", "check"); got.status != 2 {
			t.Errorf("%s: status %d, %s", name, got.status, got.stderr)
		}
	}
}

// The password in the keychain belongs to its user and its addresses.
func TestPasswordInKeychain(t *testing.T) {
	for _, line := range keystoretest.StartKeyring(t).Env {
		name, value, _ := strings.Cut(line, "=")
		t.Setenv(name, value)
	}
	r := fleettest.Start(t)
	r.User(t, "fleet", "kept secret", fleettest.Rule)
	r.User(t, "other", "kept secret", fleettest.Rule)
	t.Setenv("CGP_CRED_FLEET", r.URL("fleet"))
	if got := start(t, "", "look", "name"); got.status != 4 || !strings.Contains(got.stderr, "has no password here") ||
		!strings.Contains(got.stderr, "cgp-cred-fleet password URL") {
		t.Errorf("without a password: status %d, %s", got.status, got.stderr)
	}
	if got := start(t, "kept secret\n", "password", r.URL("fleet")); got.status != 0 {
		t.Fatalf("password: status %d, %s", got.status, got.stderr)
	}
	works(t)
	t.Setenv("CGP_CRED_FLEET", r.URL("other"))
	if got := start(t, "", "look", "name"); got.status != 4 {
		t.Errorf("another user: status %d, %s", got.status, got.stderr)
	}
	t.Setenv("CGP_CRED_FLEET", r.URL("fleet")+"?addr=127.0.0.1:1")
	if got := start(t, "", "look", "name"); got.status != 4 {
		t.Errorf("another address: status %d, %s", got.status, got.stderr)
	}
	for name, args := range map[string][]string{
		"no user": {"password", r.URL("")}, "no URL": {"password"}, "another scheme": {"password", "file:///x"},
		"a password in the URL": {"password", "redis://fleet:s3cret@host"},
	} {
		if got := start(t, "x", args...); got.status != 2 || strings.Contains(got.stderr, "s3cret") {
			t.Errorf("%s: status %d, %s", name, got.status, got.stderr)
		}
	}
	for _, bad := range []string{"", "\n", "a\nb"} {
		if got := start(t, bad, "password", r.URL("fleet")); got.status != 2 {
			t.Errorf("%q: status %d, %s", bad, got.status, got.stderr)
		}
	}
}

// authority makes a root, and a certificate for 127.0.0.1 in PEM.
func authority(t *testing.T) (ca, cert, key string) {
	t.Helper()
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "root"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	rootKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	rootDER, err := x509.CreateCertificate(rand.Reader, root, root, rootKey.Public(), rootKey)
	must(t, err)
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "redis"}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	leafKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, root, leafKey.Public(), rootKey)
	must(t, err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(leafKey)
	must(t, err)
	encode := func(kind string, der []byte) string {
		return write(t, string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})), 0o600)
	}
	return encode("CERTIFICATE", rootDER), encode("CERTIFICATE", leafDER), encode("PRIVATE KEY", keyDER)
}

func TestTLS(t *testing.T) {
	ca, cert, key := authority(t)
	other, _, _ := authority(t)
	_, port, err := net.SplitHostPort(fleettest.Free(t))
	must(t, err)
	fleettest.Start(t, "--tls-port", port, "--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", ca)
	t.Setenv("CGP_CRED_FLEET", "rediss://127.0.0.1:"+port)
	fails := func(name string, status int, want string) {
		t.Helper()
		if got := start(t, "", "look", "name"); got.status != status || !strings.Contains(got.stderr, want) {
			t.Errorf("%s: status %d, %s", name, got.status, got.stderr)
		}
	}
	fails("no CA", 6, "unknown authority")
	t.Setenv(caFile, other)
	fails("another CA", 6, "unknown authority")
	t.Setenv(caFile, "/none/such")
	fails("a missing CA", 2, "/none/such")
	t.Setenv(caFile, ca)
	fails("no client certificate", 6, certFile)
	t.Setenv(certFile, cert)
	fails("no key", 2, keyFile)
	t.Setenv(keyFile, key)
	works(t)
	t.Setenv("CGP_CRED_FLEET", "rediss://localhost:"+port)
	fails("another host's certificate", 6, "localhost")
	t.Setenv("CGP_CRED_FLEET", "redis://127.0.0.1:"+port)
	fails("without TLS", 6, "closed the connection")
}

// In a cluster a name's value and lease are in one slot.
func TestCluster(t *testing.T) {
	r := fleettest.Start(t, "--cluster-enabled", "yes")
	r.Do(t, "CLUSTER", "ADDSLOTSRANGE", "0", "16383")
	r.User(t, "default", "", "off")
	r.User(t, "fleet", "x", fleettest.Rule+" +cluster|slots +cluster|shards +command")
	for start := time.Now(); time.Since(start) < time.Minute; time.Sleep(50 * time.Millisecond) {
		if r.Admin.Set(t.Context(), "up", "1", 0).Err() == nil {
			break
		}
	}
	t.Setenv(passwordFile, write(t, "x", 0o600))
	t.Setenv("CGP_CRED_FLEET", r.URL("fleet")+"?cluster=true")
	works(t)
	t.Setenv("CGP_CRED_FLEET", r.URL("fleet")+"?addr="+r.Addr)
	works(t)
}

func TestSentinel(t *testing.T) {
	keystoretest.Need(t, "redis-server", "redis-server")
	r := fleettest.Start(t)
	r.User(t, "default", "", "off")
	r.User(t, "fleet", "x", fleettest.Rule)
	host, port, err := net.SplitHostPort(r.Addr)
	must(t, err)
	addr := fleettest.Free(t)
	_, own, err := net.SplitHostPort(addr)
	must(t, err)
	config := write(t, "port "+own+"\nbind 127.0.0.1\nrequirepass s\nsentinel monitor main "+host+" "+port+" 1\n"+
		"sentinel auth-user main admin\nsentinel auth-pass main "+fleettest.AdminPassword+"\n", 0o600)
	cmd := exec.Command("redis-server", config, "--sentinel")
	cmd.Dir = filepath.Dir(config)
	must(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	t.Setenv(passwordFile, write(t, "x", 0o600))
	t.Setenv(sentinelPasswordFile, write(t, "s\n", 0o600))
	t.Setenv("CGP_CRED_FLEET", "redis://fleet@"+addr+"?master_name=main")
	ready := false
	for begun := time.Now(); !ready && time.Since(begun) < time.Minute; time.Sleep(100 * time.Millisecond) {
		ready = start(t, "", "check").status == 0
	}
	works(t)
	t.Setenv("CGP_CRED_FLEET", "redis://fleet@"+addr+"?master_name=other")
	if got := start(t, "", "look", "name"); got.status != 6 {
		t.Errorf("another name: status %d, %s", got.status, got.stderr)
	}
	t.Setenv(sentinelPasswordFile, "")
	t.Setenv("CGP_CRED_FLEET", "redis://fleet@"+addr+"?master_name=main")
	if got := start(t, "", "look", "name"); got.status == 0 || strings.Contains(got.stderr, "goroutine") {
		t.Errorf("without the Sentinel's password: status %d, %s", got.status, got.stderr)
	}
}

// What no server is asked for.
func TestUsage(t *testing.T) {
	for _, args := range [][]string{
		{},
		{"get"},
		{"look"},
		{"look", ""},
		{"look", "a", "b"},
		{"look", "a b"},
		{"look", "a{b}"},
		{"look", "../x"},
		{"lease", "n"},
		{"lease", "n", "o", "x"},
		{"lease", "n", "o", "-1"},
		{"lease", "n", "o", "99999999999"},
		{"lease", "n", "o", "1.5"},
		{"lease", "n", "o p", "1"},
		{"publish", "n", "o", "0"},
		{"drop"},
		{"check", "a", "b"},
		{"look", strings.Repeat("n", 65)},
		{"password"},
		{"--x"},
	} {
		if r := start(t, "", args...); r.status != 2 || r.stdout != "" {
			t.Errorf("%q: status %d, %q", args, r.status, r.stdout)
		}
	}
	for _, url := range []string{
		"", "file:///x", "http://x", "redis://u:s3cret@x", "redis://x?password=s3cret", "redis://x/abc", "redis://x/1/2",
		"redis://x?colour=red", "redis://x?cluster=perhaps", "redis://x?addr=y", "redis://x?addr=:1", "rediss://x?skip_verify=1",
		"redis://x?dial_timeout=soon",
	} {
		t.Setenv("CGP_CRED_FLEET", url)
		if r := start(t, "", "look", "name"); r.status != 2 || strings.Contains(r.stderr, "s3cret") {
			t.Errorf("%q: status %d, %s", url, r.status, r.stderr)
		}
	}
	t.Setenv("CGP_CRED_FLEET", "redis://127.0.0.1:1")
	for _, stdin := range []string{"", "\n", "not base64!", "dmFs dWU=", strings.Repeat("A", 70<<10)} {
		if r := start(t, stdin, "publish", "name", "o", "1"); r.status != 2 {
			t.Errorf("%.20q: status %d, %s", stdin, r.status, r.stderr)
		}
	}
	for _, arg := range []string{"version", "--version", "-V", "help", "--help", "-h"} {
		if r := start(t, "", arg); r.status != 0 || !strings.Contains(r.stdout, "cgp-cred-fleet") {
			t.Errorf("%s: status %d, %q", arg, r.status, r.stdout)
		}
	}
}

// A server that is no Redis.
func TestOtherServers(t *testing.T) {
	for name, answer := range map[string]string{
		"a web server": "HTTP/1.1 400 Bad Request\r\n\r\n", "silence": "", "bytes": "\x00\x01\x02\x03\r\n", "an ssh": "SSH-2.0-x\r\n",
		"OK to all": strings.Repeat("+OK\r\n", 50), "numbers": strings.Repeat(":1\r\n", 50),
		"a huge array": "*999999999\r\n", "a huge string": "$999999999\r\n", "an error": strings.Repeat("-ERR \x1b[2J\r\n", 50),
	} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		must(t, err)
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				_, _ = c.Write([]byte(answer))
				if answer == "" {
					_ = c.Close()
				}
				defer c.Close() //nolint:errcheck // the test's end
			}
		}()
		t.Setenv("CGP_CRED_FLEET", "redis://"+l.Addr().String())
		got := start(t, "", "look", "name")
		if got.status == 0 || got.status == 3 || strings.Contains(got.stderr, "\x1b") || strings.Contains(got.stderr, "panic") {
			t.Errorf("%s: status %d, %q", name, got.status, got.stderr)
		}
		_ = l.Close()
	}
}

// cgp-cred links no client of a store.
func TestCgpCredLinksNoClient(t *testing.T) {
	t.Parallel()
	deps := func(program string) string {
		t.Helper()
		out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", program).Output()
		must(t, err)
		return string(out)
	}
	for _, module := range []string{"redis", "xxhash", "go.uber.org"} {
		if strings.Contains(deps("cgp-cred/cmd/cgp-cred"), module) {
			t.Errorf("cgp-cred links %s", module)
		}
	}
	if !strings.Contains(deps("cgp-cred/cmd/cgp-cred-fleet"), "github.com/redis/go-redis/v9") {
		t.Error("go list does not say what is linked")
	}
}
