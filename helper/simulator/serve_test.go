package simulator_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"cgp-cred/helper/simulator"
	"cgp-cred/keystore/fault"
)

// place is the JSON line, with every key that it may have.
type place struct {
	BaseURL  string `json:"base_url"`
	Host     string `json:"host"`
	TokenURL string `json:"token_url"`
	Bucket   string `json:"bucket_url"`
	CAFile   string `json:"ca_file"`
}

// buffer is a stream that a test may read while it is written.
type buffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// start serves until stop, which returns what Serve did.
func start(t *testing.T, o simulator.ServeOptions) (place, func() error) {
	t.Helper()
	r, w := io.Pipe()
	o.Stdout = w
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		err := simulator.Serve(ctx, o)
		w.CloseWithError(io.ErrClosedPipe)
		done <- err
	}()
	stop := func() error {
		cancel()
		select {
		case err := <-done:
			return err
		case <-time.After(20 * time.Second):
			return errors.New("still serving")
		}
	}
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		t.Fatalf("no JSON line: %v", stop())
	}
	d := json.NewDecoder(strings.NewReader(line))
	d.DisallowUnknownFields()
	var p place
	if err := d.Decode(&p); err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	return p, stop
}

func get(t *testing.T, client *http.Client, url string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	return res.StatusCode
}

func TestServe(t *testing.T) {
	t.Parallel()
	var stderr buffer
	p, stop := start(t, simulator.ServeOptions{Stderr: &stderr})
	if host, _, err := net.SplitHostPort(p.Host); err != nil || host != "127.0.0.1" {
		t.Errorf("host %q", p.Host)
	}
	if p.BaseURL != "http://"+p.Host || p.TokenURL != p.BaseURL+"/oauth2/token" || p.CAFile != "" {
		t.Errorf("listening at %+v", p)
	}
	client := &http.Client{Transport: &http.Transport{}}
	if got := get(t, client, p.TokenURL+"?secret=1"); got != 405 {
		t.Errorf("status %d", got)
	}
	client.CloseIdleConnections()
	if err := stop(); err != nil {
		t.Errorf("Serve: %v", err)
	}
	if got, want := stderr.String(), "GET /oauth2/token 405 method not allowed\n"; got != want {
		t.Errorf("stderr %q, want %q", got, want)
	}
	if conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", p.Host); err == nil {
		_ = conn.Close()
		t.Error("it still listens")
	}
}

// TestServeEndsDelays: a client that waits for a long delay is released when the server stops.
func TestServeEndsDelays(t *testing.T) {
	t.Parallel()
	f, err := simulator.ParseFault("api:delay:1h")
	if err != nil {
		t.Fatal(err)
	}
	p, stop := start(t, simulator.ServeOptions{Config: simulator.Config{Faults: []simulator.Fault{f}}})
	ended := make(chan struct{})
	go func() {
		res, err := http.Get(p.BaseURL + hello) // ends with the server
		if err == nil {
			_ = res.Body.Close()
		}
		close(ended)
	}()
	time.Sleep(50 * time.Millisecond) // best effort to be under way
	if err := stop(); err != nil {
		t.Errorf("Serve: %v", err)
	}
	select {
	case <-ended:
	case <-time.After(20 * time.Second):
		t.Error("the client still waits")
	}
}

func TestServeTLS(t *testing.T) {
	t.Parallel()
	p, stop := start(t, simulator.ServeOptions{TLS: true, Listen: "localhost:0"})
	text, err := os.ReadFile(p.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	block, rest := pem.Decode(text)
	if block == nil || block.Type != "CERTIFICATE" || len(rest) > 0 {
		t.Fatalf("%s holds more or less than a certificate", p.CAFile)
	}
	ca, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if life := ca.NotAfter.Sub(ca.NotBefore); life > 24*time.Hour+time.Minute {
		t.Errorf("the authority lives %v", life)
	}
	if info, err := os.Stat(p.CAFile); runtime.GOOS != "windows" && (err != nil || info.Mode().Perm() != 0o600) {
		t.Errorf("%s: mode %v, %v", p.CAFile, info.Mode(), err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(ca)
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots},
		// a machine may not know localhost
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, p.Host)
		},
	}
	client := &http.Client{Transport: transport}
	if got := get(t, client, p.BaseURL+"/oauth2/_ping"); got != 200 {
		t.Errorf("status %d", got)
	}
	_, port, _ := net.SplitHostPort(p.Host)
	if got := get(t, client, "https://localhost:"+port+"/oauth2/_ping"); got != 200 {
		t.Errorf("status %d", got)
	}
	transport.CloseIdleConnections()
	if err := stop(); err != nil {
		t.Errorf("Serve: %v", err)
	}
	if _, err := os.Stat(p.CAFile); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s stays: %v", p.CAFile, err)
	}
}

