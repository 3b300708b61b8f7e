package scripttest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"cgp-cred/helper/simulator"
)

const clientKey = "http-client-api-key-0123456789"

// http-client COMMAND... checks a program that gets $URL with a recipe of the documents, and prints the status of the
// answer at the start of a line. A server of this verb is the only API that a profile covers, and another one is where
// redirects lead: the first has seen the credential, and the second has not. "http-client many COMMAND..." is for a
// program that makes $COUNT requests at once, "post" for one that sends $BODY too, and "odd" is the checks with
// addresses and redirects of odd forms, which take longer. A keyring must run, and key.pem be there.
func httpClient(ts *testscript.TestScript, neg bool, args []string) {
	mode := ""
	if len(args) > 1 && slices.Contains([]string{"odd", "many", "post"}, args[0]) {
		mode, args = args[0], args[1:]
	}
	if neg || len(args) == 0 {
		ts.Fatalf("usage: http-client [odd|many|post] COMMAND...")
	}
	c := newClient(ts, args)
	c.tokens()
	c.redirects("Authorization", "Bearer ")
	switch mode {
	case "odd":
		c.oddRedirects()
		c.addresses()
		return
	case "post":
		c.body()
		fallthrough
	case "many":
		c.together()
		return
	}
	c.refused(2)
	c.uncovered()
	c.renewal()
	c.withoutToken()
	c.cgpCred("store", "int", "--auth", "apikey")
	c.redirects("Apikey", clientKey)
	c.refused(1)
	c.cgpCred("store", "int", "--auth", "none")
	c.gets("no credential is needed", c.api.URL+"/oauth2/_ping", "200")
	c.calls("no credential is needed", c.api, "/oauth2/_ping 200")
}

// client is a program under test, with the servers that it calls.
type client struct {
	ts         *testscript.TestScript
	argv       []string
	api, other *recorder
	sim        *simulator.Simulator
	keys       []byte
	life       time.Duration
}

// recorder is a server that remembers what it was asked for.
type recorder struct {
	*httptest.Server
	mu    sync.Mutex
	calls []served
}

// served is a request, and how it was answered.
type served struct {
	path   string
	header http.Header
	body   string
	status int
}

var credential = Pattern(`(?i)bearer|api-?key`)

func (s served) hasCredential() bool { return credential().MatchString(fmt.Sprint(s.header)) }

func newRecorder(ts *testscript.TestScript, answer http.HandlerFunc) *recorder {
	r := new(recorder)
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body) // what came
		req.Body = io.NopCloser(bytes.NewReader(body))
		seen := httptest.NewRecorder()
		answer(seen, req)
		r.mu.Lock()
		r.calls = append(r.calls, served{req.URL.Path, req.Header.Clone(), string(body), seen.Code})
		r.mu.Unlock()
		for name, values := range seen.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(seen.Code)
		_, _ = w.Write(seen.Body.Bytes())
	}))
	ts.Defer(r.Close)
	return r
}

// since returns the calls since the last look, except those for tokens.
func (r *recorder) since() []served {
	r.mu.Lock()
	defer r.mu.Unlock()
	var calls []served
	for _, c := range r.calls {
		if c.path != "/oauth2/token" {
			calls = append(calls, c)
		}
	}
	r.calls = nil
	return calls
}

func newClient(ts *testscript.TestScript, argv []string) *client {
	c := &client{ts: ts, argv: argv}
	c.other = newRecorder(ts, func(http.ResponseWriter, *http.Request) {})
	c.api = newRecorder(ts, func(w http.ResponseWriter, r *http.Request) {
		to, redirected := c.locations()[r.URL.Path]
		switch {
		case redirected:
			w.Header().Set("Location", to)
			w.WriteHeader(http.StatusFound)
		case r.URL.Path == "/refused":
			w.WriteHeader(http.StatusUnauthorized)
		case r.Method == http.MethodPost && r.URL.Path == helloPath:
			r.Method = http.MethodGet // the API only reads
			c.sim.ServeHTTP(w, r)
		default:
			c.sim.ServeHTTP(w, r)
		}
	})
	c.revoke()
	ts.Check(os.WriteFile(ts.MkAbs("apikey.txt"), []byte(clientKey), 0o600))
	c.cgpCred("store", "int", "--host", strings.TrimPrefix(c.api.URL, "http://"), "--private-key", "key.pem",
		"--kid", "int-1", "--api-key-file", "apikey.txt", "--force")
	c.keys = c.cgpCred("jwks", "int")
	return c
}

