package token_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"cgp-cred/helper"
	"cgp-cred/helper/apim"
	"cgp-cred/helper/profile"
	"cgp-cred/helper/serve/token"
	"cgp-cred/keystore"
	"cgp-cred/keystore/fault"
)

const (
	id     = "cgp-cred"
	secret = "SECRET4OF7THIS2RUN"
	value  = "the-token-of-apim"
)

// tokens is a source with one token, or an error.
type tokens struct {
	left    time.Duration
	err     error
	refused []string
	calls   int
}

func (s *tokens) Credential(context.Context) (helper.Credential, error) {
	s.calls++
	return helper.Credential{Secret: keystore.NewSecret([]byte(value)), ExpiresAt: time.Now().Add(s.left)}, s.err
}

func (s *tokens) Refused(_ context.Context, c helper.Credential) error {
	s.refused = append(s.refused, string(c.Secret.Reveal()))
	return s.err
}

// scene is an endpoint, and what the user was told.
type scene struct {
	token.Endpoint
	source *tokens
	lines  []string
}

func newScene() *scene {
	s := &scene{source: &tokens{left: 599 * time.Second}}
	s.Endpoint = token.Endpoint{
		ID: id, Secret: secret, Source: s.source, Tell: func(text string) { s.lines = append(s.lines, text) },
		Profile: &profile.Profile{Name: "int", Host: "int.api.service.nhs.uk", Auth: profile.JWT},
	}
	return s
}

// send sends one request, as the server does after its own checks.
func (s *scene) send(t testing.TB, method, path, body string, header http.Header) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, "http://127.0.0.1:8765/", strings.NewReader(body))
	u, err := url.ParseRequestURI(path)
	if err != nil {
		t.Fatal(err)
	}
	r.URL = u
	r.Header = header
	w := httptest.NewRecorder()
	h := s.Handler(u.EscapedPath())
	if h == nil {
		http.NotFound(w, r)
	} else {
		h(w, r)
	}
	return w.Result()
}

// reply is what a client reads.
type reply struct {
	Token       string `json:"access_token"`
	Type        string `json:"token_type"`
	Expires     int    `json:"expires_in"`
	Error       string `json:"error"`
	Description string `json:"error_description"`
}

var description = regexp.MustCompile(`^[\x20\x21\x23-\x5b\x5d-\x7e]+$`)

// read checks what holds of every answer of RFC 6749 sections 5.1 and 5.2, and reads it.
func read(t testing.TB, res *http.Response) reply {
	t.Helper()
	var got reply
	body, _ := io.ReadAll(res.Body)
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatalf("status %d: %v: %q", res.StatusCode, err, body)
	}
	if kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type")); kind != "application/json" {
		t.Errorf("content type %s", kind)
	}
	if res.Header.Get("Cache-Control") != "no-store" || res.Header.Get("Pragma") != "no-cache" {
		t.Errorf("it may be kept: %v", res.Header)
	}
	if asks := res.Header.Get("WWW-Authenticate") != ""; asks != (res.StatusCode == http.StatusUnauthorized) {
		t.Errorf("status %d, WWW-Authenticate: %v", res.StatusCode, asks)
	}
	ok := res.StatusCode == http.StatusOK
	if ok && (got.Token != value || got.Type != "Bearer" || got.Expires < 1 || got.Error != "") {
		t.Errorf("answer %s", body)
	}
	if !ok && (got.Error == "" || !description.MatchString(got.Description) || strings.Contains(string(body), value)) {
		t.Errorf("status %d, answer %s", res.StatusCode, body)
	}
	if strings.Contains(string(body), secret) {
		t.Error("the answer has the client's secret")
	}
	return got
}

func basic(user, password string) string {
	r := &http.Request{Header: http.Header{}}
	r.SetBasicAuth(user, password)
	return r.Header.Get("Authorization")
}

// form is the header of a form, with values of Authorization.
func form(authorization ...string) http.Header {
	return http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Authorization": authorization}
}

