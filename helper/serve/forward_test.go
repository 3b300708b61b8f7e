package serve_test

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"cgp-cred/helper/helpertest"
	"cgp-cred/helper/manage"
	"cgp-cred/helper/profile"
	"cgp-cred/helper/serve"
	"cgp-cred/helper/source"
	"cgp-cred/keystore"
	"cgp-cred/keystore/record"
	"cgp-cred/keystore/signer"
)

// Methods, bodies, ranges and statuses go through as they are.
func TestPassesOn(t *testing.T) {
	t.Parallel()
	w := start(t, manage.Change{}, func(rw http.ResponseWriter, r *http.Request) {
		if status := r.URL.Query().Get("status"); status != "" {
			code := 0
			_, _ = fmt.Sscan(status, &code)
			rw.Header().Set("Retry-After", "7")
			rw.Header().Set("Content-Type", "application/problem+json")
			rw.WriteHeader(code)
			_, _ = io.WriteString(rw, `{"own":"body"}`)
			return
		}
		body, _ := io.ReadAll(r.Body)
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			http.ServeContent(rw, r, "x", time.Time{}, strings.NewReader("0123456789"))
			return
		}
		fmt.Fprintf(rw, "%s %d %s", r.Method, len(body), r.Header.Get("Content-Type"))
	}, nil)
	if res, body := w.get(t, w.base+"/x", "Range: bytes=2-4"); res.StatusCode != 206 || body != "234" ||
		res.Header.Get("Content-Range") != "bytes 2-4/10" {
		t.Errorf("range: %d %q %q", res.StatusCode, body, res.Header.Get("Content-Range"))
	}
	if res, _ := w.get(t, w.base+"/x", "Range: bytes=20-"); res.StatusCode != 416 {
		t.Errorf("range past the end: %d", res.StatusCode)
	}
	if res, body := w.send(t, http.MethodHead, w.base+"/x", ""); res.ContentLength != 10 || body != "" {
		t.Errorf("HEAD: length %d, body %q", res.ContentLength, body)
	}
	for _, size := range []int{0, 1, 1 << 20, 1<<20 + 1, 5 << 20} {
		for _, method := range []string{"POST", "PUT", "PATCH", "DELETE"} {
			want := fmt.Sprintf("%s %d text/x", method, size)
			if _, body := w.send(t, method, w.base+"/x", strings.Repeat("a", size), "Content-Type: text/x"); body != want {
				t.Errorf("%q, want %q", body, want)
			}
		}
	}
	if got := w.raw(t, "POST /SECRET/x HTTP/1.1\nHost: HOST\nTransfer-Encoding: chunked\nExpect: 100-continue\n\n3\nabc\n0\n\n"); got != 100 && got != 200 {
		t.Errorf("chunks: %d", got)
	}
	for status, line := range map[string]string{"404": "", "400": "", "403": "answered 403", "429": "answered 429", "500": "answered 500", "503": "answered 503"} {
		res, body := w.get(t, w.base+"/x?status="+status)
		if fmt.Sprint(res.StatusCode) != status || body != `{"own":"body"}` || res.Header.Get("Retry-After") != "7" ||
			res.Header.Get("Proxy-Status") != "" {
			t.Errorf("%s: %d %q %v", status, res.StatusCode, body, res.Header)
		}
		if line != "" && !w.said(line) {
			t.Errorf("%s: the user was not told", status)
		}
	}
}

// A token that the API refuses is renewed once, and the request is sent again if its body can be.
func TestRefusedTokenIsRenewed(t *testing.T) {
	t.Parallel()
	w := start(t, manage.Change{}, func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprint(rw, len(body))
	}, nil)
	sim := w.Sim
	api := w.Place.API
	var mu sync.Mutex
	revoked := map[string]bool{}
	w.Place.API = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		mu.Lock()
		no := revoked[r.Header.Get("Authorization")]
		mu.Unlock()
		if no {
			rw.WriteHeader(http.StatusUnauthorized)
			return
		}
		api.ServeHTTP(rw, r)
	})
	revoke := func() {
		mu.Lock()
		defer mu.Unlock()
		revoked["Bearer "+w.token(t)] = true
	}
	for i, tt := range []struct {
		method string
		size   int
		status int // of the first request
	}{{"GET", 0, 200}, {"POST", 10, 200}, {"PUT", 1 << 20, 200}, {"POST", 2 << 20, 401}} {
		revoke()
		minted := sim.Minted()
		res, _ := w.send(t, tt.method, w.base+"/x", strings.Repeat("a", tt.size))
		if res.StatusCode != tt.status {
			t.Errorf("%d: status %d, want %d", i, res.StatusCode, tt.status)
		}
		if res, body := w.send(t, tt.method, w.base+"/x", strings.Repeat("a", tt.size)); res.StatusCode != 200 || body != fmt.Sprint(tt.size) {
			t.Errorf("%d, again: %d %s", i, res.StatusCode, body)
		}
		if n := sim.Minted() - minted; n != 1 {
			t.Errorf("%d: %d new tokens, want 1", i, n)
		}
	}
	// If the API refuses each token, there is one renewal and the API's own answer.
	w.Place.API = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.note(&w.seen, r)
		rw.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(rw, "own body")
	})
	w.asked()
	minted := sim.Minted()
	res, body := w.get(t, w.base+"/x")
	if n := len(w.asked()); res.StatusCode != 401 || body != "own body" || n != 2 || sim.Minted()-minted != 1 || !w.said("answered 401") {
		t.Errorf("%d %q, %d requests, %d tokens", res.StatusCode, body, n, sim.Minted()-minted)
	}
}

