package viewer_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"cgp-cred/helper/serve/viewer"
	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/keystoretest"
)

// write makes files below a folder.
func write(t *testing.T, folder string, texts map[string]string) {
	t.Helper()
	for name, text := range texts {
		path := filepath.Join(folder, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// treeOf opens a folder until the test ends.
func treeOf(t *testing.T, folder string) *disk.Tree {
	t.Helper()
	tree, err := disk.OpenTree(folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tree.Close() })
	return tree
}

// library returns an igv.js of one line.
func library(t *testing.T) *viewer.Library {
	t.Helper()
	folder := t.TempDir()
	write(t, folder, map[string]string{"igv.min.js": "window.igv = 1"})
	l, err := viewer.FindLibrary(t.Context(), folder)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func ask(h http.Handler, method, path, body string, headers ...string) *http.Response {
	r := httptest.NewRequest(method, "http://127.0.0.1/", strings.NewReader(body))
	r.URL.Path = path
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func text(t *testing.T, res *http.Response) string {
	t.Helper()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestFiles(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "root")
	write(t, folder, map[string]string{
		"index.html": "front", "sub/index.html": "sub", "empty/a.txt": "a", "a.bam": "0123456789", "app.mjs": "m", "x.wasm": "w",
		".hidden": "no", "../outside.txt": "no", "a b.js": "js", "colon:.d/index.html": "colon",
	})
	tree := treeOf(t, folder)
	h := viewer.Options{Folder: tree}.Handler("http://127.0.0.1:1/S")
	for _, c := range []struct {
		path, header string
		status       int
		kind, body   string
	}{
		{"/_/root/", "", 200, "text/html; charset=utf-8", "front"},
		{"/_/root/sub/", "", 200, "text/html; charset=utf-8", "sub"},
		{"/_/root/a.bam", "", 200, "application/vnd.ga4gh.bam", "0123456789"},
		{"/_/root/a.bam", "Range: bytes=2-4", 206, "application/vnd.ga4gh.bam", "234"},
		{"/_/root/a.bam", "Range: bytes=-3", 206, "application/vnd.ga4gh.bam", "789"},
		{"/_/root/a.bam", "Range: bytes=50-", 416, "", ""},
		{"/_/root/app.mjs", "", 200, "text/javascript; charset=utf-8", "m"},
		{"/_/root/a b.js", "", 200, "text/javascript; charset=utf-8", "js"},
		{"/_/root/x.wasm", "", 200, "application/wasm", "w"},
		{"/_/root/empty/", "", 404, "", ""},
		{"/_/root/.hidden", "", 404, "", ""},
		{"/_/root/../outside.txt", "", 404, "", ""},
		{"/_/root//etc/passwd", "", 404, "", ""},
		{"/_/root/sub/../../outside.txt", "", 404, "", ""},
		{"/_/root/a.bam/", "", 404, "", ""},
		{"/_/root/nothing", "", 404, "", ""},
		{"/_/root/\x00", "", 404, "", ""},
		{"/_/igv/", "", 404, "", ""},
		{"/_/", "", 404, "", ""},
		{"/_/ROOT/", "", 404, "", ""},
	} {
		res := ask(h, http.MethodGet, c.path, "", c.header)
		if res.StatusCode != c.status || c.kind != "" && (res.Header.Get("Content-Type") != c.kind || text(t, res) != c.body) {
			t.Errorf("%q %s: %d %v", c.path, c.header, res.StatusCode, res.Header)
		}
		if got := res.Header.Get("Content-Security-Policy"); !strings.Contains(got, "frame-ancestors 'none'") {
			t.Errorf("%q: policy %q", c.path, got)
		}
	}
	for path, want := range map[string]string{"/_/root": "./root/", "/_/root/sub": "./sub/", "/_/root/colon:.d": "./colon:.d/"} {
		if runtime.GOOS == "windows" && strings.Contains(path, ":") {
			continue
		}
		if res := ask(h, http.MethodGet, path, ""); res.StatusCode != http.StatusMovedPermanently || res.Header.Get("Location") != want {
			t.Errorf("%s: %d %q", path, res.StatusCode, res.Header.Get("Location"))
		}
	}
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodPatch, http.MethodOptions} {
		if res := ask(h, method, "/_/root/a.bam", "x"); res.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("%s: %d", method, res.StatusCode)
		}
	}
	if res := ask(h, http.MethodHead, "/_/root/a.bam", ""); res.ContentLength != 10 || text(t, res) != "" {
		t.Errorf("HEAD: %v", res.Header)
	}
}

// A page that another user could have written is not served, and the user is told. Data is.
func TestFilesOfOthers(t *testing.T) {
	keystoretest.Require(t, keystoretest.Unix)
	folder := t.TempDir()
	write(t, folder, map[string]string{"a.html": "a", "a.js": "a", "a.svg": "a", "a.json": "a", "a.bam": "a", "a.vcf.gz": "a"})
	var told []string
	tree := treeOf(t, folder)
	h := viewer.Options{Folder: tree, Warn: func(s string) { told = append(told, s) }}.Handler("http://127.0.0.1:1/S")
	for name, want := range map[string]int{"a.html": 403, "a.js": 403, "a.svg": 403, "a.json": 403, "a.bam": 200, "a.vcf.gz": 200} {
		if err := os.Chmod(filepath.Join(folder, name), 0o666); err != nil {
			t.Fatal(err)
		}
		if res := ask(h, http.MethodGet, "/_/root/"+name, ""); res.StatusCode != want {
			t.Errorf("%s: %d", name, res.StatusCode)
		}
	}
	if len(told) != 4 || !strings.Contains(told[0], "can be written by everybody") {
		t.Errorf("%q", told)
	}
}

// A folder that holds the user's other files is no folder for a viewer.
func TestCheckFolder(t *testing.T) {
	folder := t.TempDir()
	write(t, folder, map[string]string{"home/.config/x": "", "viewer/index.html": ""})
	for name, ok := range map[string]bool{".": false, "home": false, "viewer": true, "home/.config": true} {
		tree := treeOf(t, filepath.Join(folder, name))
		err := viewer.CheckFolder(tree, filepath.Join(folder, "home"), "")
		if ok != (err == nil) || err != nil && (fault.ClassOf(err) != fault.Usage || len(fault.HintsOf(err)) == 0) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

const strict = "default-src 'none'; script-src http://127.0.0.1/S/_/igv/ 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; connect-src 'self'"

func TestPage(t *testing.T) {
	folder := t.TempDir()
	write(t, folder, map[string]string{"g e.fa": ">c\nA\n", "g e.fa.fai": "c\t1\t3\t1\t2\n", "g e.fa.gzi": "", "other.txt": "no"})
	v, err := viewer.NewIGV(api(""), library(t), viewer.Start{
		Reference: filepath.Join(folder, "g e.fa"), Lines: []string{"/x/a.bam"}, Locus: "c:1-2",
	})
	if err != nil {
		t.Fatal(err)
	}
	h := viewer.Options{IGV: v}.Handler("http://127.0.0.1:1/S")
	for path, want := range map[string]string{
		"": "text/html; charset=utf-8", "page.js": "text/javascript; charset=utf-8", "page.css": "text/css; charset=utf-8",
		"igv.js": "text/javascript; charset=utf-8", "settings": "application/json",
		"sequence/g e.fa": "application/octet-stream", "sequence/g e.fa.fai": "application/octet-stream",
		"sequence/other.txt": "", "sequence/../other.txt": "", "sequence/": "", "page/page.js": "", "../root/": "", "x": "", "page.html": "",
	} {
		res := ask(h, http.MethodGet, "/_/igv/"+path, "")
		if (res.StatusCode == http.StatusOK) != (want != "") || want != "" && res.Header.Get("Content-Type") != want {
			t.Errorf("%s: %d %s", path, res.StatusCode, res.Header.Get("Content-Type"))
		}
		csp := res.Header.Get("Content-Security-Policy")
		if want != "" && !strings.HasPrefix(csp, strict+";") || !strings.Contains(csp, "frame-ancestors 'none'") {
			t.Errorf("%s: policy %q", path, csp)
		}
	}
	front := text(t, ask(h, http.MethodGet, "/_/igv/", ""))
	if strings.Contains(front, "<script>") || strings.Contains(front, " style=") || strings.Contains(front, "onclick") {
		t.Error("the page has a script of its own in it")
	}
	var got struct {
		Host, Locus string
		Module      bool
		Genome      viewer.Genome
		Tracks      []viewer.Track
	}
	if err := json.Unmarshal([]byte(text(t, ask(h, http.MethodGet, "/_/igv/settings", ""))), &got); err != nil {
		t.Fatal(err)
	}
	if got.Host != platform || got.Locus != "c:1-2" || got.Module || got.Genome.FASTA != "sequence/g%20e.fa" ||
		got.Genome.Index != "sequence/g%20e.fa.fai" || len(got.Tracks) != 1 || got.Tracks[0].URL != "../../x/a.bam" {
		t.Errorf("%+v", got)
	}
	for _, c := range []struct {
		method, path, body string
		status             int
	}{
		{http.MethodPost, "track", "/x/a.bam", 200},
		{http.MethodPost, "track", "https://evil.example/a.bam", 400},
		{http.MethodPost, "track", strings.Repeat("a", 20<<10), 400},
		{http.MethodPost, "genome", "/x/g.fa.gz", 200},
		{http.MethodPost, "genome", "/x/g.txt", 400},
		{http.MethodPost, "genome", "https://evil.example/g.fa", 400},
		{http.MethodPost, "genome", "hg38", 400},
		{http.MethodGet, "track", "", 405},
		{http.MethodPost, "", "", 405},
		{http.MethodPost, "settings", "", 405},
	} {
		if res := ask(h, c.method, "/_/igv/"+c.path, c.body); res.StatusCode != c.status {
			t.Errorf("%s %s %.30s: %d", c.method, c.path, c.body, res.StatusCode)
		}
	}
}

func TestReference(t *testing.T) {
	folder := t.TempDir()
	write(t, folder, map[string]string{
		"a.fa": "", "a.fa.fai": "", "b.fa.gz": "", "b.fa.gz.fai": "", "b.fa.gz.gzi": "", "c.2bit": "", "noindex.fa": "", "d.fasta.gz": "",
		"d.fasta.gz.fai": "", "text.txt": "",
	})
	at := func(name string) string { return filepath.Join(folder, name) }
	for _, c := range []struct{ text, want, asks string }{
		{"https://int.api.service.nhs.uk/x/g.fa", `{"id":"g.fa","fastaURL":"../../x/g.fa","indexURL":"../../x/g.fa.fai"}`, ""},
		{
			"https://int.api.service.nhs.uk/x/g.fna.gz",
			`{"id":"g.fna.gz","fastaURL":"../../x/g.fna.gz","indexURL":"../../x/g.fna.gz.fai","compressedIndexURL":"../../x/g.fna.gz.gzi"}`, "",
		},
		{"https://int.api.service.nhs.uk/x/g.2bit", `{"id":"g.2bit","twoBitURL":"../../x/g.2bit"}`, ""},
		{
			"https://data.example/g;x.fa?v=1",
			`{"id":"g;x.fa","fastaURL":"https://data.example/g;x.fa?v=1","indexURL":"https://data.example/g;x.fa.fai?v=1"}`,
			"https://data.example/g%3Bx.fa https://data.example/g%3Bx.fa.fai",
		},
		{at("a.fa"), `{"id":"a.fa","fastaURL":"sequence/a.fa","indexURL":"sequence/a.fa.fai"}`, ""},
		{
			at("b.fa.gz"),
			`{"id":"b.fa.gz","fastaURL":"sequence/b.fa.gz","indexURL":"sequence/b.fa.gz.fai","compressedIndexURL":"sequence/b.fa.gz.gzi"}`, "",
		},
		{at("c.2bit"), `{"id":"c.2bit","twoBitURL":"sequence/c.2bit"}`, ""},
		{"hg38", `{"id":"hg38","known":true}`, "https://igv.org/genomes/"},
		{"GCF_000001405.40", `{"id":"GCF_000001405.40","known":true}`, "https://igv.org/genomes/"},
		{at("noindex.fa"), "", ""},
		{at("d.fasta.gz"), "", ""},
		{at("gone.fa"), "", ""},
		{at("text.txt"), "", ""},
		{folder, "", ""},
		{"gone.fa", "", ""},
		{"http://data.example/g.fa", "", ""},
		{"https://data.example/g.txt", "", ""},
		{"https://user@data.example/g.fa", "", ""},
		{"ftp://data.example/g.fa", "", ""},
		{"hg 38", "", ""},
		{"hg38; script-src *", "", ""},
		{"https://data.example/g.fa script-src *", "", ""},
		{"https://*/g.fa", "", ""},
		{"https://data.example; script-src */g.fa", "", ""},
	} {
		v, err := viewer.NewIGV(api(""), library(t), viewer.Start{Reference: c.text})
		if c.want == "" {
			if err == nil || fault.ClassOf(err) != fault.Usage || len(fault.HintsOf(err)) == 0 {
				t.Errorf("%s: %v", c.text, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		h := viewer.Options{IGV: v}.Handler("http://127.0.0.1:1/S")
		res := ask(h, http.MethodGet, "/_/igv/settings", "")
		if got := text(t, res); !strings.Contains(got, `"genome":`+c.want+`,`) {
			t.Errorf("%s: %s", c.text, got)
		}
		if csp := res.Header.Get("Content-Security-Policy"); !strings.Contains(csp, strict) ||
			c.asks == "" && !strings.HasPrefix(csp, strict+";") || !strings.Contains(csp, c.asks) || !strings.HasPrefix(v.Asks(), c.asks) {
			t.Errorf("%s: %s", c.text, csp)
		}
	}
}

func TestFindLibrary(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("PATH", filepath.Join(folder, "bin"))
	write(t, folder, map[string]string{
		"a/igv.min.js": "", "b/dist/igv.esm.min.js": "", "c/node_modules/igv/dist/igv.js": "", "d/sub/deeper/x": "",
		"d/node_modules/igv/dist/igv.min.js": "", "global/igv/dist/igv.min.js": "", "e/x": "", "planted/node_modules/igv/dist/igv.min.js": "",
		"bin/npm": "#!/bin/sh\necho '" + filepath.Join(folder, "global") + "'\n",
	})
	for _, c := range []struct{ root, here, want string }{
		{"a", "e", "a/igv.min.js"},
		{"b", "e", "b/dist/igv.esm.min.js"},
		{"c", "e", "c/node_modules/igv/dist/igv.js"},
		{"", "d/sub/deeper", "d/node_modules/igv/dist/igv.min.js"},
		{"e", "d/sub", "d/node_modules/igv/dist/igv.min.js"},
		{"", "e", ""},
		{"e", "e", ""},
	} {
		root := c.root
		if root != "" {
			root = filepath.Join(folder, root)
		}
		t.Chdir(filepath.Join(folder, filepath.FromSlash(c.here)))
		l, err := viewer.FindLibrary(t.Context(), root)
		switch {
		case c.want == "" && (err == nil || fault.HintOf(err, "") != "npm install igv"):
			t.Errorf("%+v: %v", c, err)
		case c.want != "" && (err != nil || l.Path != filepath.Join(folder, filepath.FromSlash(c.want))):
			t.Errorf("%+v: %+v %v", c, l, err)
		}
	}
	if runtime.GOOS == "windows" {
		return
	}
	t.Chdir(filepath.Join(folder, "e"))
	if err := os.Chmod(filepath.Join(folder, "bin", "npm"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", filepath.Join(folder, "bin")+":/usr/bin:/bin")
	if l, err := viewer.FindLibrary(t.Context(), ""); err != nil || l.Path != filepath.Join(folder, "global", "igv", "dist", "igv.min.js") {
		t.Errorf("global: %+v %v", l, err)
	}
	// Another user could have written this one: it is not run, and it is not passed over.
	if err := os.Chmod(filepath.Join(folder, "planted", "node_modules"), 0o777); err != nil {
		t.Fatal(err)
	}
	t.Chdir(filepath.Join(folder, "planted"))
	if _, err := viewer.FindLibrary(t.Context(), ""); err == nil || !strings.Contains(err.Error(), "igv.js") {
		t.Errorf("planted: %v", err)
	}
}
