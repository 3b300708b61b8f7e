package scripttest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// serve-answer STATUS FILE [HEADER...] serves one answer to whatever is asked, and sets HOST to where it listens. In FILE and
// headers \e stands for an escape character, in FILE also ASSERTION for the one that was sent.
func serveAnswer(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: serve-answer STATUS FILE [HEADER...]")
	}
	status, err := strconv.Atoi(args[0])
	ts.Check(err)
	body := unescaped(ts.ReadFile(args[1]))
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for _, h := range args[2:] {
			name, value, _ := strings.Cut(h, ": ")
			w.Header().Set(name, unescaped(value))
		}
		w.WriteHeader(status)
		fmt.Fprint(w, strings.ReplaceAll(body, "ASSERTION", r.PostFormValue("client_assertion")))
	}))
	ts.Defer(s.Close)
	ts.Setenv("HOST", strings.TrimPrefix(s.URL, "http://"))
	ts.Setenv("BASE", s.URL)
}

func unescaped(s string) string { return strings.ReplaceAll(s, `\e`, "\x1b") }