func with(h http.Header, name string, values ...string) http.Header {
	h[name] = values
	return h
}

func TestClients(t *testing.T) {
	t.Parallel()
	const (
		grant = "grant_type=client_credentials"
		body  = grant + "&client_id=" + id + "&client_secret=" + secret
	)
	own := basic(id, secret)
	tests := []struct {
		name   string
		body   string
		header http.Header
		query  string
		status int
		code   string
	}{
		{"Basic: Go, httpYac, httr2, Spring", grant, form(own), "", 200, ""},
		{"in the body: Postman, .NET, MSAL", body, form(), "", 200, ""},
		{"a charset", grant, with(form(own), "Content-Type", "application/x-www-form-urlencoded;charset=UTF-8"), "", 200, ""},
		{"a charset that is none", grant, with(form(own), "Content-Type", "Application/X-WWW-Form-URLEncoded; charset"), "", 200, ""},
		{"lower-case basic", grant, form("basic " + strings.TrimPrefix(own, "Basic ")), "", 200, ""},
		{"all percent-encoded", grant, form(basic("%63%67%70%2D%63%72%65%64", "%53"+secret[1:])), "", 200, ""},
		{"scope", grant + "&scope=openid+profile", form(own), "", 200, ""},
		{"empty scope", grant + "&scope=", form(own), "", 200, ""},
		{"client_id next to Basic", grant + "&client_id=" + id, form(own), "", 200, ""},
		{"empty body credentials next to Basic", grant + "&client_id=&client_secret=", form(own), "", 200, ""},
		{"an empty parameter and a full one", "grant_type=&" + grant, form(own), "", 200, ""},
		{"unknown parameters", grant + "&foo=1&response_type=token", form(own), "", 200, ""},
		{"unknown parameters twice", grant + "&foo=&foo=1", form(own), "", 200, ""},
		{"audience and resource", grant + "&audience=cgp&resource=https%3A%2F%2FINT.api.service.nhs.uk%2Fgenomic", form(own), "", 200, ""},
		{"several resources", grant + "&resource=https%3A%2F%2Fint.api.service.nhs.uk%3A443%2F&resource=urn%3Ax", form(own), "", 200, ""},
		{"this server as the resource", grant + "&resource=http%3A%2F%2F127.0.0.1%3A8765%2FX%2F", form(own), "", 200, ""},
		{"a query of its own", grant, form(own), "?api-version=1", 200, ""},
		{"a query that is none", grant, form(own), "?%zz;", 200, ""},
		{"accepts only XML", grant, with(form(own), "Accept", "application/xml"), "", 200, ""},

		{"wrong secret", grant, form(basic(id, "wrong")), "", 401, "invalid_client"},
		{"wrong secret in the body", grant + "&client_id=" + id + "&client_secret=wrong", form(), "", 401, "invalid_client"},
		{"wrong ID", grant, form(basic("other", secret)), "", 401, "invalid_client"},
		{"part of the secret", grant, form(basic(id, secret[1:])), "", 401, "invalid_client"},
		{"no ID", grant + "&client_secret=" + secret, form(), "", 401, "invalid_client"},
		{"nothing", grant, form(), "", 401, "invalid_client"},
		{"empty Basic", grant, form("Basic Og=="), "", 401, "invalid_client"},
		{"Basic that is none", grant, form("Basic ****"), "", 401, "invalid_client"},
		{"Basic without a colon", grant, form("Basic Y2dwLWNyZWQ="), "", 401, "invalid_client"},
		{"Bearer", grant, form("Bearer " + secret), "", 401, "invalid_client"},
		{"empty Authorization", body, form(""), "", 400, "invalid_request"},
		{"client assertion", grant + "&client_id=" + id + "&client_assertion=x&client_assertion_type=y", form(), "", 401, "invalid_client"},
		{"no parameter at all", "", form(own), "", 400, "invalid_request"},
		{"several Authorization headers", grant, form(own, own), "", 400, "invalid_request"},
		{"secret in both places", body, form(own), "", 400, "invalid_request"},
		{"another client_id next to Basic", grant + "&client_id=other", form(own), "", 400, "invalid_request"},
		{"grant type twice", grant + "&" + grant, form(own), "", 400, "invalid_request"},
		{"scope twice", grant + "&scope=a&scope=b", form(own), "", 400, "invalid_request"},
		{"secret twice", body + "&client_secret=x", form(), "", 400, "invalid_request"},
		{"secret in the URL", grant, form(), "?client_id=" + id + "&client_secret=" + secret, 400, "invalid_request"},
		{"grant in the URL", "", form(own), "?" + grant, 400, "invalid_request"},
		{"JSON", `{"grant_type":"client_credentials"}`, with(form(own), "Content-Type", "application/json"), "", 400, "invalid_request"},
		{"multipart", grant, with(form(own), "Content-Type", "multipart/form-data; boundary=x"), "", 400, "invalid_request"},
		{"text", grant, with(form(own), "Content-Type", "text/plain"), "", 400, "invalid_request"},
		{"no content type", grant, http.Header{"Authorization": {own}}, "", 400, "invalid_request"},
		{"compressed", grant, with(form(own), "Content-Encoding", "gzip"), "", 400, "invalid_request"},
		{"a percent sign", grant + "&scope=100%", form(own), "", 400, "invalid_request"},
		{"semicolons", grant + ";scope=a", form(own), "", 400, "invalid_request"},
		{"huge", grant + "&scope=" + strings.Repeat("x", 1<<20), form(own), "", 413, "invalid_request"},
		{"refresh token", "grant_type=refresh_token&refresh_token=x", form(own), "", 400, "unsupported_grant_type"},
		{"password", "grant_type=password&username=a&password=b", form(own), "", 400, "unsupported_grant_type"},
		{"code", "grant_type=authorization_code&code=x", form(own), "", 400, "unsupported_grant_type"},
		{"a grant with odd characters", "grant_type=%22%5C%0A%C3%A9", form(own), "", 400, "unsupported_grant_type"},
		{"capitals", "grant_type=Client_Credentials", form(own), "", 400, "unsupported_grant_type"},
		{"another host's token", grant + "&resource=https%3A%2F%2Fevil.example%2F", form(own), "", 400, "invalid_target"},
		{"one of several resources", grant + "&resource=https%3A%2F%2Fint.api.service.nhs.uk&resource=https%3A%2F%2Fapi.service.nhs.uk", form(own), "", 400, "invalid_target"},
		{"another environment's audience", grant + "&audience=https%3A%2F%2Fapi.service.nhs.uk%2F", form(own), "", 400, "invalid_target"},
		{"a look-alike", grant + "&resource=https%3A%2F%2Fint.api.service.nhs.uk.evil.example", form(own), "", 400, "invalid_target"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newScene()
			res := s.send(t, http.MethodPost, token.Path+tt.query, tt.body, tt.header)
			got := read(t, res)
			if res.StatusCode != tt.status || got.Error != tt.code {
				t.Errorf("status %d, %+v", res.StatusCode, got)
			}
			if asked := s.source.calls > 0; asked != (tt.status == http.StatusOK) {
				t.Errorf("a token was asked for: %v", asked)
			}
			if told := len(s.lines) > 0; told && tt.code != "invalid_client" {
				t.Errorf("the user was told %q", s.lines)
			}
		})
	}
}

