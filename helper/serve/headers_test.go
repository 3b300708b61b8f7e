package serve_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"cgp-cred/helper/helpertest"
	"cgp-cred/helper/manage"
	"cgp-cred/helper/profile"
)

// The headers that a client can't give the API: with one request for all, and then for each method of authentication.
func TestSmuggledHeaders(t *testing.T) {
	t.Parallel()
	smuggled := []string{
		"Authorization: Bearer theirs", "authorization: Basic theirs", "apikey: theirs", "APIKEY: theirs", "X-Api-Key: theirs",
		"api_key: theirs", "Cookie: theirs", "Proxy-Authorization: theirs", "Origin-Trial: kept", "Referer: theirs", "Via: theirs",
		"Forwarded: for=theirs", "X-Forwarded-For: theirs", "X-Forwarded-Host: theirs", "X-Forwarded-Proto: theirs",
		"X-Forwarded-Prefix: theirs", "X-Real-IP: theirs", "X-Original-URL: /theirs", "X-Rewrite-URL: /theirs",
		"X-HTTP-Method-Override: DELETE", "x_forwarded_for: theirs", "Sec-Fetch-Dest: empty", "Sec-GPC: 1", "TE: trailers",
		"Proxy-Connection: keep-alive", "Keep-Alive: timeout=5", "X-Named: theirs", "Authorization_: kept",
		"X-Amz-Security-Token: theirs", "Access-Control-Request-Headers: theirs",
	}
	for _, auth := range []string{"", profile.APIKey, profile.None} { // empty: jwt, with the test key
		w := start(t, manage.Change{Auth: auth}, nil, nil)
		request := "GET /SECRET/x?a=1;b=%zz&c HTTP/1.1\nHost: HOST\nConnection: close, Authorization, apikey, X-Named\n" +
			"Accept: text/x\nX-Request-ID: 7\nRange: bytes=1-2\nIf-Range: \"a\"\nAccept-Encoding: br, gzip\nUser-Agent: me\n" +
			strings.Join(smuggled, "\n") + "\n\n"
		if got := w.raw(t, request); got != http.StatusOK {
			t.Fatalf("%s: status %d", auth, got)
		}
		seen := w.asked()[0]
		want := map[string]string{
			"Accept": "text/x", "X-Request-Id": "7", "Range": "bytes=1-2", "If-Range": `"a"`, "Accept-Encoding": "identity",
			"User-Agent": "me", "Origin-Trial": "kept", "Authorization_": "kept",
		}
		switch auth {
		case "":
			want["Authorization"] = "Bearer " + w.token(t)
		case profile.APIKey:
			want["Apikey"] = helpertest.APIKey
		}
		got := map[string]string{}
		for name, values := range seen.Header {
			got[name] = strings.Join(values, "|")
		}
		if !maps.Equal(got, want) {
			t.Errorf("%s: the API got\n%q, want\n%q", auth, got, want)
		}
		if seen.Host != w.Place.Host || seen.URL.RawQuery != "a=1;b=%zz&c" {
			t.Errorf("%s: host %q, query %q", auth, seen.Host, seen.URL.RawQuery)
		}
	}
}

