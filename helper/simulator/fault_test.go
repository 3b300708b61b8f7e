package simulator_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"cgp-cred/helper/simulator"
	"cgp-cred/keystore/fault"
)

// faulty is a simulator with faults, behind a real connection.
func faulty(t *testing.T, faults ...string) (*simulator.Simulator, *httptest.Server) {
	t.Helper()
	var parsed []simulator.Fault
	for _, text := range faults {
		f, err := simulator.ParseFault(text)
		if err != nil {
			t.Fatal(err)
		}
		parsed = append(parsed, f)
	}
	s := newSimulator(newClock(), func(cfg *simulator.Config) { cfg.Faults = parsed })
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	return s, srv
}

// draftFor is a right request to a server.
func draftFor(srv *httptest.Server) *draft {
	d := newDraft(newClock().Now())
	d.url = srv.URL + "/oauth2/token"
	d.claims["aud"] = d.url
	return d
}

// post sends a draft over the network and reads the whole answer. It follows no redirect.
func (d *draft) post(ctx context.Context, srv *httptest.Server) (reply, error) {
	req, err := http.NewRequestWithContext(ctx, d.method, d.url, strings.NewReader(d.body()))
	if err != nil {
		return reply{}, err
	}
	req.Header.Set("Content-Type", d.contentType)
	req.GetBody = nil // net/http itself sends nothing twice
	client := srv.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := client.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	return reply{res.StatusCode, res.Header, string(b)}, err
}

