// Package simulator is NHS England's API Management (APIM) on one machine: its token endpoint, as strict as the real
// one, and a small API that accepts the tokens. Point a client at it, in a unit test or in CI, and whatever APIM would
// refuse is refused here, in the same order, with the same status and the same words.
//
//	registered := func() ([]byte, error) { return os.ReadFile("jwks.json") }
//	sim := simulator.New(simulator.Config{APIKey: key, JWKS: registered})
//	srv := httptest.NewServer(sim) // token URL and audience: srv.URL + "/oauth2/token"
//
// The token endpoint (POST /oauth2/token, and /oauth2-mock/token and its like) knows the signed JWT pattern, that is
// grant_type=client_credentials with a client assertion. What it does follows the policies of the Apigee proxy that is
// /oauth2, NHSDigital/identity-service-api. In particular:
//   - A jti is remembered for 30 days, before API key, kid, signature and audience are checked: an assertion that one
//     of these checks refused can't be sent again.
//   - exp may not be in the past at all, and at most 310 s ahead.
//   - aud is one string, the URL as it was called. Whether APIM takes an array is not known; the simulator refuses it.
//   - expires_in is a string of seconds, issued_at a string of milliseconds since 1970.
//   - A key set that was fetched may be kept for an hour ([Config.JWKSCache]): a new kid is refused until then.
//
// If the real answer is not public, the simulator's is a guess, and a comment says so: the body of a 429, and the
// answer to a not-before time in the future. Grants other than client_credentials are refused, and RSA keys under 1024
// bits verify nothing.
//
// The API side serves GET /hello-world/hello/application and GET /genomic-data-access/FHIR/R4/ServiceRequest with
// synthetic data to a live Bearer token or the right apikey header. /oauth2/_ping and /API/_ping are open to everybody.
package simulator

import (
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Defaults of Config, as APIM has them.
const (
	DefaultTokenLife = 599 * time.Second
	DefaultQuota     = 300 // token requests a minute
)

// Config says what the simulated APIM knows. The zero value refuses everybody: no public key is registered with it.
type Config struct {
	// APIKey is the API key of the one registered application. Empty: the token endpoint takes any API key, since the
	// assertion's signature says enough, and the API takes none, only tokens.
	APIKey string

	// JWKS returns the application's registered key set, a JSON document. It is called for each token request that the
	// cache does not answer, maybe by many goroutines. Nil, an error that is [fs.ErrNotExist], or nothing but blanks:
	// no key is registered. Any other error, or what is no key set: the address of the key set can't be reached.
	JWKS func() ([]byte, error)

	TokenLife time.Duration     // how long a token lives; 0: 599 s
	JWKSCache time.Duration     // how long a key set that was read is kept; 0: not at all. APIM: one hour
	Quota     int               // token requests in any one minute; 0: 300, negative: no limit
	NoProduct bool              // the application is subscribed to nothing that signed JWTs may use
	Faults    []Fault           // what goes wrong, in this order
	Now       func() time.Time  // the clock, also of the Date header; nil: time.Now
	Log       func(line string) // one line a request: method, path, status, error. Never a secret. Nil: no log
	BaseURL   string            // scheme and authority that clients call; empty: taken from each request
}

// Simulator is a simulated APIM. It is an http.Handler and safe for concurrent use. [New] makes it.
type Simulator struct {
	config   Config
	faults   faultQueue
	keys     keyCache
	seen     replays
	calls    quota
	issued   tokens
	minted   atomic.Int64
	requests atomic.Int64
	logging  sync.Mutex
}

// New returns a simulator of an APIM that knows what c says.
func New(c Config) *Simulator {
	if c.TokenLife <= 0 {
		c.TokenLife = DefaultTokenLife
	}
	if c.Quota == 0 {
		c.Quota = DefaultQuota
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	c.BaseURL = strings.TrimRight(c.BaseURL, "/")
	s := &Simulator{config: c, faults: newFaultQueue(c.Faults)}
	s.keys = keyCache{read: c.JWKS, life: c.JWKSCache}
	s.calls = quota{most: c.Quota}
	return s
}

// Minted is how many token responses were given.
func (s *Simulator) Minted() int { return int(s.minted.Load()) }

// Requests is how many requests the token endpoints have seen, whatever became of them.
func (s *Simulator) Requests() int { return int(s.requests.Load()) }

// ServeHTTP answers one request as APIM would.
func (s *Simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var a answer
	var p faults
	path := r.URL.EscapedPath()
	switch {
	case isToken(path):
		s.requests.Add(1)
		a, p = s.serveToken(w, r)
	case isIdentity(path):
		a = identity(r, path)
	default:
		p = s.faults.next(apiSide)
		if a = p.instead; p.intercept == nil {
			a = s.serveAPI(r, path)
		}
	}
	s.deliver(w, r, a, p)
}

// isToken reports whether a path is a token endpoint's: /oauth2/token, or the same below /oauth2-ANYTHING.
func isToken(path string) bool {
	base, ok := strings.CutSuffix(path, "/token")
	return ok && isIdentity(path) && strings.Count(base, "/") == 1
}

// isIdentity reports whether a path belongs to the identity service.
func isIdentity(path string) bool {
	base, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return base == "oauth2" || strings.HasPrefix(base, "oauth2-")
}

// identity answers for the identity service, but for its token endpoint.
func identity(r *http.Request, path string) answer {
	if strings.Count(path, "/") == 2 && strings.HasSuffix(path, "/_ping") && reads(r) {
		return ping()
	}
	return oauthError(http.StatusNotFound, "invalid_request", "Not Found")
}

func reads(r *http.Request) bool { return r.Method == http.MethodGet || r.Method == http.MethodHead }

// calledURL is the complete URL by which a client called, with its query: the audience that an assertion must name.
func (s *Simulator) calledURL(r *http.Request) string {
	base := s.config.BaseURL
	if base == "" {
		base = "http://" + r.Host
		if r.TLS != nil {
			base = "https://" + r.Host
		}
	}
	return base + r.URL.RequestURI()
}
