//go:build unix

package installtest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"cgp-cred/keystore/keystoretest"
)

// release is what a server offers below its root: name to content.
type release map[string]string

var archiveName = fmt.Sprintf("cgp-cred_1.2.3_%s_%s.tar.gz", runtime.GOOS, runtime.GOARCH)

const program = "#!/bin/sh\n[ \"$1\" != completion ] || { echo \"# $2\"; exit; }\necho cgp-cred 1.2.3\n"

func plain(name, content string) member {
	return member{header: tar.Header{Name: name, Mode: 0o755, Size: int64(len(content))}, content: content}
}

// member is a file in the folder of an archive.
type member struct {
	header  tar.Header
	content string
	bare    bool // outside the folder
}

// bare returns a file that is not in the archive's folder.
func bare(name, content string) member {
	m := plain(name, content)
	m.bare = true
	return m
}

// link returns a symbolic link.
func link(name, target string) member {
	return member{header: tar.Header{Name: name, Linkname: target, Typeflag: tar.TypeSymlink}}
}

// pack makes a release of these members, its sums right.
func pack(t *testing.T, members ...member) release {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, m := range members {
		if !m.bare {
			m.header.Name = strings.TrimSuffix(archiveName, ".tar.gz") + "/" + m.header.Name
		}
		if err := w.WriteHeader(&m.header); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(m.content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	r := release{archiveName: b.String()}
	r["SHA256SUMS"] = strings.Repeat("0", 64) + "  another.tar.gz\n" + r.line()
	return r
}

// line is the archive's line of SHA256SUMS.
func (r release) line() string {
	return fmt.Sprintf("%x  %s\n", sha256.Sum256([]byte(r[archiveName])), archiveName)
}

func (r release) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, ok := r[strings.TrimPrefix(req.URL.Path, "/v1.2.3/")]
	if !ok {
		w.WriteHeader(http.StatusNotFound)
		body = "<html>touch harm</html>\n"
	}
	_, _ = w.Write([]byte(body))
}

// offer serves h and points the machine at it, with a prefix that has a space.
func (m *machine) offer(h http.Handler) (prefix string) {
	m.t.Helper()
	keystoretest.Need(m.t, "curl", "curl")
	server := httptest.NewServer(h)
	m.t.Cleanup(server.Close)
	prefix = filepath.Join(m.home, "my own")
	m.env["CGP_CRED_VERSION"], m.env["CGP_CRED_BASE_URL"], m.env["PREFIX"] = "1.2.3", server.URL+"/v1.2.3/", prefix
	return prefix
}

// contrib is the folder of the programs for key stores, from that of the man pages.
const contrib = "../../cgp-cred/contrib/"

func TestRelease(t *testing.T) {
	t.Parallel()
	eachShell(t, func(t *testing.T, m *machine) {
		prefix := m.offer(pack(
			t, plain("cgp-cred", program), plain("README.md", "x"), plain("LICENSE", "x"), plain("docs/ci.md", "x"), plain("completions/_cgp-cred", "x"),
			plain("man/cgp-cred.1", "the page"), plain("man/cgp-cred-get.1", "x"), plain("man/git-credential-cgp.1", "x"),
			plain("contrib/vault-sign", "#!/bin/sh"), plain("contrib/https.sh", "x"), plain("contrib/systemd/cgp-cred@.service", "x"),
			link("git-credential-cgp", "cgp-cred"), link("get_nhs_oauth_token", "cgp-cred"),
		))
		m.unchanged(prefix, func() {
			r := m.run()
			m.want(r, 0)
			if want := `export PATH="` + prefix + `/bin:$PATH"`; !strings.Contains(r.stdout, want) {
				t.Errorf("stdout has no %q:\n%s", want, r.stdout)
			}
		})
		m.installed(prefix, "cgp-cred 1.2.3", "cgp-cred-get.1", "cgp-cred.1", "git-credential-cgp.1",
			contrib+"https.sh", contrib+"systemd/cgp-cred@.service", contrib+"vault-sign")
		if page, err := os.ReadFile(filepath.Join(prefix, "share", "man", "man1", "cgp-cred.1")); err != nil || string(page) != "the page" {
			t.Errorf("the page is %q, %v", page, err)
		}

		m.env["PATH"] = filepath.Join(prefix, "bin") + ":" + m.env["PATH"]
		m.env["CGP_CRED_VERSION"] = "v1.2.3"
		r := m.run()
		m.want(r, 0)
		if strings.Contains(r.stdout, "export PATH") || r.stderr != "" {
			t.Errorf("the second run, with bin on PATH, says:\n%s%s", r.stdout, r.stderr)
		}
		m.installed(prefix, "cgp-cred 1.2.3", "cgp-cred-get.1", "cgp-cred.1", "git-credential-cgp.1",
			contrib+"https.sh", contrib+"systemd/cgp-cred@.service", contrib+"vault-sign")
	})
}

func TestReleaseWithEachTool(t *testing.T) {
	t.Parallel()
	packages := map[string]string{"curl": "curl", "wget": "wget", "sha256sum": "coreutils", "shasum": "perl", "openssl": "openssl"}
	for _, fetcher := range []string{"curl", "wget", ""} {
		for _, hasher := range []string{"sha256sum", "shasum", "openssl", ""} {
			t.Run(fetcher+"+"+hasher, func(t *testing.T) {
				t.Parallel()
				m := newMachine(t, "sh")
				for _, tool := range []string{fetcher, hasher} {
					if tool != "" {
						keystoretest.Need(t, tool, packages[tool])
					}
				}
				m.tools(append(releaseTools[:len(releaseTools)-2:len(releaseTools)-2], fetcher, hasher, "perl")...)
				prefix := m.offer(pack(t, plain("cgp-cred", program)))
				if fetcher == "" || hasher == "" {
					m.unchanged("", func() { m.want(m.run(), 1) })
					return
				}
				m.want(m.run(), 0)
				m.installed(prefix, "cgp-cred 1.2.3")
			})
		}
	}
}

func TestReleaseRefused(t *testing.T) {
	t.Parallel()
	good := func(t *testing.T) release { return pack(t, plain("cgp-cred", program)) }
	odd := func(members ...member) func(*testing.T) release {
		return func(t *testing.T) release { return pack(t, append(members, plain("cgp-cred", program))...) }
	}
	change := func(edit func(r release)) func(*testing.T) release {
		return func(t *testing.T) release {
			r := good(t)
			edit(r)
			return r
		}
	}
	tests := []struct {
		name   string
		offer  func(*testing.T) release
		stderr string
	}{
		{"wrong checksum", change(func(r release) { r[archiveName] += "x" }), "is not the one in SHA256SUMS"},
		{"no line for the archive", change(func(r release) { r["SHA256SUMS"] = strings.Repeat("0", 64) + "  another.tar.gz\n" }), "no single sum"},
		{"a longer name's line", change(func(r release) { r["SHA256SUMS"] = strings.ReplaceAll(r.line(), "cgp-cred_", "not-cgp-cred_") }), "no single sum"},
		{"two sums", change(func(r release) { r["SHA256SUMS"] += strings.Repeat("0", 64) + "  " + archiveName + "\n" }), "no single sum"},
		{"empty sums", change(func(r release) { r["SHA256SUMS"] = "" }), "no single sum"},
		{"a page for the sums", change(func(r release) { r["SHA256SUMS"] = "<html>sign in " + archiveName + "</html>" }), "no single sum"},
		{"sums absent", change(func(r release) { delete(r, "SHA256SUMS") }), "SHA256SUMS can't be fetched"},
		{"archive absent", change(func(r release) { delete(r, archiveName) }), ".tar.gz can't be fetched"},
		{"no archive", change(func(r release) {
			r[archiveName] = "<html></html>"
			r["SHA256SUMS"] = r.line()
		}), "can't be unpacked"},
		{"truncated archive", change(func(r release) {
			r[archiveName] = r[archiveName][:60]
			r["SHA256SUMS"] = r.line()
		}), "can't be unpacked"},
		{"a path upwards", odd(plain("../harm", "x")), "does not have"},
		{"an absolute path", odd(bare("/tmp/harm", "x")), "does not have"},
		{"a path upwards from the top", odd(bare("../harm", "x")), "does not have"},
		{"a file outside the folder", odd(bare("README.md", "x")), "does not have"},
		{"another folder", odd(bare("cgp-cred_1.2.4_linux_amd64/README.md", "x")), "does not have"},
		{"a program outside the folder", func(t *testing.T) release { return pack(t, bare("cgp-cred", program)) }, "does not have"},
		{"another file", odd(plain("bin/cgp-cred", "x")), "does not have"},
		{"a page upwards", odd(plain("man/../cgp-cred.1", "x")), "does not have"},
		{"a page of another program", odd(plain("man/ls.1", "x")), "does not have"},
		{"a page with a space", odd(plain("man/cgp-cred x.1", "x")), "does not have"},
		{"a page that is a link", odd(link("man/cgp-cred.1", "/etc/passwd")), "other than plain files"},
		{"a folder of pages", odd(member{header: tar.Header{Name: "man/", Typeflag: tar.TypeDir, Mode: 0o755}}), "other than plain files"},
		{"a link", odd(link("LICENSE", "/etc/passwd")), "other than plain files"},
		{"a link of the right name to another file", odd(link("git-credential-cgp", "/bin/sh")), "other than plain files"},
		{"a link of another name to the program", odd(link("README.md", "cgp-cred")), "other than plain files"},
		{"a link in a folder", odd(link("man/git-credential-cgp", "cgp-cred")), "other than plain files"},
		{"a folder", odd(member{header: tar.Header{Name: "cgp-cred", Typeflag: tar.TypeDir, Mode: 0o755}}), "other than plain files"},
		{"two companions", odd(plain("cgp-cred-fleet", program), plain("cgp-cred-fleet", program)), "more than one cgp-cred-fleet"},
		{"a companion that does not run", odd(plain("cgp-cred-fleet", "#!/bin/sh\nexit 1\n")), "does not run"},
		{"two programs", odd(plain("cgp-cred", program)), "one cgp-cred"},
		{"no program", func(t *testing.T) release { return pack(t, plain("LICENSE", "x")) }, "one cgp-cred"},
		{"a program that does not run", func(t *testing.T) release { return pack(t, plain("cgp-cred", "#!/bin/sh\nexit 1\n")) }, "does not run"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, "sh")
			prefix := m.offer(test.offer(t))
			before := filepath.Join(prefix, "bin", "cgp-cred")
			m.write(before, "the program of yesterday")
			m.refuses(1, test.stderr)
		})
	}
}