func mustPost(t *testing.T, d *draft, srv *httptest.Server) reply {
	t.Helper()
	got, err := d.post(t.Context(), srv)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestFaultRows(t *testing.T) {
	t.Parallel()
	for n := 1; n <= 25; n++ {
		t.Run(fmt.Sprintf("row%02d", n), func(t *testing.T) {
			t.Parallel()
			_, srv := faulty(t, fmt.Sprintf("row%02d=1", n))
			d := draftFor(srv)
			got := mustPost(t, d, srv)
			switch n {
			case 16:
				wantRefusal(t, got, 400, "invalid_request", textReplay)
			case 19:
				wantStatus(t, got, 429)
			default:
				for _, c := range conformances {
					if c.row == n {
						wantRefusal(t, got, c.status, c.code, c.text)
					}
				}
			}
			again := mustPost(t, d, srv) // the fault is over: only a jti that was used up is in the way
			if want := map[bool]int{true: 400, false: 200}[n >= 18]; again.status != want {
				t.Errorf("the same assertion again: %d, want %d: %s", again.status, want, again.body)
			}
		})
	}
}

func TestFaultAnswers(t *testing.T) {
	t.Parallel()
	tests := []struct {
		fault        string
		status       int
		header, want string
		body         string
		burns        bool
	}{
		{"429=1", 429, "Retry-After", "", "policies.ratelimit.QuotaViolation", true},
		{"429:5=1", 429, "Retry-After", "5", "policies.ratelimit.QuotaViolation", true},
		{"502=1", 502, "Content-Type", "application/json", `{"fault":`, true},
		{"502:html=1", 502, "Content-Type", "text/html", "<html>", true},
		{"html=1", 200, "Content-Type", "text/html; charset=utf-8", "<!DOCTYPE html>", false},
		{"redirect=1", 307, "Location", "/oauth2-elsewhere/token", "", false},
		{
			"redirect:https://evil.example.test/oauth2/token?a=b=1", 307, "Location",
			"https://evil.example.test/oauth2/token?a=b", "", false,
		},
		{"drip:50ms=1", 200, "Content-Type", "application/json", `"access_token"`, true},
		{"delay:10ms=1", 200, "Content-Type", "application/json", `"access_token"`, true},
	}
	for _, tt := range tests {
		t.Run(tt.fault, func(t *testing.T) {
			t.Parallel()
			_, srv := faulty(t, tt.fault)
			d := draftFor(srv)
			got := mustPost(t, d, srv)
			wantStatus(t, got, tt.status)
			if h := got.header.Get(tt.header); h != tt.want {
				t.Errorf("%s %q, want %q", tt.header, h, tt.want)
			}
			if !strings.Contains(got.body, tt.body) {
				t.Errorf("body %q, want %q in it", got.body, tt.body)
			}
			if again := mustPost(t, d, srv); (again.status == 400) != tt.burns {
				t.Errorf("the same assertion again: %d", again.status)
			}
		})
	}
}

// TestFollowedRedirect: a client that follows is counted.
func TestFollowedRedirect(t *testing.T) {
	t.Parallel()
	s, srv := faulty(t, "redirect=1")
	d := draftFor(srv)
	res, err := srv.Client().Post(d.url, d.contentType, strings.NewReader(d.body())) // the test's own server
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != 401 || s.Requests() != 2 || s.Minted() != 0 {
		t.Errorf("status %d, %d requests, %d tokens", res.StatusCode, s.Requests(), s.Minted())
	}
}

func TestReset(t *testing.T) {
	t.Parallel()
	for _, secure := range []bool{false, true} {
		t.Run(fmt.Sprintf("tls %t", secure), func(t *testing.T) {
			t.Parallel()
			s, srv := faulty(t, "reset=1")
			if secure {
				srv = httptest.NewTLSServer(s)
				t.Cleanup(srv.Close)
			}
			d := draftFor(srv)
			_, err := d.post(t.Context(), srv)
			if err == nil ||
				!strings.Contains(err.Error(), "reset") && !strings.Contains(err.Error(), "forcibly closed") {
				t.Fatalf("error %v, want a reset", err)
			}
			if again := mustPost(t, d, srv); again.status != 400 || s.Minted() != 0 {
				t.Errorf("the same assertion again: %d, minted %d", again.status, s.Minted())
			}
		})
	}
}

func TestTruncate(t *testing.T) {
	t.Parallel()
	s, srv := faulty(t, "truncate=1")
	d := draftFor(srv)
	got, err := d.post(t.Context(), srv)
	if !errors.Is(err, io.ErrUnexpectedEOF) || got.status != 200 || got.body == "" {
		t.Errorf("%d %q: error %v", got.status, got.body, err)
	}
	if s.Minted() != 1 {
		t.Errorf("minted %d", s.Minted())
	}
}

func TestDelayOutlivesClient(t *testing.T) {
	t.Parallel()
	s, srv := faulty(t, "delay:1h=1")
	d := draftFor(srv)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { // on a busy machine, a request can take longer to arrive than a client may wait
		defer cancel()
		for s.Requests() == 0 && ctx.Err() == nil {
			time.Sleep(time.Millisecond)
		}
		time.Sleep(100 * time.Millisecond)
	}()
	if got, err := d.post(ctx, srv); !errors.Is(err, context.Canceled) {
		t.Fatalf("%d: error %v", got.status, err)
	}
	if again := mustPost(t, d, srv); again.status != 400 || s.Minted() != 0 {
		t.Errorf("the same assertion again: %d, minted %d", again.status, s.Minted())
	}
}

func TestFaultOrder(t *testing.T) {
	t.Parallel()
	_, srv := faulty(t, "delay:1ms", "row21=2", "429=1", "api:502=1")
	for i, want := range []int{403, 403, 429, 200, 200} {
		if got := mustPost(t, draftFor(srv), srv); got.status != want {
			t.Errorf("request %d: %d, want %d", i+1, got.status, want)
		}
	}
}

func TestFaultForAll(t *testing.T) {
	t.Parallel()
	s, srv := faulty(t, "row18")
	for range 3 {
		wantRefusal(t, mustPost(t, draftFor(srv), srv), 401, "invalid_request", textAPIKey)
	}
	wantStatus(t, call(s, "GET", hello, "apikey", apiKey), 200)
}

func TestAPIFaults(t *testing.T) {
	t.Parallel()
	s, srv := faulty(t, "api:429:7=1", "api:redirect=1", "api:delay:1ms")
	got := call(s, "GET", hello, "apikey", apiKey)
	if got.status != 429 || got.header.Get("Retry-After") != "7" {
		t.Errorf("status %d, Retry-After %q", got.status, got.header.Get("Retry-After"))
	}
	wantStatus(t, call(s, "GET", hello, "apikey", apiKey), 307)
	wantStatus(t, call(s, "GET", hello, "apikey", apiKey), 200)
	wantStatus(t, mustPost(t, draftFor(srv), srv), 200)
}

func TestZeroFault(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := newSimulator(c, func(cfg *simulator.Config) { cfg.Faults = []simulator.Fault{{}} })
	wantStatus(t, newDraft(c.Now()).send(s), 200)
}

func TestParseFault(t *testing.T) {
	t.Parallel()
	for _, good := range []string{
		"row01", "row25=1", "429", "429:0=12", "502", "502:html", "html", "delay:2s", "delay:2", "drip:1m30s=4",
		"reset",
		"truncate", "redirect", "redirect:https://a.example.test/?x=y", "api:reset", "api:delay:1s=2",
	} {
		if f, err := simulator.ParseFault(good); err != nil || f.String() != good {
			t.Errorf("ParseFault(%q) = %q, %v", good, f, err)
		}
	}
	for _, bad := range []string{
		"", "row", "row0", "row00", "row26", "row1", "row+1", "row01:x", "row01=0", "row01=-1", "row01=", "row01=x",
		"row01=99999999999",
		"api:row01", "503", "502:json", "429:soon", "delay", "delay:", "delay:soon", "delay:0.5", "delay:-1s", "drip",
		"html:x", "reset:1",
		"redirect:", "redirect:/path", "REDIRECT", "api:", "row\x1b[2J",
	} {
		f, err := simulator.ParseFault(bad)
		if fault.ClassOf(err) != fault.Usage || fault.HintOf(err, "") == "" || strings.Contains(err.Error(), "\x1b") {
			t.Errorf("ParseFault(%q) = %v, %v", bad, f, err)
		}
	}
}
