package serve_test

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cgp-cred/helper/helpertest"
	"cgp-cred/helper/manage"
	"cgp-cred/helper/serve"
	"cgp-cred/helper/simulator"
	"cgp-cred/helper/source"
)

// world is a server, the API behind it, and another web server on this machine.
type world struct {
	*helpertest.Place

	server *serve.Server
	base   string // of the server
	host   string // of the server
	other  *httptest.Server

	mu    sync.Mutex
	seen  []*http.Request // by the API
	there []*http.Request // by the other server
	lines []string        // for the user
	log   []string
}

// answers is what the API does instead of "whole".
type answers func(w http.ResponseWriter, r *http.Request)

// start starts all of it. The API has the paths below /api, or all if change has no API name.
func start(t *testing.T, change manage.Change, api answers, options func(*serve.Options)) *world {
	t.Helper()
	return startWith(t, simulator.Config{TokenLife: time.Hour}, change, api, options)
}

func startWith(t *testing.T, c simulator.Config, change manage.Change, api answers, options func(*serve.Options)) *world {
	t.Helper()
	w := &world{Place: helpertest.NewWith(t, c, change)}
	w.other = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.note(&w.there, r)
		_, _ = io.WriteString(rw, "other")
	}))
	t.Cleanup(w.other.Close)
	w.Place.API = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.note(&w.seen, r)
		if api != nil {
			api(rw, r)
			return
		}
		_, _ = io.WriteString(rw, "whole")
	})
	p := w.Load(t)
	o := serve.Options{
		Source: source.New(w.Helper, p), Profile: p, Scheme: "http",
		Warn: func(text string) { w.mu.Lock(); defer w.mu.Unlock(); w.lines = append(w.lines, text) },
		Log:  func(line string) { w.mu.Lock(); defer w.mu.Unlock(); w.log = append(w.log, line) },
	}
	if options != nil {
		options(&o)
	}
	var err error
	if w.server, err = serve.Start(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.server.Close() })
	w.base = w.server.Place().BaseURL
	w.host = strings.Split(w.base, "/")[2]
	return w
}

func (w *world) note(list *[]*http.Request, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	w.mu.Lock()
	defer w.mu.Unlock()
	*list = append(*list, r)
}

// asked returns the requests that the API got, and forgets them.
func (w *world) asked() (seen []*http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	seen, w.seen = w.seen, nil
	return seen
}

// said reports whether the user got a line with this text.
func (w *world) said(text string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.ContainsFunc(w.lines, func(line string) bool { return strings.Contains(line, text) })
}

// get sends a request with headers, each NAME: VALUE, and returns the answer with its body read.
func (w *world) get(t *testing.T, url string, headers ...string) (*http.Response, string) {
	t.Helper()
	return w.send(t, http.MethodGet, url, "", headers...)
}

var client = &http.Client{
	Transport:     &http.Transport{DisableCompression: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

func (w *world) send(t *testing.T, method, url, body string, headers ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		if name == "Host" {
			r.Host = value
			continue
		}
		r.Header.Add(name, value)
	}
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // it was only read
	got, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(got)
}

// raw sends a request as it is written, with SECRET and HOST replaced, and returns the status of the answer; 0: none.
func (w *world) raw(t *testing.T, request string) int {
	t.Helper()
	conn, err := net.Dial("tcp", w.host)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close() //nolint:errcheck // it was only read
	secret := w.base[strings.LastIndexByte(w.base, '/')+1:]
	request = strings.NewReplacer("SECRET", secret, "HOST", w.host, "\n", "\r\n").Replace(request)
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0
	}
	defer res.Body.Close() //nolint:errcheck // it was only read
	return res.StatusCode
}

// token returns the profile's current token.
func (w *world) token(t *testing.T) string {
	t.Helper()
	got, err := source.New(w.Helper, w.Load(t)).Credential(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return string(got.Secret.Reveal())
}
