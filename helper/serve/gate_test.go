package serve_test

import (
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"cgp-cred/helper/manage"
	"cgp-cred/helper/serve"
	"cgp-cred/keystore/keystoretest"
)

// allowing allows one origin.
func allowing(origin string) func(*serve.Options) {
	return func(o *serve.Options) { o.Origins = []string{origin} }
}

// What a page of another origin, a rebound name or another program can send. Nothing of it reaches the API.
func TestForeignRequestsReachNothing(t *testing.T) {
	t.Parallel()
	w := start(t, manage.Change{}, nil, allowing("https://viewer.example"))
	for _, tt := range []struct {
		name, request string
		status        int
	}{
		{"no secret", "GET /x HTTP/1.1\nHost: HOST\n\n", 404},
		{"no path", "GET / HTTP/1.1\nHost: HOST\n\n", 404},
		{"wrong secret", "GET /AAAAAAAAAAAAAAAAAAAAAAAAAA/x HTTP/1.1\nHost: HOST\n\n", 404},
		{"a part of the secret", "GET /S/x HTTP/1.1\nHost: HOST\n\n", 404},
		{"secret in another place", "GET /x/SECRET HTTP/1.1\nHost: HOST\n\n", 404},
		{"secret in the query", "GET /x?SECRET HTTP/1.1\nHost: HOST\n\n", 404},
		{"empty segment first", "GET //SECRET/x HTTP/1.1\nHost: HOST\n\n", 404},
		{"secret with a letter encoded", "GET /%53ECRET/x HTTP/1.1\nHost: HOST\n\n", 404},
		{"rebound name", "GET /SECRET/x HTTP/1.1\nHost: evil.example:1\n\n", 421},
		{"rebound name with the port", "GET /SECRET/x HTTP/1.1\nHost: evil.example:PORT\n\n", 421},
		{"name below localhost", "GET /SECRET/x HTTP/1.1\nHost: evil.localhost:PORT\n\n", 421},
		{"another loopback address", "GET /SECRET/x HTTP/1.1\nHost: 127.0.0.2:PORT\n\n", 421},
		{"any address", "GET /SECRET/x HTTP/1.1\nHost: 0.0.0.0:PORT\n\n", 421},
		{"no port", "GET /SECRET/x HTTP/1.1\nHost: 127.0.0.1\n\n", 421},
		{"empty host", "GET /SECRET/x HTTP/1.1\nHost:\n\n", 421},
		{"no host", "GET /SECRET/x HTTP/1.1\n\n", 400},
		{"no host, HTTP/1.0", "GET /SECRET/x HTTP/1.0\n\n", 421},
		{"two hosts", "GET /SECRET/x HTTP/1.1\nHost: HOST\nHost: HOST\n\n", 400},
		{"host with a user", "GET /SECRET/x HTTP/1.1\nHost: a@HOST\n\n", 400},
		{"other origin", "GET /SECRET/x HTTP/1.1\nHost: HOST\nOrigin: https://evil.example\n\n", 403},
		{"null origin", "GET /SECRET/x HTTP/1.1\nHost: HOST\nOrigin: null\n\n", 403},
		{"empty origin", "GET /SECRET/x HTTP/1.1\nHost: HOST\nOrigin: \n\n", 403},
		{"another port of this machine", "GET /SECRET/x HTTP/1.1\nHost: HOST\nOrigin: http://127.0.0.1:1\n\n", 403},
		{"another name of this machine", "GET /SECRET/x HTTP/1.1\nHost: HOST\nOrigin: http://localhost:PORT\n\n", 403},
		{"https of this server", "GET /SECRET/x HTTP/1.1\nHost: HOST\nOrigin: https://HOST\n\n", 403},
		{"beginning of an allowed origin", "GET /SECRET/x HTTP/1.1\nHost: HOST\nOrigin: https://viewer.example.evil\n\n", 403},
		{"allowed origin in capitals", "GET /SECRET/x HTTP/1.1\nHost: HOST\nOrigin: HTTPS://VIEWER.EXAMPLE\n\n", 403},
		{"allowed origin without TLS", "GET /SECRET/x HTTP/1.1\nHost: HOST\nOrigin: http://viewer.example\n\n", 403},
		{"two origins", "GET /SECRET/x HTTP/1.1\nHost: HOST\nOrigin: https://viewer.example\nOrigin: https://evil.example\n\n", 403},
		{"two in one", "GET /SECRET/x HTTP/1.1\nHost: HOST\nOrigin: https://viewer.example https://evil.example\n\n", 403},
		{"image of another site", "GET /SECRET/x HTTP/1.1\nHost: HOST\nSec-Fetch-Site: cross-site\nSec-Fetch-Dest: image\n\n", 403},
		{"frame of another port", "GET /SECRET/x HTTP/1.1\nHost: HOST\nSec-Fetch-Site: same-site\nSec-Fetch-Dest: iframe\n\n", 403},
		{"form", "POST /SECRET/x HTTP/1.1\nHost: HOST\nOrigin: https://evil.example\nSec-Fetch-Site: cross-site\n" +
			"Content-Type: application/x-www-form-urlencoded\nContent-Length: 3\n\na=b", 403},
		{"preflight", "OPTIONS /SECRET/x HTTP/1.1\nHost: HOST\nOrigin: https://evil.example\n" +
			"Access-Control-Request-Method: GET\nAccess-Control-Request-Private-Network: true\n\n", 403},
		{"WebSocket", "GET /SECRET/x HTTP/1.1\nHost: HOST\nUpgrade: websocket\nConnection: Upgrade\n" +
			"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\nSec-WebSocket-Version: 13\n\n", 501},
		{"WebSocket of an allowed origin", "GET /SECRET/x HTTP/1.1\nHost: HOST\nOrigin: https://viewer.example\n" +
			"Upgrade: websocket\nConnection: Upgrade\n\n", 501},
		{"HTTP/2 without TLS", "PRI * HTTP/2.0\n\nSM\n\n", 400},
		{"upgrade to HTTP/2", "GET /SECRET/x HTTP/1.1\nHost: HOST\nConnection: Upgrade, HTTP2-Settings\nUpgrade: h2c\n" +
			"HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\n\n", 501},
		{"absolute form", "GET http://HOST/SECRET/x HTTP/1.1\nHost: HOST\n\n", 400},
		{"absolute form, another host", "GET http://evil.example/SECRET/x HTTP/1.1\nHost: HOST\n\n", 400},
		{"absolute form, the API", "GET https://API/SECRET/x HTTP/1.1\nHost: HOST\n\n", 400},
		{"CONNECT", "CONNECT evil.example:443 HTTP/1.1\nHost: HOST\n\n", 400},
		{"CONNECT with a path", "CONNECT /SECRET/x HTTP/1.1\nHost: HOST\n\n", 400},
		{"asterisk", "OPTIONS * HTTP/1.1\nHost: HOST\n\n", 200}, // net/http answers itself, with nothing
		{"TRACE", "TRACE /SECRET/x HTTP/1.1\nHost: HOST\n\n", 405},
		{"TRACK", "TRACK /SECRET/x HTTP/1.1\nHost: HOST\n\n", 405},
		{"PROPFIND", "PROPFIND /SECRET/x HTTP/1.1\nHost: HOST\n\n", 405},
		{"method in small letters", "get /SECRET/x HTTP/1.1\nHost: HOST\n\n", 405},
		{"token without a secret", "POST /token HTTP/1.1\nHost: HOST\nContent-Type: application/x-www-form-urlencoded\n" +
			"Content-Length: 29\n\ngrant_type=client_credentials", 401},
		{"token for a page", "POST /token HTTP/1.1\nHost: HOST\nOrigin: https://evil.example\nContent-Length: 0\n\n", 403},
		{"token by a rebound name", "POST /token HTTP/1.1\nHost: evil.example:PORT\nContent-Length: 0\n\n", 421},
		{"block without its path", "GET /SECRET/_/block/AAAAAAAAAAAAAAAAAAAAAAAAAA/x HTTP/1.1\nHost: HOST\n\n", 410},
		{"pages", "GET /SECRET/_/x HTTP/1.1\nHost: HOST\n\n", 404},
		{"page that works once", "GET /_/open/ HTTP/1.1\nHost: HOST\n\n", 404},
	} {
		port := w.host[strings.LastIndexByte(w.host, ':')+1:]
		request := strings.NewReplacer("PORT", port, "API", w.Place.Host).Replace(tt.request)
		if got := w.raw(t, request); got != tt.status {
			t.Errorf("%s: status %d, want %d", tt.name, got, tt.status)
		}
		if n := len(w.asked()); n != 0 {
			t.Errorf("%s: %d requests reached the API", tt.name, n)
		}
	}
}