// Requests whose end two servers could see in different places, and headers that are none.
func TestSmuggledRequests(t *testing.T) {
	t.Parallel()
	w := start(t, manage.Change{}, nil, nil)
	const second = "GET /second HTTP/1.1\nHost: HOST\nAuthorization: Bearer theirs\n\n"
	for _, tt := range []struct {
		name, request string
		status, asked int
	}{
		{"length and chunks", "POST /SECRET/x HTTP/1.1\nHost: HOST\nConnection: close\nContent-Length: 4\n" +
			"Transfer-Encoding: chunked\n\n0\n\n" + second, 200, 1},
		{"two lengths", "POST /SECRET/x HTTP/1.1\nHost: HOST\nContent-Length: 0\nContent-Length: 60\n\n" + second, 400, 0},
		{"signed length", "POST /SECRET/x HTTP/1.1\nHost: HOST\nContent-Length: +5\n\n12345", 400, 0},
		{"negative length", "POST /SECRET/x HTTP/1.1\nHost: HOST\nContent-Length: -1\n\n", 400, 0},
		{"unknown encoding", "POST /SECRET/x HTTP/1.1\nHost: HOST\nTransfer-Encoding: xchunked\n\n0\n\n", 501, 0},
		{"two encodings", "POST /SECRET/x HTTP/1.1\nHost: HOST\nTransfer-Encoding: gzip, chunked\n\n0\n\n", 501, 0},
		{"encoding with a tab", "POST /SECRET/x HTTP/1.1\nHost: HOST\nTransfer-Encoding:\tchunked\nConnection: close\n\n0\n\n", 200, 1},
		{"space before the colon", "GET /SECRET/x HTTP/1.1\nHost: HOST\nContent-Length : 60\n\n" + second, 400, 0},
		{"folded header", "GET /SECRET/x HTTP/1.1\nHost: HOST\nX-A: a\n b\nConnection: close\n\n", 200, 1},
		{"bare carriage return", "GET /SECRET/x HTTP/1.1\nHost: HOST\nX-A: a\rAuthorization: Bearer theirs\n\n", 400, 0},
		{"NUL", "GET /SECRET/x HTTP/1.1\nHost: HOST\nX-A: a\x00b\n\n", 400, 0},
		{"line break in the path", "GET /SECRET/x%0d%0aAuthorization:%20Bearer%20theirs HTTP/1.1\nHost: HOST\n\n", 403, 0},
		{"space in the path", "GET /SECRET/x y HTTP/1.1\nHost: HOST\n\n", 400, 0},
		{"name with a space", "GET /SECRET/x HTTP/1.1\nHost: HOST\nX A: b\n\n", 400, 0},
		{"a trailer", "POST /SECRET/x HTTP/1.1\nHost: HOST\nConnection: close\nTransfer-Encoding: chunked\nTrailer: Authorization\n\n" +
			"1\na\n0\nAuthorization: Bearer theirs\n\n", 200, 1},
		{"huge headers", "GET /SECRET/x HTTP/1.1\nHost: HOST\nX-A: " + strings.Repeat("a", 80<<10) + "\n\n", 431, 0},
	} {
		if got := w.raw(t, tt.request); got != tt.status {
			t.Errorf("%s: status %d, want %d", tt.name, got, tt.status)
		}
		seen := w.asked()
		if len(seen) != tt.asked {
			t.Errorf("%s: %d requests reached the API, want %d", tt.name, len(seen), tt.asked)
		}
		for _, r := range seen {
			if r.URL.Path != "/x" || strings.Contains(r.Header.Get("Authorization"), "theirs") || len(r.Trailer) > 0 {
				t.Errorf("%s: the API got %s %q, trailers %v", tt.name, r.URL.Path, r.Header, r.Trailer)
			}
		}
	}
}

// Paths that another server could read as one outside the profile's API.
func TestPathsStayInTheAPI(t *testing.T) {
	t.Parallel()
	w := start(t, manage.Change{APIName: new("api/v1")}, nil, nil)
	for _, path := range []string{
		"", "/", "/api", "/api/", "/api/v1x", "/api/v12/x", "/API/v1/x", "/other/x", "/api/v1/../x", "/api/v1/%2e%2e/x",
		"/api/v1/%2E./x", "/api/v1/..%2fx", "/api/v1/%252e%252e/x", `/api/v1/..\x`, "/api/v1/..%5cx", "/api/v1/..;/x",
		"/api/v1/%c0%ae%c0%ae/x", "//api/v1/x", "/./api/v1/x", "/api//v1/x", "/%61pi/v1/x", "/api%2fv1/x", "/api/v1/.%00./x",
		"/oauth2/token", "/api/v1/%0d%0ax", "/api/v1/%2e%2e%2foauth2",
	} {
		got := w.raw(t, "GET /SECRET"+path+" HTTP/1.1\nHost: HOST\n\n")
		if n := len(w.asked()); got != http.StatusForbidden && got != http.StatusBadRequest && got != http.StatusNotFound || n != 0 {
			t.Errorf("%q: status %d, %d requests reached the API", path, got, n)
		}
	}
	for path, want := range map[string]string{
		"/api/v1": "/api/v1", "/api/v1/": "/api/v1/", "/api/v1/a%20b/c": "/api/v1/a%20b/c", "/api/v1/a%2fb": "/api/v1/a%2fb",
		"/api/v1//x": "/api/v1//x", "/api/v1/x.y/..z": "/api/v1/x.y/..z", "/api/v1/a:b@c": "/api/v1/a:b@c", "/api/v1/x?": "/api/v1/x?",
		"/api/v1/a?u=https://x/../y": "/api/v1/a?u=https://x/../y",
	} {
		got := w.raw(t, "GET /SECRET"+path+" HTTP/1.1\nHost: HOST\n\n")
		if seen := w.asked(); got != http.StatusOK || len(seen) != 1 || seen[0].RequestURI != want {
			t.Errorf("%q: status %d, the API got %v", path, got, seen)
		}
	}
}