func TestServeRefusesRemote(t *testing.T) {
	t.Parallel()
	for _, address := range []string{
		"0.0.0.0:0", ":0", "[::]:0", "192.0.2.1:0", "127.1:0", "localhost.example.test:0",
		"127.0.0.1.example.test:0",
	} {
		err := simulator.Serve(t.Context(), simulator.ServeOptions{Listen: address})
		if fault.ClassOf(err) != fault.Usage || !strings.Contains(fault.HintOf(err, ""), "--allow-remote") {
			t.Errorf("%s: %v", address, err)
		}
	}
	p, stop := start(t, simulator.ServeOptions{Listen: "0.0.0.0:0", AllowRemote: true})
	if got := get(t, &http.Client{Transport: &http.Transport{}}, p.BaseURL+"/oauth2/_ping"); got != 200 {
		t.Errorf("status %d", got)
	}
	if err := stop(); err != nil {
		t.Errorf("Serve: %v", err)
	}
}

func TestServeListenErrors(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0") // returns at once
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	for _, address := range []string{taken.Addr().String(), "127.0.0.1", "127.0.0.1:nothing"} {
		err := simulator.Serve(t.Context(), simulator.ServeOptions{Listen: address})
		if fault.ClassOf(err) != fault.Usage || fault.HintOf(err, "") == "" {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// TestServePlainHTTP: a request by http to a port of https is told so, also one with a body that is still coming, and a
// connection that sends nothing holds up no other.
func TestServePlainHTTP(t *testing.T) {
	t.Parallel()
	var stderr buffer
	p, stop := start(t, simulator.ServeOptions{TLS: true, Stderr: &stderr})
	silent, err := new(net.Dialer).DialContext(t.Context(), "tcp", p.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Close() }()
	client := &http.Client{Transport: &http.Transport{}}
	bucket := strings.TrimPrefix(p.Bucket, "https://")
	for _, tt := range []struct{ method, url, want string }{
		{"GET", "http://" + p.Host + "/oauth2/_ping", "This port speaks https, and the request came by http: call https://" + p.Host + "\n"},
		{"GET", "http://" + bucket + "/x", "This port speaks https, and the request came by http: call https://" + bucket + "\n"},
		{"POST", "http://" + p.Host + "/oauth2/token", `"error_description":"This port speaks https, and the request came by http: call https://` + p.Host + `"`},
	} {
		req, err := http.NewRequestWithContext(t.Context(), tt.method, tt.url, strings.NewReader(strings.Repeat("x", 1<<20)))
		if err != nil {
			t.Fatal(err)
		}
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil || res.StatusCode != 400 || !strings.Contains(string(b), tt.want) {
			t.Errorf("%s %s: %d %s %v", tt.method, tt.url, res.StatusCode, b, err)
		}
	}
	pool := x509.NewCertPool()
	text, err := os.ReadFile(p.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	pool.AppendCertsFromPEM(text)
	secure := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	if got := get(t, secure, p.BaseURL+"/oauth2/_ping"); got != 200 {
		t.Errorf("by https: status %d", got)
	}
	if got := get(t, secure, p.Bucket+"/x"); got != 404 {
		t.Errorf("by https: status %d", got)
	}
	client.CloseIdleConnections()
	secure.CloseIdleConnections()
	if err := stop(); err != nil {
		t.Errorf("Serve: %v", err)
	}
	if n := strings.Count(stderr.String(), "400"); n != 3 {
		t.Errorf("stderr %q", stderr.String())
	}
}