// locations returns where the API redirects to.
func (c *client) locations() map[string]string {
	other := strings.TrimPrefix(c.other.URL, "http://")
	return map[string]string{
		"/redirect": c.other.URL + "/elsewhere",
		"/inside":   helloPath,

		"/relative":  "hello-world/hello/application",
		"/fragment":  c.other.URL + "/elsewhere#fragment",
		"/scheme":    "//" + other + "/elsewhere",
		"/user":      "http://name:word@" + other + "/elsewhere",
		"/lookalike": "http://" + strings.TrimPrefix(c.api.URL, "http://") + "@" + other + "/elsewhere",
		"/backslash": `http:\\` + other + `\elsewhere`,
		"/twice":     "/redirect",
		"/loop":      "/loop",
		"/file":      "file:///etc/passwd",
		"/ftp":       "ftp://" + other + "/elsewhere",
		"/script":    "javascript:alert(1)",
		"/broken":    "http://[::1",
		"/empty":     "",
	}
}

// oddRedirects: whatever a client makes of them, it ends, and the other server never sees a credential.
func (c *client) oddRedirects() {
	for _, path := range slices.Sorted(maps.Keys(c.locations())) {
		c.get(c.api.URL + path)
		calls := c.api.since()
		if len(calls) == 0 || len(calls) > 30 || calls[0].header.Get("Authorization") == "" {
			c.ts.Fatalf("a redirect of %s: %d requests, the first without a credential, or too many", path, len(calls))
		}
		for _, s := range c.other.since() {
			if s.hasCredential() {
				c.ts.Fatalf("a redirect of %s: the other server saw %v", path, s.header)
			}
		}
	}
}

// addresses: a URL in any form that libraries take is sent with its credential, or not at all.
func (c *client) addresses() {
	for _, form := range []string{
		"", "/", "?a=b", "/a%2Fb%20c", "/a//b", "/a/./b", "/%C3%A9?q=%0A", helloPath + "#fragment",
	} {
		_, failed := c.get(c.api.URL + form)
		calls := c.api.since()
		if failed == "" && len(calls) == 0 {
			c.ts.Fatalf("%q: no request", form)
		}
		for _, s := range calls {
			if !s.hasCredential() {
				c.ts.Fatalf("%q: without a credential", form)
			}
		}
	}
}

// body: a request with a body is sent with it once more.
func (c *client) body() {
	c.revoke()
	statuses, failed := c.get(c.api.URL+helloPath, "BODY=a=1&b=2")
	if failed != "" || strings.Join(statuses, "") != "200" {
		c.ts.Fatalf("a body: %v %s", statuses, failed)
	}
	calls := c.api.since()
	if len(calls) != 2 || calls[0].body != "a=1&b=2" || calls[1].body != calls[0].body || calls[0].status != 401 {
		c.ts.Fatalf("a body: the server saw %v", calls)
	}
}

const helloPath = "/hello-world/hello/application"

// revoke makes the API forget its tokens.
func (c *client) revoke() {
	c.sim = simulator.New(simulator.Config{
		APIKey: clientKey, TokenLife: c.life, JWKS: func() ([]byte, error) { return c.keys, nil },
	})
}

// cgpCred runs cgp-cred, and returns its stdout.
func (c *client) cgpCred(args ...string) []byte {
	var said bytes.Buffer
	cmd := command(c.ts, "cgp-cred", args...)
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		c.ts.Fatalf("cgp-cred %s: %v: %s", strings.Join(args, " "), err, said.Bytes())
	}
	return out
}

var statusLine = Pattern(`(?m)^([1-5][0-9][0-9])\b`)

// get runs the program, and returns the statuses that it prints, or all that it prints if it fails.
func (c *client) get(url string, variables ...string) (statuses []string, failed string) {
	cmd := command(c.ts, c.argv[0], c.argv[1:]...)
	cmd.Env = append(append(cmd.Env, "URL="+url), variables...)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		return nil, exit.String() + ": " + string(out)
	case err != nil:
		c.ts.Fatalf("%v: %v", c.argv, err)
	}
	for _, m := range statusLine().FindAllStringSubmatch(string(out), -1) {
		statuses = append(statuses, m[1])
	}
	if len(statuses) == 0 {
		c.ts.Fatalf("%v printed no status: %s", c.argv, out)
	}
	return statuses, ""
}

