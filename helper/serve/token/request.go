package token

import (
	"crypto/subtle"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"slices"
	"time"

	"cgp-cred/helper/apim"
)

// Bounds of a request's form.
const (
	maxForm  = 64 << 10
	formWait = 10 * time.Second
)

// request reads the form of a request, and refuses a client that is not the one that the endpoint knows.
func (e *Endpoint) request(w http.ResponseWriter, r *http.Request) (url.Values, *refusal) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", "POST")
		return nil, unreadable(http.StatusMethodNotAllowed, "it must be sent with POST")
	}
	form, no := readForm(w, r)
	if no != nil {
		return nil, no
	}
	return form, e.authenticate(r, form)
}

// readForm returns the parameters in the body of a request. Those without a value are left out (RFC 6749 section 3.2).
func readForm(w http.ResponseWriter, r *http.Request) (url.Values, *refusal) {
	switch kind := mediaType(r); {
	case kind != formType:
		return nil, invalid("the body must be a form (application/x-www-form-urlencoded), not " + kind)
	case r.Header.Get("Content-Encoding") != "":
		return nil, invalid("the body must not be compressed")
	}
	body, no := readBody(w, r)
	if no != nil {
		return nil, no
	}
	form, err := url.ParseQuery(body)
	if err != nil {
		return nil, invalid("the body is no form: % must begin an encoded character, and ; separates nothing")
	}
	for name, values := range form {
		values = slices.DeleteFunc(values, func(v string) bool { return v == "" })
		switch {
		case len(values) == 0:
			delete(form, name)
		case len(values) > 1 && !slices.Contains(places, name):
			return nil, invalid("a parameter is there more than once: " + name)
		default:
			form[name] = values
		}
	}
	return form, nil
}

const formType = "application/x-www-form-urlencoded"

// mediaType returns the type of a request's body, without parameters.
func mediaType(r *http.Request) string {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil && !errors.Is(err, mime.ErrInvalidMediaParameter) || kind == "" {
		return "one without a content type"
	}
	return kind
}

// readBody reads a small body that comes in time.
func readBody(w http.ResponseWriter, r *http.Request) (string, *refusal) {
	deadline := http.NewResponseController(w)
	_ = deadline.SetReadDeadline(time.Now().Add(formWait)) // a recorder in a test has none
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxForm))
	_ = deadline.SetReadDeadline(time.Time{}) // it would end the request
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return "", unreadable(http.StatusRequestEntityTooLarge, "the body is too large")
	case errors.Is(err, os.ErrDeadlineExceeded):
		return "", unreadable(http.StatusRequestTimeout, "the body came too slowly")
	case err != nil:
		return "", invalid("the body broke off")
	}
	return string(body), nil
}

// authenticate refuses a client without the right secret (RFC 6749 section 2.3.1).
func (e *Endpoint) authenticate(r *http.Request, form url.Values) *refusal {
	if q := r.URL.Query(); q.Has("client_id") || q.Has("client_secret") {
		return invalid("client_id and client_secret must be in the body or in HTTP Basic, not in the URL")
	}
	id, secret := form.Get("client_id"), form.Get("client_secret")
	switch lines := r.Header.Values("Authorization"); {
	case len(lines) > 1:
		return invalid("there must be only one Authorization header")
	case len(lines) == 1 && form.Has("client_secret"):
		return invalid("the client's secret must be in Authorization or in the body, not in both")
	case len(lines) == 1:
		user, password, ok := r.BasicAuth()
		if !ok {
			return unknownClient("the Authorization header must be HTTP Basic with client ID and secret")
		}
		user, password = decoded(user, e.ID), decoded(password, e.Secret)
		if id != "" && id != user {
			return invalid("the client_id in the body is not the one in Authorization")
		}
		id, secret = user, password
	case form.Has("client_assertion"):
		return unknownClient("a client assertion is not supported, only a client secret")
	case secret == "":
		return unknownClient("there is no client secret: set the client ID and the secret that cgp-cred serve printed")
	}
	if !same(id, e.ID) || !same(secret, e.Secret) {
		e.Tell("an OAuth client was refused: its client ID or secret is not this run's; the secret differs in each run")
		return unknownClient("client ID or secret is wrong: they are those that this run of cgp-cred serve printed")
	}
	return nil
}

func unknownClient(why string) *refusal {
	return &refusal{code: "invalid_client", status: http.StatusUnauthorized, why: why, challenge: true}
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// decoded returns one half of HTTP Basic without its percent-encoding. Many clients leave the encoding out.
func decoded(s, want string) string {
	if plain, err := url.QueryUnescape(s); err == nil && !same(s, want) {
		return plain
	}
	return s
}

// places are the parameters that say what a token is for. A client may send several (RFC 8707, RFC 8693).
var places = []string{"resource", "audience"}

// grant refuses what is not a client credentials grant for this profile. Scopes are ignored: an application's are set
// at APIM. An answer without scope says that it is the one that was asked for.
func (e *Endpoint) grant(r *http.Request, form url.Values) *refusal {
	switch kind := form.Get("grant_type"); {
	case kind == "":
		return invalid("grant_type is missing from the body")
	case kind != "client_credentials":
		return &refusal{
			code: "unsupported_grant_type", status: http.StatusBadRequest,
			why: "the only grant is client_credentials, not " + kind,
		}
	}
	for _, name := range places {
		for _, place := range form[name] {
			if !e.isFor(place, r.Host) {
				return &refusal{
					code: "invalid_target", status: http.StatusBadRequest,
					why: "profile " + e.Profile.Name + " is for " + e.Profile.Host + ": leave " + name + " out",
				}
			}
		}
	}
	return nil
}

// isFor reports whether a token is for a place that a client names: anything but the URL of a host that is neither the
// profile's nor this one.
func (e *Endpoint) isFor(place, here string) bool {
	u, err := url.Parse(place)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" {
		return true
	}
	host, ok := apim.Authority(u)
	return ok && (host == e.Profile.Host || host == here)
}
