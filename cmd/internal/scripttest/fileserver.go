package scripttest

import (
	"crypto/sha256"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// fileServer: file-server NAME DELAY [open] serves the script's folder over https, ranges too, to whoever brings a token that
// the simulator knows, each request after a delay; an open one serves it over http, to everyone. It sets NAME to its host,
// NAME_PORT to its port, and for https CURL_CA_BUNDLE. The file NAME.log has a line a request: status, and a hash of the token, or - where there
// was none.
func fileServer(ts *testscript.TestScript, neg bool, args []string) {
	open := len(args) == 3 && args[2] == "open"
	if neg || len(args) != 2 && !open {
		ts.Fatalf("usage: file-server NAME DELAY [open]")
	}
	delay, err := time.ParseDuration(args[1])
	ts.Check(err)
	log, err := os.Create(ts.MkAbs(args[0] + ".log"))
	ts.Check(err)
	api := ts.Getenv("BASE") + "/hello-world/hello/application"
	files := http.FileServer(http.Dir(ts.MkAbs(".")))
	start := httptest.NewTLSServer
	if open {
		start = httptest.NewServer
	}
	s := start(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(delay)
		authorization := r.Header.Get("Authorization")
		who := "-"
		if authorization != "" {
			who = fmt.Sprintf("%x", sha256.Sum256([]byte(authorization)))[:12]
		}
		if !open && !accepted(api, authorization) {
			_, _ = fmt.Fprintln(log, http.StatusUnauthorized, who)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = fmt.Fprintln(log, http.StatusOK, who)
		files.ServeHTTP(w, r)
	}))
	ts.Defer(func() {
		s.CloseClientConnections()
		s.Close()
		_ = log.Close()
	})
	_, host, _ := strings.Cut(s.URL, "://")
	_, port, _ := strings.Cut(host, ":")
	ts.Setenv(args[0], host)
	ts.Setenv(args[0]+"_PORT", port)
	if open {
		return
	}
	ca := ts.MkAbs("fileserver.pem")
	ts.Check(os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600))
	ts.Setenv("CURL_CA_BUNDLE", ca)
}
