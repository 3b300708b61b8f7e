package serve_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"cgp-cred/helper"
	"cgp-cred/helper/manage"
	"cgp-cred/helper/profile"
	"cgp-cred/helper/simulator"
)

// issued is what the token endpoint answers.
type issued struct {
	Token   string `json:"access_token"`
	Expires int    `json:"expires_in"`
	Error   string `json:"error"`
}

// ask asks the token endpoint for a token.
func (w *world) ask(t *testing.T, headers ...string) (*http.Response, issued) {
	t.Helper()
	return w.post(t, "/token", "", headers...)
}

// post sends the endpoint a form with the client's credentials.
func (w *world) post(t *testing.T, path, more string, headers ...string) (*http.Response, issued) {
	t.Helper()
	p := w.server.Place()
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {p.ClientID}, "client_secret": {p.ClientSecret}}
	res, body := w.send(t, http.MethodPost, "http://"+w.host+path, form.Encode()+more,
		append(headers, "Content-Type: application/x-www-form-urlencoded")...)
	var got issued
	if body != "" {
		if err := json.Unmarshal([]byte(body), &got); err != nil {
			t.Fatalf("%v: %q", err, body)
		}
	}
	return res, got
}

// lives is how many tokens a client has in the tests of renewal.
const lives = 4

// used calls the API with the tokens that a client has, until it has had some. Each call must succeed.
func (w *world) used(t *testing.T, current func() *oauth2.Token) {
	t.Helper()
	had := map[string]bool{}
	for len(had) < lives {
		began := time.Now()
		token := current()
		res, body := w.get(t, "http://"+w.Place.Host+"/hello-world/hello/application", "Authorization: Bearer "+token.AccessToken)
		if res.StatusCode == http.StatusOK {
			had[token.AccessToken] = true
		} else if helper.Age(began) < time.Second { // otherwise the machine stood still
			t.Fatalf("with token %d: status %d: %s", len(had)+1, res.StatusCode, body)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// Clients that use a token up to its last second, and clients that renew before, have a valid one for each call.
func TestClientsRenewInTime(t *testing.T) {
	t.Parallel()
	w := startWith(t, simulator.Config{TokenLife: 12 * time.Second}, manage.Change{}, nil, nil)
	w.Place.API = nil // the simulator checks the tokens
	place := w.server.Place()
	var all sync.WaitGroup
	for _, style := range []oauth2.AuthStyle{oauth2.AuthStyleAutoDetect, oauth2.AuthStyleInHeader, oauth2.AuthStyleInParams} {
		all.Go(func() {
			c := clientcredentials.Config{
				ClientID: place.ClientID, ClientSecret: place.ClientSecret, TokenURL: place.TokenURL, AuthStyle: style,
				Scopes: []string{"a"}, EndpointParams: url.Values{"audience": {"https://" + w.Place.Host}},
			}
			source := c.TokenSource(t.Context())
			w.used(t, func() *oauth2.Token {
				token, err := source.Token()
				if err != nil {
					t.Error(err)
				}
				return token
			})
		})
	}
	all.Go(func() {
		last := &oauth2.Token{}
		w.used(t, func() *oauth2.Token {
			if !time.Now().Before(last.Expiry) {
				now := time.Now()
				_, got := w.ask(t)
				last = &oauth2.Token{AccessToken: got.Token, Expiry: now.Add(time.Duration(got.Expires) * time.Second)}
			}
			return last
		})
	})
	all.Wait()
	if w.said("") {
		t.Errorf("the user was told %q", w.lines)
	}
}

// Many requests for a token are one request to APIM.
func TestManyAskAtOnce(t *testing.T) {
	t.Parallel()
	w := start(t, manage.Change{}, nil, nil)
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if res, got := w.ask(t); res.StatusCode != http.StatusOK || got.Token == "" {
				t.Errorf("status %d, %s", res.StatusCode, got.Error)
			}
		})
	}
	all.Wait()
	if n := w.Sim.Requests(); n != 1 {
		t.Errorf("%d requests to APIM", n)
	}
}

