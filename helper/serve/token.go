package serve

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/oauth2"

	"cgp-cred/helper/profile"
	"cgp-cred/keystore/fault"
)

// Paths of the OAuth 2.0 authorization server. They hold no secret: clients keep them in files and in the cloud.
const (
	tokenPath    = "/token"
	revokePath   = "/revoke"
	metadataPath = "/.well-known/oauth-authorization-server"
	oidcPath     = "/.well-known/openid-configuration"
)

// maxForm is the size of the largest token request.
const maxForm = 64 << 10

// oauthError is an error of RFC 6749 section 5.2.
type oauthError struct {
	status      int
	Code        string `json:"error"`
	Description string `json:"error_description,omitempty"`
}

// send answers a token request with JSON.
func (s *Server) send(w http.ResponseWriter, r *http.Request, status int, body any) {
	s.protect(w.Header(), r)
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.Header().Set("Pragma", "no-cache")
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Basic realm="cgp-cred"`)
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) //nolint:errchkjson // a client that has gone away can't be told
}

// token is the token endpoint: the client credentials grant, RFC 6749 section 4.4.
func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	if isPreflight(r) {
		s.preflight(w, r)
		return
	}
	form, no := s.client(w, r)
	if no == nil {
		no = grant(form, s.o.Profile)
	}
	if no != nil {
		s.send(w, r, no.status, no)
		return
	}
	t, err := s.lasting(r.Context())
	if err != nil {
		s.tell(fault.OneLine(err))
		status := http.StatusServiceUnavailable
		s.send(w, r, status, oauthError{Code: "temporarily_unavailable", Description: ascii(fault.OneLine(err))})
		return
	}
	s.send(w, r, http.StatusOK, struct {
		Token   string `json:"access_token"` //nolint:gosec // it is what the endpoint is for
		Type    string `json:"token_type"`
		Expires int    `json:"expires_in"`
	}{t.AccessToken, "Bearer", lifetime(time.Until(t.Expiry))})
}

// lasting returns a token. Its errors are those of [oauth.TokenSource.Token].
func (s *Server) lasting(ctx context.Context) (*oauth2.Token, error) {
	if _, err := s.o.Source.Credential(ctx); err != nil { // it ends with the request
		return nil, err //nolint:wrapcheck // it says why
	}
	return s.o.Source.Token() //nolint:wrapcheck // it says why
}

// lifetime returns what a client is told: the time that a token has, without the time that its last request needs. Many
// clients use a token up to the last second.
func lifetime(left time.Duration) int { return int((left - min(15*time.Second, left/4)).Seconds()) }

// grant refuses what is not a client credentials grant for this profile.
func grant(form url.Values, p *profile.Profile) *oauthError {
	switch {
	case form.Get("grant_type") == "":
		return &oauthError{http.StatusBadRequest, "invalid_request", "grant_type is missing"}
	case form.Get("grant_type") != "client_credentials":
		return &oauthError{http.StatusBadRequest, "unsupported_grant_type", "only client_credentials is supported"}
	case p.Auth != profile.JWT:
		return &oauthError{http.StatusBadRequest, "unauthorized_client",
			"profile " + p.Name + " has method " + p.Auth + ", which has no token: use the base URL"}
	}
	return nil
}

// client reads a form, and refuses a client that is not the one that this server was started with.
func (s *Server) client(w http.ResponseWriter, r *http.Request) (url.Values, *oauthError) {
	bad := func(why string) (url.Values, *oauthError) {
		return nil, &oauthError{http.StatusBadRequest, "invalid_request", why}
	}
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return nil, &oauthError{http.StatusMethodNotAllowed, "invalid_request", "send it with POST"}
	}
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/x-www-form-urlencoded" {
		return bad("the content type must be application/x-www-form-urlencoded")
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return bad("the form can't be read")
	}
	for name, values := range r.PostForm {
		if len(values) > 1 {
			return bad("a parameter is there twice: " + ascii(name))
		}
	}
	id, secret, basic := r.BasicAuth()
	switch {
	case basic && r.PostForm.Has("client_secret"):
		return bad("the client's secret is there twice: in Authorization and in the form")
	case basic:
		id, secret = unescaped(id), unescaped(secret) // RFC 6749 section 2.3.1
	default:
		id, secret = r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	}
	if !same(secret, s.secret) || !same(id, clientID) {
		return nil, &oauthError{http.StatusUnauthorized, "invalid_client",
			"client ID and secret are those that this run of cgp-cred serve printed; they end with it"}
	}
	return r.PostForm, nil
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

func unescaped(s string) string {
	if plain, err := url.QueryUnescape(s); err == nil {
		return plain
	}
	return s
}

// ascii returns a text with the characters that RFC 6749 section 5.2 allows in an error.
func ascii(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c < ' ' || c > '~' || c == '"' || c == '\\' {
			b[i] = '\''
		}
	}
	return string(b)
}

// revoke is the revocation endpoint, RFC 7009: a client whose token was refused gets a new one the next time.
func (s *Server) revoke(w http.ResponseWriter, r *http.Request) {
	form, no := s.client(w, r)
	if no == nil && form.Get("token") == "" {
		no = &oauthError{http.StatusBadRequest, "invalid_request", "token is missing"}
	}
	if no != nil {
		s.send(w, r, no.status, no)
		return
	}
	c, err := s.o.Source.Credential(r.Context())
	if err == nil && same(string(c.Secret.Reveal()), form.Get("token")) {
		err = s.o.Source.Refused(r.Context(), c)
	}
	if err != nil {
		s.send(w, r, http.StatusServiceUnavailable,
			oauthError{Code: "temporarily_unavailable", Description: ascii(fault.OneLine(err))})
		return
	}
	s.protect(w.Header(), r)
	w.WriteHeader(http.StatusOK)
}

// metadata is the authorization server's metadata, RFC 8414. The issuer has the name by which the client called.
func (s *Server) metadata(w http.ResponseWriter, r *http.Request) {
	if !reads(r.Method) {
		refusal(http.StatusMethodNotAllowed, "it is only read").with("Allow", "GET, HEAD").send(w)
		return
	}
	issuer := "http://" + r.Host
	s.send(w, r, http.StatusOK, struct {
		Issuer    string   `json:"issuer"`
		Token     string   `json:"token_endpoint"`
		Methods   []string `json:"token_endpoint_auth_methods_supported"`
		Grants    []string `json:"grant_types_supported"`
		Responses []string `json:"response_types_supported"`
		Revoke    string   `json:"revocation_endpoint"`
		RevokeBy  []string `json:"revocation_endpoint_auth_methods_supported"`
	}{
		issuer, issuer + tokenPath, []string{"client_secret_basic", "client_secret_post"}, []string{"client_credentials"},
		[]string{}, issuer + revokePath, []string{"client_secret_basic", "client_secret_post"},
	})
}