// Requests that pages of this server and of an allowed origin, and programs, send.
func TestOwnRequestsReachTheAPI(t *testing.T) {
	t.Parallel()
	w := start(t, manage.Change{}, nil, allowing("https://viewer.example"))
	port := w.host[strings.LastIndexByte(w.host, ':')+1:]
	for _, tt := range []struct{ name, host, headers string }{
		{"curl", "", ""},
		{"localhost", "localhost:" + port, ""},
		{"IPv6", "[::1]:" + port, ""},
		{"typed into the address bar", "", "Sec-Fetch-Site: none\nSec-Fetch-Mode: navigate\n"},
		{"own page", "", "Sec-Fetch-Site: same-origin\n"},
		{"own page, with its origin", "", "Origin: http://HOST\nSec-Fetch-Site: same-origin\n"},
		{"own page, by another name", "localhost:" + port, "Origin: http://localhost:" + port + "\n"},
		{"allowed page", "", "Origin: https://viewer.example\nSec-Fetch-Site: cross-site\n"},
	} {
		host := tt.host
		if host == "" {
			host = "HOST"
		}
		if got := w.raw(t, "GET /SECRET/x HTTP/1.1\nHost: "+host+"\n"+tt.headers+"\n"); got != http.StatusOK {
			t.Errorf("%s: status %d", tt.name, got)
		}
		if n := len(w.asked()); n != 1 {
			t.Errorf("%s: %d requests reached the API", tt.name, n)
		}
	}
}