// Pages of an allowed origin may ask for a token, and revoke it; a browser asks first.
func TestTokenForAnAllowedOrigin(t *testing.T) {
	t.Parallel()
	const origin = "https://viewer.example"
	w := start(t, manage.Change{}, nil, allowing(origin))
	for _, path := range []string{"/token", "/revoke", "/jwks", "/.well-known/oauth-authorization-server"} {
		res, _ := w.send(t, http.MethodOptions, "http://"+w.host+path, "", "Origin: "+origin,
			"Access-Control-Request-Method: POST", "Access-Control-Request-Headers: authorization,content-type")
		if res.StatusCode != http.StatusNoContent || res.Header.Get("Access-Control-Allow-Origin") != origin ||
			res.Header.Get("Access-Control-Allow-Headers") != "authorization,content-type" {
			t.Errorf("%s: status %d, %v", path, res.StatusCode, res.Header)
		}
	}
	res, got := w.ask(t, "Origin: "+origin)
	if got.Token == "" || res.Header.Get("Access-Control-Allow-Origin") != origin {
		t.Errorf("status %d, %v", res.StatusCode, res.Header)
	}
	res, _ = w.send(t, http.MethodPost, "http://"+w.host+"/token", "", "Origin: https://evil.example")
	if res.StatusCode != http.StatusForbidden {
		t.Errorf("another origin: status %d", res.StatusCode)
	}
}

// A client whose token was refused revokes it, or the user erases it: the next token is another one.
func TestRevokedToken(t *testing.T) {
	t.Parallel()
	w := start(t, manage.Change{}, nil, nil)
	_, first := w.ask(t)
	for range 2 { // the second time it is unknown
		if res, _ := w.post(t, "/revoke", "&token="+first.Token); res.StatusCode != http.StatusOK {
			t.Errorf("status %d", res.StatusCode)
		}
	}
	_, second := w.ask(t)
	if second.Token == "" || second.Token == first.Token {
		t.Error("after revocation: the same token")
	}
	if err := w.Erase(t.Context(), w.Load(t)); err != nil {
		t.Fatal(err)
	}
	if _, third := w.ask(t); third.Token == "" || third.Token == second.Token {
		t.Error("after erase: the same token")
	}
}

// The client is told whether to ask again, and the user why.
func TestNoToken(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		fault  string
		status int
		code   string
		line   string
	}{
		{"row20", http.StatusBadRequest, "unauthorized_client", "public_key"},
		{"reset", http.StatusBadGateway, "temporarily_unavailable", "connection"},
	} {
		w := start(t, manage.Change{}, nil, nil)
		w.Fails(t, tt.fault)
		res, got := w.ask(t)
		if res.StatusCode != tt.status || got.Error != tt.code || !w.said(tt.line) {
			t.Errorf("%s: status %d, %+v, the user was told %q", tt.fault, res.StatusCode, got, w.lines)
		}
	}
}

// A profile without tokens says so, and names no token URL.
func TestNoTokenEndpoint(t *testing.T) {
	t.Parallel()
	w := start(t, manage.Change{Auth: profile.APIKey}, nil, nil)
	if p := w.server.Place(); p.TokenURL != "" || p.ClientID != "" || p.ClientSecret != "" {
		t.Errorf("place %+v", p)
	}
	if res, got := w.ask(t); res.StatusCode != http.StatusBadRequest || got.Error != "unauthorized_client" {
		t.Errorf("status %d, %+v", res.StatusCode, got)
	}
}

// The log shows which path was asked for, and no secret.
func TestTokenInTheLog(t *testing.T) {
	t.Parallel()
	w := start(t, manage.Change{}, nil, nil)
	place := w.server.Place()
	_, got := w.ask(t)
	w.send(t, http.MethodPost, place.TokenURL+"?client_secret="+place.ClientSecret, "")
	_ = w.server.Close()
	w.mu.Lock()
	defer w.mu.Unlock()
	if all := strings.Join(w.log, "\n"); strings.Count(all, "POST /token ") != 2 || strings.Contains(all, place.ClientSecret) ||
		strings.Contains(all, got.Token) {
		t.Errorf("log %s", all)
	}
}
