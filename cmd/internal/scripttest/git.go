package scripttest

import (
	"encoding/pem"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"cgp-cred/keystore/keystoretest"
)

// git-server DIR serves bare repositories over https to whoever brings a token that the simulator knows, and sets GITHOST
// and GIT_SSL_CAINFO. What it was sent is in gitserver.log: a line a request, the Authorization header's scheme alone.
func gitServer(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: git-server DIR")
	}
	git, err := exec.LookPath("git")
	ts.Check(err)
	files := &cgi.Handler{
		Path: git, Args: []string{"http-backend"}, Dir: ts.MkAbs("."),
		Env: []string{"GIT_PROJECT_ROOT=" + ts.MkAbs(args[0]), "GIT_HTTP_EXPORT_ALL=1", "HOME=" + ts.Getenv("HOME")},
	}
	api := ts.Getenv("BASE") + "/hello-world/hello/application"
	log, err := os.Create(ts.MkAbs("gitserver.log"))
	ts.Check(err)
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		authorization := r.Header.Get("Authorization")
		scheme, _, _ := strings.Cut(authorization, " ")
		_, _ = log.WriteString(r.URL.Path + " " + scheme + "\n")
		if scheme != "Bearer" || !accepted(api, authorization) {
			w.Header().Set("WWW-Authenticate", `Bearer realm="null",error="invalid_token"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		files.ServeHTTP(w, r)
	}))
	ts.Defer(func() {
		s.Close()
		_ = log.Close()
	})
	ca := ts.MkAbs("gitserver.pem")
	ts.Check(os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600))
	ts.Setenv("GITHOST", strings.TrimPrefix(s.URL, "https://"))
	ts.Setenv("GIT_SSL_CAINFO", ca)
}

// accepted asks an API of the simulator whether it takes a header.
func accepted(api, authorization string) bool {
	req, err := http.NewRequest(http.MethodGet, api, nil)
	if err != nil {
		return false
	}
	req.Header.Set("Authorization", authorization)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	_ = res.Body.Close()
	return res.StatusCode == http.StatusOK
}

// newgit puts a git that knows authtype first on PATH: the system's, or the one that .dev/newgit.sh unpacked. Without one
// the script is skipped; in CI it fails.
func useNewGit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: use-new-git")
	}
	for _, dir := range []string{"", filepath.Join(of(ts).repository, ".tools", "newgit")} {
		out, err := exec.Command(filepath.Join(dir, "git"), "credential", "capability").Output()
		if err == nil && strings.Contains(string(out), "capability authtype") {
			if dir != "" {
				ts.Setenv("PATH", dir+string(os.PathListSeparator)+ts.Getenv("PATH"))
			}
			return
		}
	}
	keystoretest.Missing(of(ts), "git 2.46 or later", "git, by .dev/newgit.sh")
}