func TestMethods(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"} {
		for path, allow := range map[string]string{
			token.Path: "POST", "/revoke": "POST", "/jwks": "GET, HEAD", "/.well-known/openid-configuration": "GET, HEAD",
		} {
			s := newScene()
			res := s.send(t, method, path, "", form(basic(id, secret)))
			want := http.StatusMethodNotAllowed
			if strings.Contains(allow, method) {
				want, allow = http.StatusOK, ""
			}
			if res.StatusCode != want || res.Header.Get("Allow") != allow || s.source.calls > 0 {
				t.Errorf("%s %s: status %d, Allow %s", method, path, res.StatusCode, res.Header.Get("Allow"))
			}
		}
	}
}

// A client is told of less life than a token has, and of enough that one with a margin of a minute does not ask again
// for each request: tokens are handed out with at least half of their life left.
func TestLife(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		left     time.Duration
		min, max int
	}{
		{599 * time.Second, 583, 584},
		{300 * time.Second, 284, 285},
		{60 * time.Second, 44, 45},
		{30 * time.Second, 22, 22},
		{8 * time.Second, 5, 6},
		{time.Second, 1, 1}, // to some clients 0 means that it does not expire
		{time.Millisecond, 1, 1},
		{-time.Second, 1, 1},
	} {
		s := newScene()
		s.source.left = tt.left
		got := read(t, s.send(t, http.MethodPost, token.Path, "grant_type=client_credentials", form(basic(id, secret))))
		if got.Expires < tt.min || got.Expires > tt.max {
			t.Errorf("%v left: expires_in %d, want %d to %d", tt.left, got.Expires, tt.min, tt.max)
		}
	}
}

