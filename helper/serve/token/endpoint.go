// Package token is an OAuth 2.0 authorization server with one client and one grant: client credentials (RFC 6749
// section 4.4). It hands on the tokens of a profile to programs that renew their tokens themselves. Who may call it is
// decided before.
package token

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"cgp-cred/helper"
	"cgp-cred/helper/apim"
	"cgp-cred/helper/profile"
	"cgp-cred/keystore"
	"cgp-cred/keystore/fault"
)

// Path is the token endpoint's. It holds no secret: clients keep it in files and in the cloud.
const Path = "/token"

const (
	revokePath = "/revoke"
	keysPath   = "/jwks"
)

// Source has the tokens: [source.Source.Young].
type Source interface {
	Credential(ctx context.Context) (helper.Credential, error)
	Refused(ctx context.Context, c helper.Credential) error
}

// Endpoint is the server. All fields are needed.
type Endpoint struct {
	ID, Secret string // the client's
	Profile    *profile.Profile
	Source     Source            // of Profile
	Tell       func(text string) // gets what the user should know
}

// Handler returns the handler of a path, or nil for a path that is not the endpoint's.
func (e *Endpoint) Handler(path string) http.HandlerFunc {
	if e.Profile.Auth != profile.JWT {
		return e.none(path)
	}
	switch path {
	case Path:
		return e.token
	case revokePath:
		return e.revoke
	case keysPath:
		return e.keys
	}
	if issuer, ok := issuerOf(path); ok {
		return func(w http.ResponseWriter, r *http.Request) { e.metadata(w, r, issuer) }
	}
	return nil
}

// none is the token endpoint of a profile that has no tokens.
func (e *Endpoint) none(path string) http.HandlerFunc {
	if path != Path {
		return nil
	}
	return func(w http.ResponseWriter, _ *http.Request) {
		(&refusal{
			code: "unauthorized_client", status: http.StatusBadRequest,
			why: "profile " + e.Profile.Name + " has method " + e.Profile.Auth + ", and no tokens: use the base URL",
		}).send(w)
	}
}

// patience is how long a client waits for a token. Clients wait for half a minute or longer. If it takes more time, the
// token is there when they ask again.
const patience = 25 * time.Second

// token is the token endpoint.
func (e *Endpoint) token(w http.ResponseWriter, r *http.Request) {
	form, no := e.request(w, r)
	if no == nil {
		no = e.grant(r, form)
	}
	if no != nil {
		no.send(w)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	c, err := e.Source.Credential(ctx)
	if err != nil {
		e.fail(w, r, err)
		return
	}
	send(w, http.StatusOK, struct {
		Token   string `json:"access_token"`
		Type    string `json:"token_type"`
		Expires int64  `json:"expires_in"`
	}{string(c.Secret.Reveal()), "Bearer", told(time.Until(c.ExpiresAt))})
}

// told returns the life that a client is told of, in seconds: what is left, without the time that the last request with
// the token needs. Many clients use a token up to the last second. To some, 0 means that it does not expire.
func told(left time.Duration) int64 {
	return max(1, int64((left - min(15*time.Second, left/4)).Seconds()))
}

// fail answers a client for which there is no token, and tells the user why.
func (e *Endpoint) fail(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil {
		w.WriteHeader(499) // the client went away: only the log sees it
		return
	}
	var known fault.Classified
	if errors.Is(err, context.DeadlineExceeded) && !errors.As(err, &known) {
		err = fault.New(fault.Temporary, "", "there is no token yet: APIM is still being asked for one")
	}
	e.Tell(fault.OneLine(err))
	refusalFor(err).send(w)
}

// refusalFor returns what a client is told about an error of the source. The client itself has done nothing wrong, so
// it is never invalid_client. Only a refusal that stays has a status with which clients give up: 400.
func refusalFor(err error) *refusal {
	no := &refusal{code: "temporarily_unavailable", status: http.StatusServiceUnavailable, why: fault.OneLine(err)}
	var answer *apim.Error
	switch class := fault.ClassOf(err); {
	case errors.As(err, &answer) && answer.Throttled():
		no.status, no.retry = http.StatusTooManyRequests, max(answer.RetryAfter, again)
	case class == fault.Temporary:
		no.retry = again
	case class == fault.Refused:
		no.status, no.code = http.StatusBadRequest, "unauthorized_client"
	case class == fault.Network:
		no.status = http.StatusBadGateway
	case class != fault.Keystore:
		no.status, no.code = http.StatusInternalServerError, "server_error"
	}
	return no
}

// again is when a client may ask again after a failure that passes.
const again = 5 * time.Second

// revoke is the revocation endpoint, RFC 7009. APIM has none: the token is dropped here, so that a client whose token
// was refused gets another one. A token that is not the last one is no error.
func (e *Endpoint) revoke(w http.ResponseWriter, r *http.Request) {
	form, no := e.request(w, r)
	if no == nil && form.Get("token") == "" {
		no = invalid("token is missing")
	}
	if no != nil {
		no.send(w)
		return
	}
	refused := helper.Credential{Secret: keystore.NewSecret([]byte(form.Get("token")))}
	if err := e.Source.Refused(r.Context(), refused); err != nil {
		e.fail(w, r, err)
		return
	}
	send(w, http.StatusOK, struct{}{}) // some clients read JSON although RFC 7009 says nothing about a body
}

// refusal is an error of RFC 6749 section 5.2.
type refusal struct {
	code      string
	status    int
	why       string
	retry     time.Duration // zero: nothing is said about it
	challenge bool          // the client is asked for HTTP Basic
}

func invalid(why string) *refusal { return unreadable(http.StatusBadRequest, why) }

// unreadable is an invalid request with a status that says more.
func unreadable(status int, why string) *refusal {
	return &refusal{code: "invalid_request", status: status, why: why}
}

func (no *refusal) send(w http.ResponseWriter) {
	if no.retry > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int((no.retry+time.Second-1)/time.Second)))
	}
	if no.challenge {
		w.Header().Set("WWW-Authenticate", `Basic realm="cgp-cred", charset="UTF-8"`)
	}
	send(w, no.status, struct {
		Code        string `json:"error"`
		Description string `json:"error_description"`
	}{no.code, plain(no.why)})
}

// maxDescription is the length of the longest description.
const maxDescription = 1000

// plain returns a text with the characters that RFC 6749 section 5.2 allows in a description.
func plain(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case r == '"':
			return '\''
		case r == '\\':
			return '/'
		case r < ' ' || r > '~':
			return '?'
		}
		return r
	}, s)
	return s[:min(len(s), maxDescription)]
}

// send answers with JSON, and the headers of RFC 6749 section 5.1.
func send(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Pragma", "no-cache")
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) //nolint:errchkjson // a client that has gone away can't be told
}