// gets runs the program, which ends with one status.
func (c *client) gets(what, url, want string) {
	statuses, failed := c.get(url)
	if failed != "" || len(statuses) != 1 || statuses[0] != want {
		c.ts.Fatalf("%s: statuses %v, want %s: %s", what, statuses, want, failed)
	}
}

// calls checks what a server was asked for, as a line each: path, status, and whether there was a credential.
func (c *client) calls(what string, r *recorder, want ...string) {
	var got []string
	for _, s := range r.since() {
		line := fmt.Sprintf("%s %d", s.path, s.status)
		if s.hasCredential() {
			line += " credential"
		}
		got = append(got, line)
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		c.ts.Fatalf("%s: the server saw %q, want %q", what, got, want)
	}
}

// tokens: the first token, a cached one, and one retry after it was revoked.
func (c *client) tokens() {
	c.gets("first", c.api.URL+helloPath+"?patient=1", "200")
	c.gets("cached", c.api.URL+helloPath, "200")
	c.calls("two requests", c.api, helloPath+" 200 credential", helloPath+" 200 credential")
	c.minted("two requests", 1)
	c.revoke()
	c.gets("revoked", c.api.URL+helloPath, "200")
	c.calls("revoked", c.api, helloPath+" 401 credential", helloPath+" 200 credential")
	c.minted("revoked", 1)
}

func (c *client) minted(what string, want int) {
	if got := c.sim.Minted(); got != want {
		c.ts.Fatalf("%s: %d token requests, want %d", what, got, want)
	}
}

// redirects: the first hop has the credential, the second one only at the same place.
func (c *client) redirects(name, value string) {
	c.get(c.api.URL + "/redirect") // whether it is followed is the library's matter, but then without a credential
	hops := c.api.since()
	if len(hops) != 1 || !strings.HasPrefix(hops[0].header.Get(name), value) {
		c.ts.Fatalf("the first hop has %v, want %s: %s", hops, name, value)
	}
	c.calls("a redirect to another place", c.other, "/elsewhere 200")
	c.gets("a redirect within the API", c.api.URL+"/inside", "200")
	c.calls("a redirect within the API", c.api, "/inside 302 credential", helloPath+" 200 credential")
}

// refused: a credential that stays refused is sent this many times.
func (c *client) refused(times int) {
	c.gets("refused", c.api.URL+"/refused", "401")
	if calls := c.api.since(); len(calls) != times {
		c.ts.Fatalf("refused: %d requests, want %d", len(calls), times)
	}
}

// uncovered: nothing is sent to a place that no profile covers.
func (c *client) uncovered() {
	_, failed := c.get(c.other.URL + helloPath)
	if !strings.Contains(failed, "no profile") {
		c.ts.Fatalf("no profile: %q", failed)
	}
	c.calls("no profile", c.other)
}

// renewal: two short lives, and no request with an expired token.
func (c *client) renewal() {
	c.life = 3 * time.Second
	c.revoke()
	c.cgpCred("erase", "int")
	c.gets("a short life", c.api.URL+helloPath, "200")
	time.Sleep(c.life)
	c.gets("the next one", c.api.URL+helloPath, "200")
	if c.sim.Minted() < 2 {
		c.ts.Fatalf("renewal: %d tokens", c.sim.Minted())
	}
	c.life = 0
	c.api.since()
}

// together: fifty requests at once are one token request.
func (c *client) together() {
	c.revoke()
	c.cgpCred("erase", "int")
	statuses, failed := c.get(c.api.URL+helloPath, "COUNT=50")
	if failed != "" || strings.Join(statuses, "") != strings.Repeat("200", 50) {
		c.ts.Fatalf("together: %v %s", statuses, failed)
	}
	c.minted("together", 1)
}

// withoutToken: if there is no token, nothing is sent, and cgp-cred's message and hint are shown.
func (c *client) withoutToken() {
	keys := c.keys
	c.keys = nil
	c.cgpCred("erase", "int")
	_, failed := c.get(c.api.URL + helloPath)
	if !strings.Contains(failed, "cgp-cred: APIM answered 403") || !strings.Contains(failed, "hint: ") {
		c.ts.Fatalf("without a token: %q", failed)
	}
	c.calls("without a token", c.api)
	c.keys = keys
}