// What the API says that is true only of its own host, would stay in a browser, or repeats the credential.
func TestHeadersOfTheAPI(t *testing.T) {
	t.Parallel()
	dropped := map[string]string{
		"Set-Cookie": "a=b", "Strict-Transport-Security": "max-age=1", "Access-Control-Allow-Origin": "*",
		"Access-Control-Allow-Credentials": "true", "Alt-Svc": `h3=":443"`, "Clear-Site-Data": `"*"`, "Nel": "{}", "Report-To": "{}",
		"Refresh": "0; url=https://evil.example", "Link": "<https://evil.example>; rel=preload", "Service-Worker-Allowed": "/",
		"Public-Key-Pins": "a", "Proxy-Authenticate": "Basic", "Timing-Allow-Origin": "*", "Permissions-Policy": "a", "set_cookie": "a=b",
	}
	replaced := map[string]string{
		"Content-Security-Policy": "default-src *", "Referrer-Policy": "unsafe-url", "X-Frame-Options": "ALLOWALL",
		"Cross-Origin-Resource-Policy": "cross-origin", "Cache-Control": "public",
	}
	kept := map[string]string{
		"Content-Type": "application/fhir+json", "Etag": `"1"`, "Accept-Ranges": "bytes", "Content-Range": "bytes 0-1/2",
		"Www-Authenticate": "Bearer", "X-Request-Id": "7", "Retry-After": "3", "Content-Disposition": "attachment",
	}
	w := start(t, manage.Change{}, func(rw http.ResponseWriter, r *http.Request) {
		for _, list := range []map[string]string{dropped, replaced, kept} {
			for name, value := range list {
				rw.Header()[name] = []string{value}
			}
		}
		rw.Header().Set("X-Echo", r.Header.Get("Authorization"))
		rw.Header().Set("X-Echo-Token", "token="+strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
		rw.Header().Set("Trailer", "Set-Cookie, X-End")
		rw.Header().Add("Vary", "Accept")
		rw.WriteHeader(http.StatusEarlyHints)
		_, _ = rw.Write([]byte("body"))
		rw.Header().Set("Set-Cookie", "late=1")
		rw.Header().Set(http.TrailerPrefix+"Set-Cookie", "late=1")
	}, nil)
	res, body := w.get(t, w.base+"/x")
	for name := range dropped {
		if len(res.Header[name]) > 0 {
			t.Errorf("%s: %q", name, res.Header[name])
		}
	}
	for name, value := range replaced {
		if got := res.Header.Values(name); len(got) != 1 || got[0] == value {
			t.Errorf("%s: %q", name, got)
		}
	}
	for name, want := range kept {
		if got := res.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if res.Header.Get("X-Echo") != "" || res.Header.Get("X-Echo-Token") != "" {
		t.Error("the token came back in a header")
	}
	if len(res.Trailer) > 0 || body != "body" || !slices.Contains(res.Header.Values("Vary"), "Accept, Origin") {
		t.Errorf("body %q, trailers %v, Vary %q", body, res.Trailer, res.Header.Values("Vary"))
	}
}