// A preflight of an allowed origin is answered here: the API answers them with 401.
func TestPreflight(t *testing.T) {
	t.Parallel()
	w := start(t, manage.Change{}, nil, allowing("https://viewer.example"))
	res, _ := w.send(t, http.MethodOptions, w.base+"/x", "", "Origin: https://viewer.example",
		"Access-Control-Request-Method: GET", "Access-Control-Request-Headers: range, x-a",
		"Access-Control-Request-Private-Network: true")
	for name, want := range map[string]string{
		"Access-Control-Allow-Origin": "https://viewer.example", "Access-Control-Allow-Headers": "range, x-a",
		"Access-Control-Allow-Private-Network": "true", "Access-Control-Allow-Credentials": "", "Vary": "Origin",
	} {
		if got := res.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if !strings.Contains(res.Header.Get("Access-Control-Allow-Methods"), "GET") || res.StatusCode != 204 {
		t.Errorf("%d, methods %q", res.StatusCode, res.Header.Get("Access-Control-Allow-Methods"))
	}
	res, _ = w.get(t, w.base+"/x", "Origin: https://viewer.example")
	if res.Header.Get("Access-Control-Allow-Origin") != "https://viewer.example" {
		t.Error("the answer does not allow the origin")
	}
	res, _ = w.get(t, w.base+"/x")
	if got := res.Header.Get("Access-Control-Allow-Origin"); got != "" {
		t.Errorf("an answer to no page allows %q", got)
	}
	if n := len(w.asked()); n != 2 {
		t.Errorf("%d requests reached the API", n)
	}
}

func TestParseOrigin(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"https://igv.org": "https://igv.org", "https://igv.org/": "https://igv.org", "https://IGV.org:443": "https://igv.org",
		"http://localhost:3000": "http://localhost:3000", "http://localhost:80": "http://localhost", "null": "null",
		"*": "", "": "", "igv.org": "", "https://": "", "https://igv.org/app": "", "https://a@igv.org": "", "file://": "",
		"https://igv.org?x": "", "https://*.igv.org": "", "https://igv.org#x": "", "ftp://igv.org": "", "https://bücher.example": "",
		"https://igv.org\\": "", "https://ig v.org": "", "NULL": "", "https://igv.org?": "",
	} {
		if got, err := serve.ParseOrigin(in); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v; want %q", in, got, err, want)
		}
	}
}