// answer returns a refusal as another process remembers it, with its cause.
func answer(t *testing.T, e apim.Error) error {
	t.Helper()
	raw, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	var again apim.Error
	if err := json.Unmarshal(raw, &again); err != nil {
		t.Fatal(err)
	}
	return &again
}

// What a client is told when there is no token is true, and makes it wait or give up as it should. The user gets the
// whole line.
func TestFailures(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		err    error
		status int
		code   string
		retry  string
	}{
		{"a revoked key", answer(t, apim.Error{Class: fault.Refused, Status: 403, Code: "public_key error"}), 400, "unauthorized_client", ""},
		{"an unknown API key", answer(t, apim.Error{Class: fault.Refused, Status: 401, Code: "invalid_request"}), 400, "unauthorized_client", ""},
		{"throttled", answer(t, apim.Error{Class: fault.Temporary, Status: 429}), 429, "temporarily_unavailable", "5"},
		{"throttled for longer", answer(t, apim.Error{Class: fault.Temporary, Status: 429, RetryAfter: 42500 * time.Millisecond}), 429, "temporarily_unavailable", "43"},
		{"APIM fails", answer(t, apim.Error{Class: fault.Temporary, Status: 502}), 503, "temporarily_unavailable", "5"},
		{"too late", fmt.Errorf("waiting: %w", context.DeadlineExceeded), 503, "temporarily_unavailable", "5"},
		{"no network", answer(t, apim.Error{Class: fault.Network}), 502, "temporarily_unavailable", ""},
		{"a locked keychain", fault.New(fault.Keystore, "unlock it", "the keychain is locked"), 503, "temporarily_unavailable", ""},
		{"no profile", fault.New(fault.None, "cgp-cred list", "no profile"), 500, "server_error", ""},
		{"a damaged config file", fault.New(fault.Usage, "fix it", "line 1:\n\t\"\\ é"), 500, "server_error", ""},
		{"a bug", errors.New("a bug"), 500, "server_error", ""},
	}
	for _, tt := range tests {
		for _, path := range []string{token.Path, "/revoke"} {
			s := newScene()
			s.source.err = tt.err
			res := s.send(t, http.MethodPost, path, "grant_type=client_credentials&token=x", form(basic(id, secret)))
			got := read(t, res)
			if res.StatusCode != tt.status || got.Error != tt.code || res.Header.Get("Retry-After") != tt.retry {
				t.Errorf("%s: status %d, %+v, Retry-After %s", tt.name, res.StatusCode, got, res.Header.Get("Retry-After"))
			}
			line := fault.OneLine(tt.err)
			if tt.name == "too late" {
				line = "there is no token yet: APIM is still being asked for one"
			}
			if !slices.Equal(s.lines, []string{line}) {
				t.Errorf("%s: the user was told %q", tt.name, s.lines)
			}
		}
	}
}