// A thousand requests at once: each gets its own answer, over three short lives of a token.
func TestThousandAtOnce(t *testing.T) {
	t.Parallel()
	w := start(t, manage.Change{}, func(rw http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(rw, r.URL.Path) }, nil)
	many := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1000}}
	defer many.CloseIdleConnections()
	var running sync.WaitGroup
	gate := make(chan struct{})
	for i := range 1000 {
		running.Go(func() {
			<-gate
			path := fmt.Sprintf("/x/%d", i)
			r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, w.base+path, nil)
			res, err := many.Do(r)
			if err != nil {
				t.Error(err)
				return
			}
			defer res.Body.Close() //nolint:errcheck // it was only read
			if body, err := io.ReadAll(res.Body); err != nil || string(body) != path {
				t.Errorf("%s: %q, %v", path, body, err)
			}
		})
	}
	close(gate)
	running.Wait()
	if n := w.Sim.Minted(); n != 1 {
		t.Errorf("%d tokens, want 1", n)
	}
}

// Over TLS the API is spoken to by HTTP/2, with a root from a file; without the root nothing is sent.
func TestHTTP2(t *testing.T) {
	t.Parallel()
	w := start(t, manage.Change{}, nil, nil)
	seen := make(chan *http.Request, 1)
	api := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen <- r }))
	api.EnableHTTP2 = true
	api.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	api.StartTLS()
	t.Cleanup(api.Close)
	root := filepath.Join(t.TempDir(), "root.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: api.Certificate().Raw})
	if err := os.WriteFile(root, block, 0o600); err != nil {
		t.Fatal(err)
	}
	tokens := "http://" + w.Place.Host + "/oauth2/token"
	_, err := w.Manage().Store(t.Context(), "tls", manage.Change{
		Host: strings.TrimPrefix(api.URL, "https://"), TokenURL: &tokens, APIKey: keystore.NewSecret([]byte(helpertest.APIKey)),
		Key: &record.Key{KID: "k1", Signer: signer.NewRSA(helpertest.Key())},
	})
	if err != nil {
		t.Fatal(err)
	}
	p, err := w.Config.Load("tls")
	if err != nil {
		t.Fatal(err)
	}
	for _, roots := range [][]string{{root}, nil} {
		s, err := serve.Start(t.Context(), serve.Options{
			Source: source.New(w.Helper, p), Profile: p, Scheme: "https", Roots: roots,
		})
		if err != nil {
			t.Fatal(err)
		}
		res, body := w.get(t, s.Place().BaseURL+"/x")
		if roots == nil {
			if res.StatusCode != http.StatusBadGateway || !strings.Contains(body, "certificate") || len(seen) != 0 {
				t.Errorf("without the root: %d %q", res.StatusCode, body)
			}
		} else if r := <-seen; res.StatusCode != 200 || r.ProtoMajor != 2 || !strings.HasPrefix(r.Header.Get("Authorization"), "Bearer ") {
			t.Errorf("%d, %s", res.StatusCode, r.Proto)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// Each failure gives the client a true status, and the user a line.
func TestFailures(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		api    answers
		status int    // 0: the connection breaks
		line   string // for the user
	}{
		{"silent", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, 504, "did not answer in time"},
		{"stops in the middle", func(rw http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(rw, "a part")
			_ = http.NewResponseController(rw).Flush()
			<-r.Context().Done()
		}, 0, "an answer was cut short"},
		{"breaks in the middle", func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(rw, "a part")
			_ = http.NewResponseController(rw).Flush()
			panic(http.ErrAbortHandler)
		}, 0, "an answer was cut short"},
		{"breaks before the answer", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, 502, "broke"},
		{"no HTTP", func(rw http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(rw).Hijack()
			if err == nil {
				_, _ = io.WriteString(conn, "SSH-2.0-x\r\n")
				_ = conn.Close()
			}
		}, 502, "broke"},
		{"endless headers", func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("X-A", strings.Repeat("a", 1<<20))
		}, 502, "64 KiB"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := start(t, manage.Change{}, tt.api, func(o *serve.Options) { o.Quiet = time.Second })
			r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, w.base+"/x", nil)
			status := 0
			res, err := client.Do(r)
			if err == nil {
				defer res.Body.Close() //nolint:errcheck // it was only read
				var body []byte
				if body, err = io.ReadAll(res.Body); err == nil {
					status = res.StatusCode
				}
				if status != 0 && (!strings.HasPrefix(string(body), "cgp-cred: ") || res.Header.Get("Proxy-Status") == "") {
					t.Errorf("the client got %q", body)
				}
			}
			if status != tt.status {
				t.Errorf("status %d (%v), want %d", status, err, tt.status)
			}
			if !w.said(tt.line) {
				t.Errorf("the user was told %q", w.lines)
			}
		})
	}
}

