package scripttest

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// webdav-server DIR serves a folder over WebDAV, by rclone itself, to whoever brings a token that the simulator knows, and sets
// DAVHOST.
func webdavServer(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: webdav-server DIR")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	behind := l.Addr().String()
	ts.Check(l.Close())
	server := exec.Command("rclone", "serve", "webdav", ts.MkAbs(args[0]), "--addr", behind)
	server.Env = append(server.Environ(), "HOME="+ts.Getenv("HOME"), "RCLONE_CONFIG="+ts.MkAbs("none.conf"))
	rclone := start(ts, server)
	ts.Defer(rclone.kill)
	if !rclone.listens("tcp", behind) {
		ts.Fatalf("rclone does not listen")
	}
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: behind})
	api := ts.Getenv("BASE") + "/hello-world/hello/application"
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !accepted(api, r.Header.Get("Authorization")) {
			w.Header().Set("WWW-Authenticate", `Bearer realm="null"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		r.Header.Del("Authorization")
		proxy.ServeHTTP(w, r)
	}))
	ts.Defer(s.Close)
	ts.Setenv("DAVHOST", strings.TrimPrefix(s.URL, "http://"))
}