// Another user of this machine who knows the address, secret and all.
func TestAnotherUserGetsNothing(t *testing.T) {
	t.Parallel()
	keystoretest.Require(t, keystoretest.Linux, keystoretest.Users)
	keystoretest.Need(t, "curl", "curl")
	w := start(t, manage.Change{}, nil, nil)
	for _, url := range []string{w.base + "/x", strings.Replace(w.base, "127.0.0.1", "[::1]", 1) + "/x", "http://" + w.host + "/token"} {
		out, err := exec.CommandContext(t.Context(), "setpriv", "--reuid=12345", "--clear-groups",
			"curl", "-s", "--noproxy", "*", "-w", "%{http_code}", url).Output()
		if err != nil && !strings.Contains(url, "[") {
			t.Errorf("%s: %v", url, err)
		}
		if err == nil && !strings.HasSuffix(string(out), "403") {
			t.Errorf("%s: %s", url, out)
		}
	}
	if n := len(w.asked()); n != 0 {
		t.Errorf("%d requests reached the API", n)
	}
	if !w.said("another user of this machine (uid 12345)") {
		t.Error("the user was not told")
	}
}

// The address for a browser leads to the page once.
func TestOnce(t *testing.T) {
	t.Parallel()
	w := start(t, manage.Change{}, nil, func(o *serve.Options) {
		o.Pages = func(*serve.Server) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte(r.URL.Path)) })
		}
	})
	if res, body := w.get(t, w.server.Pages()+"/a/b"); body != "/_/a/b" || res.Header.Get("X-Frame-Options") != "DENY" {
		t.Errorf("page %q, headers %v", body, res.Header)
	}
	once := w.server.Once("igv/")
	if strings.Contains(once, w.base) {
		t.Error("the address has the secret in it")
	}
	if res, _ := w.get(t, once, "Sec-Fetch-Site: cross-site"); res.StatusCode != http.StatusForbidden {
		t.Errorf("a link of another page: %d", res.StatusCode)
	}
	res, _ := w.get(t, once)
	if got := res.Header.Get("Location"); res.StatusCode != http.StatusFound || got != w.base+"/_/igv/" {
		t.Errorf("%d to %q", res.StatusCode, got)
	}
	if res, _ := w.get(t, once); res.StatusCode != http.StatusGone || !w.said("a second time") {
		t.Errorf("the second time: %d", res.StatusCode)
	}
}

// Log lines have method, path, status and size, and no secret.
func TestLogHasNoSecret(t *testing.T) {
	t.Parallel()
	w := start(t, manage.Change{}, func(rw http.ResponseWriter, r *http.Request) {
		http.Redirect(rw, r, "https://data.invalid/a.bam?X-Amz-Signature=s3cret", http.StatusFound)
	}, nil)
	res, _ := w.get(t, w.base+"/api/x?patient=s3cret")
	_, _ = w.get(t, res.Header.Get("Location")+"?q=s3cret", "Range: bytes=0-1")
	_, _ = w.get(t, "http://"+w.host+"/s3cret")
	_, _ = w.get(t, w.server.Once("")+"?s3cret")
	_, _ = w.send(t, http.MethodPost, w.server.Place().TokenURL, "client_secret=s3cret", "Authorization: Basic s3cret")
	if err := w.server.Close(); err != nil {
		t.Error(err)
	}
	p := w.server.Place()
	for _, secret := range []string{"s3cret", w.base[strings.LastIndexByte(w.base, '/')+1:], p.ClientSecret, w.token(t)} {
		if i := slices.IndexFunc(w.log, func(line string) bool { return strings.Contains(line, secret) }); i >= 0 {
			t.Errorf("a line has %q: %s", secret, w.log[i])
		}
	}
	if len(w.log) != 5 || !strings.HasPrefix(w.log[0], "GET /api/x 302 ") {
		t.Errorf("%q", w.log)
	}
}