// An upload that the API does not take ends, and so does the API's request when the client goes away.
func TestUploadsEnd(t *testing.T) {
	t.Parallel()
	ended, answered := make(chan struct{}), make(chan struct{})
	w := start(t, manage.Change{}, nil, func(o *serve.Options) { o.Quiet = time.Second })
	w.Place.API = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			<-answered // it reads nothing meanwhile
			return
		}
		w.note(&w.seen, r)
		<-r.Context().Done()
		close(ended)
	})
	body, pipe := io.Pipe()
	go func() { // more than all buffers on the way
		_, err := io.Copy(pipe, io.LimitReader(zeros{}, 64<<20))
		_ = pipe.CloseWithError(err)
	}()
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodPut, w.base+"/x", body)
	if res, err := client.Do(r); err == nil {
		if res.StatusCode != http.StatusGatewayTimeout {
			t.Errorf("status %d", res.StatusCode)
		}
		_ = res.Body.Close()
	}
	_ = body.Close()
	close(answered)
	ctx, cancel := context.WithCancel(t.Context())
	r, _ = http.NewRequestWithContext(ctx, http.MethodGet, w.base+"/x", nil)
	go func() {
		for len(w.asked()) == 0 { // until it has reached the API
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	if res, err := client.Do(r); err == nil {
		_ = res.Body.Close()
	}
	<-ended
}

// zeros is a body without an end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// A client that reads slowly is not cut off: only the API's silence counts.
func TestSlowClient(t *testing.T) {
	t.Parallel()
	const size = 32 << 20 // more than all buffers on the way
	w := start(t, manage.Change{}, func(rw http.ResponseWriter, _ *http.Request) {
		_, _ = io.Copy(rw, io.LimitReader(zeros{}, size))
	}, func(o *serve.Options) { o.Quiet = 500 * time.Millisecond })
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, w.base+"/x", nil)
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()              //nolint:errcheck // it was only read
	time.Sleep(1500 * time.Millisecond) // three times what the API would have
	if n, err := io.Copy(io.Discard, res.Body); n != size || err != nil {
		t.Errorf("%d bytes, %v", n, err)
	}
}

// Without a credential nothing is sent, and the client and the user hear why; when it can be had again, requests are passed on again.
func TestKeychainThatLocks(t *testing.T) {
	t.Parallel()
	w := start(t, manage.Change{}, nil, nil)
	if res, _ := w.get(t, w.base+"/x"); res.StatusCode != 200 {
		t.Fatal(res.Status)
	}
	keys := w.Keys
	if err := w.Erase(t.Context(), w.Load(t)); err != nil {
		t.Fatal(err)
	}
	w.Keys = locked{keys}
	fresh := w.restart(t)
	w.asked()
	res, body := w.get(t, fresh+"/x")
	if res.StatusCode != 503 || !strings.Contains(body, "locked") || !w.said("locked") || len(w.asked()) != 0 {
		t.Errorf("%d %q, the user was told %q", res.StatusCode, body, w.lines)
	}
	w.Keys = keys
	if res, body := w.get(t, fresh+"/x"); res.StatusCode != 200 {
		t.Errorf("unlocked again: %d %q", res.StatusCode, body)
	}
}

// restart starts another server, which has no token in memory, and returns its base URL.
func (w *world) restart(t *testing.T) string {
	t.Helper()
	p := w.Load(t)
	s, err := serve.Start(t.Context(), serve.Options{
		Source: source.New(w.Helper, p), Profile: p, Scheme: "http",
		Warn: func(text string) { w.mu.Lock(); defer w.mu.Unlock(); w.lines = append(w.lines, text) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s.Place().BaseURL
}

// locked is a keystore that is locked.
type locked struct{ keystore.Keystore }

func (locked) Get(context.Context, string) (keystore.Secret, error) {
	return keystore.Secret{}, fmt.Errorf("the keychain: %w", keystore.ErrLocked)
}

// An API key, and a profile without a credential, have no token endpoint.
func TestOtherMethods(t *testing.T) {
	t.Parallel()
	for _, auth := range []string{profile.APIKey, profile.None} {
		w := start(t, manage.Change{Auth: auth}, nil, nil)
		if p := w.server.Place(); p.TokenURL != "" || p.ClientSecret != "" || p.Profile != "int" || p.Host != w.Place.Host {
			t.Errorf("%s: %+v", auth, p)
		}
		if res, _ := w.get(t, w.base+"/x"); res.StatusCode != 200 {
			t.Errorf("%s: %s", auth, res.Status)
		}
	}
}