// TestReleaseOverTLS: a certificate that is not trusted, and a redirect to plain http, are refused.
func TestReleaseOverTLS(t *testing.T) {
	t.Parallel()
	keystoretest.Need(t, "curl", "curl")
	r := pack(t, plain("cgp-cred", program))
	insecure := httptest.NewServer(r)
	t.Cleanup(insecure.Close)
	for _, test := range []struct {
		name           string
		trusted, leads bool
		code           int
	}{{"trusted", true, false, 0}, {"not trusted", false, false, 1}, {"leads to http", true, true, 1}} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, "sh")
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				if test.leads {
					http.Redirect(w, req, insecure.URL+req.URL.Path, http.StatusFound)
					return
				}
				r.ServeHTTP(w, req)
			}))
			server.Config.ErrorLog = nil
			server.StartTLS()
			t.Cleanup(server.Close)
			prefix := filepath.Join(m.home, "p")
			m.env["CGP_CRED_VERSION"], m.env["CGP_CRED_BASE_URL"], m.env["PREFIX"], m.env["NO_PROXY"] = "1.2.3", server.URL+"/v1.2.3", prefix, "*"
			if test.trusted {
				ca := filepath.Join(m.root, "ca.pem")
				m.write(ca, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})))
				m.env["CURL_CA_BUNDLE"] = ca
			}
			m.unchanged(prefix, func() { m.want(m.run(), test.code) })
			if _, err := os.Stat(filepath.Join(prefix, "bin", "cgp-cred")); (err == nil) != (test.code == 0) {
				t.Errorf("the program is there: %v", err == nil)
			}
		})
	}
}
