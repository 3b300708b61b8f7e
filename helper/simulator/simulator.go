// Package simulator simulates NHS England's API Management (APIM) on one machine: its token endpoint, as strict as the
// real one, and a small API that accepts the tokens. Use it for a client in a unit test or in CI. It refuses what APIM
// would refuse, in the same order, with the same status and the same text.
//
//	registered := func() ([]byte, error) { return os.ReadFile("jwks.json") }
//	sim := simulator.New(simulator.Config{APIKey: key, JWKS: registered})
//	srv := httptest.NewServer(sim) // token URL and audience: srv.URL + "/oauth2/token"
//
// The token endpoint (POST /oauth2/token, or the same path below /oauth2-mock and similar) knows the signed JWT
// pattern: grant_type=client_credentials with a client assertion. It follows the policies of the Apigee proxy behind
// /oauth2, NHSDigital/identity-service-api. In particular:
//   - A jti is stored for 30 days, before API key, kid, signature and audience are checked: an assertion that one of
//     these checks refused can't be sent again.
//   - exp may not be in the past, nor more than 310 s ahead.
//   - aud is one string, the URL as it was called. It is not known whether APIM takes an array; the simulator refuses
//     one.
//   - expires_in is a string of seconds, issued_at a string of milliseconds since 1970.
//   - A key set may be cached for an hour ([Config.JWKSCache]), and a new kid is refused until then.
//
// Two real answers are not public, and the simulator's are guesses; a comment next to the code says so. They are the
// body of a 429, and the answer to a not-before time in the future. The simulator refuses grants other than
// client_credentials. It accepts no signature by an RSA key under 1024 bits.
//
// The API side serves GET /hello-world/hello/application and a small Genomic Data Access API with made-up data: FHIR,
// DRS, htsget, and files by name. Both need a valid Bearer token or the right apikey header. /oauth2/_ping and
// /API/_ping need neither. The data of DRS and htsget is on a second host, as S3 would serve it:
//
//	bucket := httptest.NewServer(sim.Bucket())
//	sim.SetBucketURL(bucket.URL)
package simulator

import (
	"io/fs"
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
	DefaultLinkLife  = 15 * time.Minute
)

// Config says what the simulated APIM knows. The zero value refuses every client: it has no registered public key.
type Config struct {
	// APIKey is the API key of the only registered application. Empty: the token endpoint accepts any API key, because
	// the assertion's signature is enough, and the API accepts only tokens.
	APIKey string

	// JWKS returns the application's registered key set, a JSON document. It is called for each token request that the
	// cache does not answer, perhaps by many goroutines. If JWKS is nil, its error is [fs.ErrNotExist], or its text has
	// only space, no key is registered. Any other error, or a text that is not a key set, simulates a JWKS URL that
	// can't be reached.
	JWKS func() ([]byte, error)

	TokenLife time.Duration     // how long a token is valid; 0: 599 s
	JWKSCache time.Duration     // how long a key set is cached; 0: not at all. APIM: one hour
	Quota     int               // token requests in any one minute; 0: 300, negative: no limit
	NoProduct bool              // the application is subscribed to no product with signed-JWT access
	Faults    []Fault           // simulated failures, in this order
	Now       func() time.Time  // the clock, also of the Date header; nil: time.Now
	Log       func(line string) // gets one line for each request: method, path, status, error; no secret. May be nil
	BaseURL   string            // scheme and authority that clients call; empty: taken from each request

	// Data has the files that the Genomic Data Access API serves: alignments, variants, references, with their indexes
	// next to them. Its files must be seekable, as those of os.DirFS and of embed are. nil: a few small made-up ones.
	Data fs.FS

	// DataOnAPI makes htsget tickets and DRS access point to the API itself, with the caller's own credential among
	// their headers, instead of to the second host.
	DataOnAPI bool

	LinkLife time.Duration // how long a link to the second host is good; 0: 15 minutes

	// Proxygen plays the service for API producers instead of APIM: the token endpoint of its Keycloak realm, and a
	// little of its API. APIKey is the machine user's client ID, and a token lives for 300 s by default. Quota,
	// NoProduct, the data and the faults row01 to row25 are APIM's.
	Proxygen bool
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
	library  *library
	bucket   *bucket
	posted   postedResources
	uploads  uploads
}

// New returns a simulator with this configuration.
func New(c Config) *Simulator {
	if c.TokenLife <= 0 {
		c.TokenLife = DefaultTokenLife
		if c.Proxygen {
			c.TokenLife = realmTokenLife
		}
	}
	if c.Quota == 0 {
		c.Quota = DefaultQuota
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.LinkLife <= 0 {
		c.LinkLife = DefaultLinkLife
	}
	c.BaseURL = strings.TrimRight(c.BaseURL, "/")
	s := &Simulator{config: c, faults: newFaultQueue(c.Faults)}
	s.keys = keyCache{read: c.JWKS, life: c.JWKSCache}
	s.calls = quota{most: c.Quota}
	s.library = newLibrary(c.Data)
	s.bucket = newBucket(s)
	return s
}

// Minted returns how many tokens were issued.
func (s *Simulator) Minted() int { return int(s.minted.Load()) }

// Requests returns how many requests the token endpoints received, refused ones included.
func (s *Simulator) Requests() int { return int(s.requests.Load()) }

// ServeHTTP answers one request as APIM would.
func (s *Simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var a answer
	var p faults
	path := r.URL.EscapedPath()
	switch {
	case s.config.Proxygen && path == realmTokenPath:
		s.requests.Add(1)
		a, p = s.serveRealm(w, r)
	case !s.config.Proxygen && isToken(path):
		s.requests.Add(1)
		a, p = s.serveToken(w, r)
	case !s.config.Proxygen && isIdentity(path):
		a = identity(r, path)
	default:
		p = s.faults.next(apiSide)
		if a = p.instead; p.intercept == nil {
			a = s.serveBehind(r, path)
		}
	}
	s.deliver(w, r, a, p)
}

// serveBehind answers for the APIs that take the tokens.
func (s *Simulator) serveBehind(r *http.Request, path string) answer {
	if s.config.Proxygen {
		return s.serveProxygen(r, path)
	}
	return s.serveAPI(r, path)
}

// isToken reports whether a path is that of a token endpoint: /oauth2/token, or the same below /oauth2-ANYTHING.
func isToken(path string) bool {
	base, ok := strings.CutSuffix(path, "/token")
	return ok && isIdentity(path) && strings.Count(base, "/") == 1
}

// isIdentity reports whether a path belongs to the identity service.
func isIdentity(path string) bool {
	base, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return base == "oauth2" || strings.HasPrefix(base, "oauth2-")
}

// identity answers for the identity service, except for its token endpoint.
func identity(r *http.Request, path string) answer {
	if strings.Count(path, "/") == 2 && strings.HasSuffix(path, "/_ping") && reads(r) {
		return ping()
	}
	return oauthError(http.StatusNotFound, "invalid_request", "Not Found")
}

func reads(r *http.Request) bool { return r.Method == http.MethodGet || r.Method == http.MethodHead }

// calledURL returns the complete URL that a client called, with its query: the audience that an assertion must name.
func (s *Simulator) calledURL(r *http.Request) string {
	return s.origin(r) + r.URL.RequestURI()
}