// A client that has gone away is not the user's concern.
func TestClientGoesAway(t *testing.T) {
	t.Parallel()
	s := newScene()
	s.source.err = context.Canceled
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, token.Path, strings.NewReader("grant_type=client_credentials"))
	r.Header = form(basic(id, secret))
	w := httptest.NewRecorder()
	s.Handler(token.Path)(w, r)
	if w.Code != 499 || len(s.lines) > 0 || w.Body.Len() > 0 {
		t.Errorf("status %d, %q, the user was told %q", w.Code, w.Body, s.lines)
	}
}

func TestWrongSecretIsTold(t *testing.T) {
	t.Parallel()
	s := newScene()
	s.send(t, http.MethodPost, token.Path, "grant_type=client_credentials", form(basic(id, "SECRETofYESTERDAY")))
	if len(s.lines) != 1 || !strings.Contains(s.lines[0], "differs in each run") || strings.Contains(s.lines[0], "YESTERDAY") {
		t.Errorf("the user was told %q", s.lines)
	}
}

func TestRevoke(t *testing.T) {
	t.Parallel()
	own := basic(id, secret)
	for _, tt := range []struct {
		name, body string
		header     http.Header
		status     int
		code       string
		refused    []string
	}{
		{"the token", "token=" + value, form(own), 200, "", []string{value}},
		{"with a hint", "token=" + value + "&token_type_hint=refresh_token", form(own), 200, "", []string{value}},
		{"in the body", "token=x&client_id=" + id + "&client_secret=" + secret, form(), 200, "", []string{"x"}},
		{"no token", "token=", form(own), 400, "invalid_request", nil},
		{"two tokens", "token=a&token=b", form(own), 400, "invalid_request", nil},
		{"no client", "token=" + value, form(), 401, "invalid_client", nil},
		{"another client", "token=" + value, form(basic(id, "x")), 401, "invalid_client", nil},
	} {
		s := newScene()
		res := s.send(t, http.MethodPost, "/revoke", tt.body, tt.header)
		if res.StatusCode != tt.status || !slices.Equal(s.source.refused, tt.refused) {
			t.Errorf("%s: status %d, refused %q", tt.name, res.StatusCode, s.source.refused)
		}
		if body, _ := io.ReadAll(res.Body); tt.status == http.StatusOK && strings.TrimSpace(string(body)) != "{}" {
			t.Errorf("%s: answer %q", tt.name, body)
		} else if tt.status != http.StatusOK {
			res.Body = io.NopCloser(strings.NewReader(string(body)))
			if got := read(t, res); got.Error != tt.code {
				t.Errorf("%s: %+v", tt.name, got)
			}
		}
		if s.source.calls > 0 {
			t.Errorf("%s: a token was asked for", tt.name)
		}
	}
}

// Profiles without tokens have only an explanation.
func TestOtherMethods(t *testing.T) {
	t.Parallel()
	for _, method := range []string{profile.APIKey, profile.None} {
		s := newScene()
		s.Profile.Auth = method
		res := s.send(t, http.MethodPost, token.Path, "grant_type=client_credentials", form(basic(id, secret)))
		if got := read(t, res); res.StatusCode != 400 || got.Error != "unauthorized_client" || !strings.Contains(got.Description, method) {
			t.Errorf("status %d, %+v", res.StatusCode, got)
		}
		for _, path := range []string{"/revoke", "/jwks", "/.well-known/oauth-authorization-server"} {
			if s.Handler(path) != nil {
				t.Errorf("%s is there", path)
			}
		}
	}
}

func TestMetadata(t *testing.T) {
	t.Parallel()
	const root = "http://127.0.0.1:8765"
	for path, issuer := range map[string]string{
		"/.well-known/oauth-authorization-server":       root,
		"/.well-known/oauth-authorization-server/":      root,
		"/.well-known/openid-configuration":             root,
		"//.well-known/openid-configuration":            root,
		"/.well-known/oauth-authorization-server/token": root + "/token",
		"/.well-known/openid-configuration/token":       root + "/token",
		"/token/.well-known/openid-configuration":       root + "/token",
		"/token/.well-known/oauth-authorization-server": root + "/token",

		"/.well-known/oauth-authorization-server/other":       "",
		"/.well-known/oauth-authorization-server/token/x":     "",
		"/other/.well-known/openid-configuration":             "",
		"/token/.well-known/openid-configuration/token":       "",
		"/.well-known/smart-configuration":                    "",
		"/.well-known/":                                       "",
		"/.well-known":                                        "",
		"/.well-known/openid-configuration/.well-known/token": "",
		"/oauth-authorization-server":                         "",
		"/Token":                                              "",
		"/token/":                                             "",
		"/":                                                   "",
	} {
		res := newScene().send(t, http.MethodGet, path, "", http.Header{})
		if issuer == "" {
			if res.StatusCode != http.StatusNotFound {
				t.Errorf("%s: status %d", path, res.StatusCode)
			}
			continue
		}
		var got map[string]any
		if err := json.NewDecoder(res.Body).Decode(&got); err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("%s: status %d, %v", path, res.StatusCode, err)
		}
		if got["issuer"] != issuer || got["token_endpoint"] != root+"/token" || got["jwks_uri"] != root+"/jwks" {
			t.Errorf("%s: %v", path, got)
		}
		for _, list := range []string{"response_types_supported", "grant_types_supported", "subject_types_supported"} {
			if _, ok := got[list].([]any); !ok {
				t.Errorf("%s is no list: %v", list, got[list])
			}
		}
	}
	body, _ := io.ReadAll(newScene().send(t, http.MethodGet, "/jwks", "", http.Header{}).Body)
	if strings.TrimSpace(string(body)) != `{"keys":[]}` {
		t.Errorf("key set %s", body)
	}
}

// A form that does not come whole is given up.
func TestSlowForm(t *testing.T) {
	t.Parallel()
	s := newScene()
	srv := httptest.NewServer(s.Handler(token.Path))
	defer srv.Close()
	body, end := io.Pipe()
	defer func() { _ = end.Close() }()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL, body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header = form(basic(id, secret))
	go func() { _, _ = io.WriteString(end, "grant_type=") }()
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if got := read(t, res); res.StatusCode != http.StatusRequestTimeout || got.Error != "invalid_request" {
		t.Errorf("status %d, %+v", res.StatusCode, got)
	}
}

// Only the right secret gets a token, and every answer is one that a client can read.
func FuzzToken(f *testing.F) {
	own := basic(id, secret)
	for _, seed := range [][4]string{
		{own, "application/x-www-form-urlencoded", "grant_type=client_credentials", ""},
		{"", "application/x-www-form-urlencoded; charset=utf-8", "grant_type=client_credentials&client_id=cgp-cred&client_secret=" + secret, ""},
		{"Basic ****", "application/json", "{}", "client_id=a"},
		{"Bearer x", "multipart/form-data", "a=%", "%"},
		{own, "application/x-www-form-urlencoded", "grant_type=client_credentials&resource=https://%zz", "a;b"},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3])
	}
	f.Fuzz(func(t *testing.T, authorization, kind, body, query string) {
		r := httptest.NewRequest(http.MethodPost, "http://127.0.0.1:8765/token", strings.NewReader(body))
		r.URL.RawQuery = query
		r.Header = http.Header{"Content-Type": {kind}}
		if authorization != "" {
			r.Header.Set("Authorization", authorization)
		}
		s := newScene()
		w := httptest.NewRecorder()
		s.Handler(token.Path)(w, r)
		_, password, _ := r.BasicAuth()
		plain, _ := url.QueryUnescape(password)
		values, _ := url.ParseQuery(body)
		known := password == secret || plain == secret || slices.Contains(values["client_secret"], secret)
		read(t, w.Result())
		if w.Code == http.StatusOK && !known {
			t.Errorf("a token for %q %q", authorization, body)
		}
	})
}
