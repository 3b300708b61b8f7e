//go:build clients

package viewer_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"cgp-cred/helper/helpertest"
	"cgp-cred/helper/manage"
	"cgp-cred/helper/serve"
	"cgp-cred/helper/serve/viewer"
	"cgp-cred/helper/simulator"
	"cgp-cred/helper/source"
	"cgp-cred/keystore/disk"
)

// The simulator's examples.
const (
	genomic   = "/genomic-data-access/"
	sample    = genomic + "files/LP1000000-DNA_A01"
	reference = genomic + "files/simulated-reference.fasta"
)

// lab is a simulated API with its second host, and a server that is started with options.
type lab struct {
	*serve.Server

	host string // of the server

	mu    sync.Mutex
	api   []string // requests that the simulator got
	asked []string // requests that the server got
	told  []string // lines for the user
}

func note(l *lab, list *[]string) func(string) {
	return func(line string) {
		l.mu.Lock()
		defer l.mu.Unlock()
		*list = append(*list, line)
	}
}

func newLab(t *testing.T, start viewer.Start, origins ...string) *lab {
	t.Helper()
	return newLabWith(t, start, "", origins...)
}

// newLabWith is newLab with the folder of --root.
func newLabWith(t *testing.T, start viewer.Start, root string, origins ...string) *lab {
	t.Helper()
	l := &lab{}
	name := "genomic-data-access"
	place := helpertest.NewWith(t, simulator.Config{Log: note(l, &l.api)}, manage.Change{APIName: &name})
	bucket := httptest.NewServer(place.Sim.Bucket())
	t.Cleanup(bucket.Close)
	place.Sim.SetBucketURL(bucket.URL)
	p := place.Load(t)
	from := root
	if root == "" {
		from = tools(t)
	}
	library, err := viewer.FindLibrary(t.Context(), from)
	if err != nil {
		t.Fatal(err)
	}
	api := viewer.API{Scheme: "http", Host: p.Host, Name: p.APIName, Covers: p.Covers}
	v, err := viewer.NewIGV(api, library, start)
	if err != nil {
		t.Fatal(err)
	}
	pages := viewer.Options{IGV: v, Warn: note(l, &l.told)}
	if root != "" {
		if pages.Folder, err = disk.OpenTree(root); err != nil {
			t.Fatal(err)
		}
	}
	o := serve.Options{
		Source: source.New(place.Helper, p), Profile: p, Scheme: "http", Origins: origins, Page: viewer.Page,
		Warn: note(l, &l.told), Log: note(l, &l.asked),
		Pages: func(s *serve.Server) http.Handler { return pages.Handler(s.Place().BaseURL) },
	}
	if l.Server, err = serve.Start(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	if _, err := o.Source.Credential(t.Context()); err != nil {
		t.Fatal(err)
	}
	l.host = strings.Split(l.Place().BaseURL, "/")[2]
	return l
}

// tools returns the folder with an npm install of igv, which make clients makes.
func tools(t *testing.T) string {
	t.Helper()
	folders, err := filepath.Glob("../../../.tools/igv-*")
	if err != nil || len(folders) != 1 {
		t.Fatal("igv.js is missing: make clients installs it")
	}
	folder, err := filepath.Abs(folders[0])
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

// requests returns how many of a list hold a text, in one line of it.
func (l *lab) requests(list *[]string, text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, line := range *list {
		if strings.Contains(line, text) {
			n++
		}
	}
	return n
}

// data returns how many requests for data the simulator got.
func (l *lab) data() int { return l.requests(&l.api, genomic) }

// keep makes a page keep what igv.js returns to it, for the test.
const keep = `(() => { let made; Object.defineProperty(window, 'igv', { get: () => made, set(v) { made = v; if (v.kept) return; v.kept = true;
	const create = v.createBrowser; v.createBrowser = async (...a) => (window.theBrowser = await create(...a)); } }); })()`

// drawn is how many reads or variants a track has drawn, and whether there is more than one colour in its picture.
const drawn = `(async (name) => {
	const view = window.theBrowser.trackViews.find((v) => v.track && v.track.name === name);
	const port = view.viewports[0];
	for (let i = 0; i < 600 && !(port.cachedFeatures && port.canvas); i++) await new Promise((r) => setTimeout(r, 100));
	const f = port.featureCache && port.featureCache.features;
	if (!f || !port.canvas) return 'not drawn';
	const n = f.allAlignments ? [...f.allAlignments()].length : f.length;
	const pixels = new Uint32Array(port.canvas.getContext('2d').getImageData(0, 0, port.canvas.width, port.canvas.height).data.buffer);
	return n + ' ' + (new Set(pixels).size > 1);
})`

// BAM and VCF by Range, CRAM with its reference, and htsget, from the page that the server serves, by what a person
// types, and at the start.
func TestClientsChromiumDraws(t *testing.T) {
	l := newLab(t, viewer.Start{
		Lines: []string{sample + ".vcf.gz", sample + ".bam"}, Locus: "chr1:2,900-3,500",
	})
	reads, variants := l.idOf(t, ".bam"), l.idOf(t, ".vcf.gz")
	c := startChrome(t)
	page := c.openKept(l.Once(viewer.Page))
	page.until("!document.getElementById('genome').hidden")
	page.enter("genome", "http://"+strings.Split(l.Place().BaseURL, "/")[2]+"/x/other.fa")
	page.until("document.getElementById('status').className === 'wrong'")
	page.enter("genome", reference)
	page.until("document.documentElement.dataset.ready")
	page.eval(drawn + "('LP1000000-DNA_A01.bam')")
	page.screenshot("igv.png")
	for _, line := range []string{
		"http://" + l.Place().Host + sample + ".cram",
		genomic + "ga4gh/htsget/v1.3/reads/" + reads,
		l.Place().BaseURL + genomic + "ga4gh/htsget/v1.3/variants/" + variants,
	} {
		page.enter("track", line)
		page.until("document.getElementById('status').textContent.endsWith('is open.') && !document.querySelector('#track button').disabled")
	}
	for _, name := range []string{
		"LP1000000-DNA_A01.bam", "LP1000000-DNA_A01.vcf.gz", "LP1000000-DNA_A01.cram", reads, variants,
	} {
		got := fmt.Sprint(page.eval(drawn + "('" + name + "')"))
		t.Log(name, got)
		if strings.HasPrefix(got, "0") || !strings.HasSuffix(got, " true") {
			t.Errorf("%s: %s", name, got)
		}
	}
	page.screenshot("all.png")
	for _, want := range []string{
		"GET /genomic-data-access/files/LP1000000-DNA_A01.bam 206", "GET /genomic-data-access/files/LP1000000-DNA_A01.cram 206",
		"GET /_/block 200", "GET /_/open 302",
	} {
		if l.requests(&l.asked, want) == 0 {
			t.Errorf("no request %s", want)
		}
	}
	if l.requests(&l.asked, " 403 ")+l.requests(&l.asked, " 401 ") > 0 || len(l.told) > 0 {
		t.Errorf("%q %q", l.told, l.asked)
	}
	if page.complains("Content Security Policy") || page.complains("igv.org") {
		t.Errorf("the policy was in the way: %s", strings.Join(page.console(), "\n"))
	}
	if got := fmt.Sprint(page.eval("location.search + location.hash + document.body.innerText")); strings.Contains(got, strings.Split(l.Place().BaseURL, "/")[3]) {
		t.Errorf("the page shows the secret: %s", got)
	}
}

// The page of docs/serve.md, in the user's folder, draws.
func TestClientsChromiumOwnViewer(t *testing.T) {
	const examples = "../../simulator/data/"
	document, err := os.ReadFile("../../../docs/serve.md")
	if err != nil {
		t.Fatal(err)
	}
	_, page, _ := strings.Cut(string(document), "```html\n")
	page, _, _ = strings.Cut(page, "```")
	page = strings.Replace(page, "files/a.bam", "files/LP1000000-DNA_A01.bam", 2)
	page = strings.Replace(page, "reference:", "locus: 'chr1:2,900-3,500', reference:", 1)
	page = strings.Replace(page, `type: "alignment"`, `name: "bam", type: "alignment"`, 1)
	folder := t.TempDir()
	write(t, folder, map[string]string{"index.html": "<!doctype html>" + page})
	for name, from := range map[string]string{
		"igv.min.js": filepath.Join(tools(t), "node_modules", "igv", "dist", "igv.min.js"),
		"genome.fa":  examples + "simulated-reference.fasta", "genome.fa.fai": examples + "simulated-reference.fasta.fai",
	} {
		data, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		write(t, folder, map[string]string{name: string(data)})
	}
	l := newLabWith(t, viewer.Start{}, folder)
	open := startChrome(t).openKept(l.Once(viewer.Files))
	open.until("window.theBrowser")
	got := fmt.Sprint(open.eval(drawn + "('bam')"))
	if strings.HasPrefix(got, "0") || !strings.HasSuffix(got, " true") || open.complains("Content Security Policy") {
		t.Errorf("%s\n%s", got, strings.Join(open.console(), "\n"))
	}
	if l.requests(&l.asked, "GET /_/root/genome.fa 206") == 0 || l.requests(&l.asked, "GET /genomic-data-access/files/LP1000000-DNA_A01.bam 206") == 0 {
		t.Errorf("%q", l.asked)
	}
}

// igv.js as a module, in the folder of --root.
func TestClientsChromiumModule(t *testing.T) {
	const name = "igv.esm.min.js"
	folder := t.TempDir()
	code, err := os.ReadFile(filepath.Join(tools(t), "node_modules", "igv", "dist", name))
	if err != nil {
		t.Fatal(err)
	}
	write(t, folder, map[string]string{name: string(code)})
	l := newLabWith(t, viewer.Start{Reference: "../../simulator/data/simulated-reference.fasta", Lines: []string{sample + ".cram"}}, folder)
	page := startChrome(t).open(l.Once(viewer.Page))
	page.until("document.documentElement.dataset.ready")
	if got := page.eval("document.getElementById('status').textContent"); got != "LP1000000-DNA_A01.cram is open." {
		t.Error(got)
	}
}

// idOf returns the ID of an example whose name has an ending.
func (l *lab) idOf(t *testing.T, ending string) string {
	t.Helper()
	res, err := http.Get(l.Place().BaseURL + genomic + "FHIR/R4/DocumentReference")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`"title":"LP1000000-DNA_A01` + regexp.QuoteMeta(ending) + `","url":"drs://[^"]*/([^"/]+)"`).FindSubmatch(text)
	if found == nil {
		t.Fatalf("no %s in %s", ending, text)
	}
	return string(found[1])
}

// openKept opens a page, and keeps igv.js's browser in it.
func (c *chrome) openKept(url string) *tab {
	c.t.Helper()
	page := c.open("about:blank#")
	c.call(page.id, "Page.addScriptToEvaluateOnNewDocument", object{"source": keep})
	c.call(page.id, "Page.navigate", object{"url": url})
	page.until("document.readyState === 'complete' && location.protocol !== 'about:'")
	return page
}

// enter types a line into a form, and sends it.
func (t *tab) enter(form, line string) {
	t.t.Helper()
	t.until("!document.getElementById('" + form + "').hidden && !document.querySelector('#" + form + " button').disabled")
	t.eval("document.getElementById('status').textContent = ''; document.getElementById('status').className = '';" +
		"document.querySelector('#" + form + " input').value = " + fmt.Sprintf("%q", line) +
		"; document.querySelector('#" + form + " button').click()")
}

// site is another web site, with a page and igv.js.
func site(t *testing.T, html string, start func(http.Handler) *httptest.Server) (port string) {
	t.Helper()
	files := http.FileServer(http.Dir(filepath.Join(tools(t), "node_modules", "igv", "dist")))
	s := start(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, ".js") {
			files.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(html))
	}))
	t.Cleanup(s.Close)
	_, port, err := net.SplitHostPort(s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

const foreignViewer = `<!doctype html><div id="igv"></div><script src="/igv.min.js"></script><script>
async function show(base, id) {
	try {
		const at = base + '/genomic-data-access/';
		window.theBrowser = await igv.createBrowser(document.getElementById('igv'), { loadDefaultGenomes: false, locus: 'chr1:2,000-3,000',
			reference: { id: 'r', fastaURL: at + 'files/simulated-reference.fasta', indexURL: at + 'files/simulated-reference.fasta.fai' },
			tracks: [{ name: 'bam', type: 'alignment', format: 'bam', url: at + 'files/LP1000000-DNA_A01.bam', indexURL: at + 'files/LP1000000-DNA_A01.bam.bai' },
				{ name: 'htsget', type: 'alignment', format: 'bam', sourceType: 'htsget', url: at + 'ga4gh/htsget/v1.3/reads/' + id }] });
		return 'made';
	} catch (e) { return 'failed: ' + (e.message || e); }
}
</script>`

// A viewer of an allowed web origin draws. From an address of the Internet, Chromium asks the user first, and without
// the answer nothing is sent (Local Network Access). From an origin that is not allowed nothing is drawn.
func TestClientsChromiumForeignViewer(t *testing.T) {
	port := site(t, foreignViewer, httptest.NewTLSServer)
	allowed := "https://viewer.example"
	l := newLab(t, viewer.Start{}, allowed)
	names := "--host-resolver-rules=MAP viewer.example:443 127.0.0.1:" + port + ", MAP other.example:443 127.0.0.1:" + port
	show := "show('" + l.Place().BaseURL + "', '" + l.idOf(t, ".bam") + "')"

	c := startChrome(t, names)
	page := c.open(allowed + "/")
	if got := page.eval(show); got != "made" {
		t.Fatalf("%v\n%s", got, strings.Join(page.console(), "\n"))
	}
	for _, name := range []string{"bam", "htsget"} {
		got := fmt.Sprint(page.eval(drawn + "('" + name + "')"))
		if strings.HasPrefix(got, "0") || !strings.HasSuffix(got, " true") {
			t.Errorf("%s: %s\n%s", name, got, strings.Join(page.console(), "\n"))
		}
	}
	page.screenshot("allowed.png")

	before, refused := l.data(), l.requests(&l.asked, " 403 ")
	page = c.open("https://other.example/")
	if got := fmt.Sprint(page.eval(show)); !strings.HasPrefix(got, "failed") {
		t.Errorf("a foreign page: %s", got)
	}
	if !page.complains("CORS") || l.data() != before || l.requests(&l.asked, " 403 ") == refused {
		t.Errorf("%d requests, %s", l.data()-before, strings.Join(page.console(), "\n"))
	}

	asked := l.requests(&l.asked, "")
	c = startChrome(t, names, "--ip-address-space-overrides=127.0.0.1:"+port+"=public")
	page = c.open(allowed + "/")
	if got := fmt.Sprint(page.eval(show)); !strings.HasPrefix(got, "failed") || !page.complains("LocalNetworkAccess") && !page.complains("loopback") {
		t.Errorf("a page of the Internet: %s\n%s", got, strings.Join(page.console(), "\n"))
	}
	if now := l.requests(&l.asked, ""); now != asked {
		t.Errorf("%d requests came", now-asked)
	}
}

// attacks are what a page does to reach an address without being allowed to.
const attacks = `(async (base) => {
	const url = base + '/genomic-data-access/files/LP1000000-DNA_A01.bam', out = {};
	const settled = (make) => new Promise((done) => { const e = make(); e.onload = () => done('loaded'); e.onerror = () => done('error'); document.body.append(e); });
	const tag = (name, set) => settled(() => Object.assign(document.createElement(name), set));
	const read = async (name, f) => { try { const r = await f(); out[name] = r.type + ' ' + r.status; } catch (e) { out[name] = 'error'; } };
	await read('fetch', () => fetch(url));
	await read('fetch with credentials', () => fetch(url, { credentials: 'include', headers: { Range: 'bytes=0-9' } }));
	await read('fetch with a header', () => fetch(url, { headers: { 'X-Own': '1' } }));
	await read('fetch no-cors', () => fetch(url, { mode: 'no-cors' }));
	await read('fetch no-cors POST', () => fetch(url, { mode: 'no-cors', method: 'POST', body: 'x' }));
	await read('fetch no-referrer', () => fetch(url, { mode: 'no-cors', referrerPolicy: 'no-referrer' }));
	await read('PUT', () => fetch(url, { method: 'PUT', body: 'x' }));
	await read('page', () => fetch(base + '/_/igv/settings'));
	await read('track', () => fetch(base + '/_/igv/track', { method: 'POST', mode: 'no-cors', body: '/x' }));
	await read('token', () => fetch(new URL(base).origin + '/token', { method: 'POST', mode: 'no-cors', body: new URLSearchParams({ grant_type: 'client_credentials' }) }));
	out.image = await tag('img', { src: url });
	out.script = await tag('script', { src: base + '/_/igv/page.js' });
	out.module = await tag('script', { type: 'module', src: base + '/_/igv/page.js' });
	out.style = await tag('link', { rel: 'stylesheet', href: base + '/_/igv/page.css' });
	out.anonymous = await tag('script', { crossOrigin: 'anonymous', src: base + '/_/igv/igv.js' });
	const frame = document.createElement('iframe');
	frame.src = base + '/_/igv/';
	await new Promise((done) => { frame.onload = frame.onerror = done; document.body.append(frame); });
	try { out.frame = frame.contentDocument ? 'read' : 'closed'; } catch { out.frame = 'closed'; }
	const boxed = document.createElement('iframe');
	boxed.sandbox = 'allow-scripts';
	boxed.srcdoc = '<script>fetch(' + JSON.stringify(url) + ').then(() => parent.postMessage("read", "*"), () => parent.postMessage("error", "*"))<' + '/script>';
	out['null origin'] = await new Promise((done) => { onmessage = (e) => done(e.data); document.body.append(boxed); });
	out.websocket = await new Promise((done) => { const w = new WebSocket(url.replace('http', 'ws')); w.onopen = () => done('open'); w.onerror = () => done('error'); });
	out.events = await new Promise((done) => { const s = new EventSource(url); s.onopen = () => { s.close(); done('open'); }; s.onerror = () => { s.close(); done('error'); }; });
	out.worker = await new Promise((done) => { const w = new Worker(URL.createObjectURL(new Blob(['fetch(' + JSON.stringify(url) + ').then(() => postMessage("read"), () => postMessage("error"))']))); w.onmessage = (e) => done(e.data); });
	navigator.sendBeacon(url, 'x');
	const form = Object.assign(document.createElement('form'), { action: url, method: 'POST', target: 'f' });
	const target = Object.assign(document.createElement('iframe'), { name: 'f' });
	document.body.append(form, target);
	await new Promise((done) => { target.onload = done; form.submit(); });
	for (const [name, value] of Object.entries(out)) if (value === 'opaque 0') out[name] = 'error';
	return JSON.stringify(out);
})`

// Nothing that another origin's page does reaches the API, without the secret and with it, and the page reads nothing. It
// is the server that refuses: the browser sends most of it.
func TestClientsChromiumForeignPage(t *testing.T) {
	const html = "<!doctype html><title>foreign</title><body>"
	port, plain := site(t, html, httptest.NewTLSServer), site(t, html, httptest.NewServer)
	l := newLab(t, viewer.Start{})
	_, own, _ := net.SplitHostPort(l.host)
	c := startChrome(t, "--host-resolver-rules=MAP other.example:443 127.0.0.1:"+port+", MAP *.example 127.0.0.1")
	base := l.Place().BaseURL
	for _, one := range []struct{ from, to string }{
		{"https://other.example/", base},
		{"https://other.example/", strings.Replace(base, "127.0.0.1", "localhost", 1)},
		{"https://other.example/", "http://" + l.host + "/AAAAAAAAAAAAAAAAAAAAAAAAAA"},
		{"http://plain.example:" + plain + "/", base},
		{"http://127.0.0.1:" + plain + "/", base},
	} {
		before, refused := l.data(), l.requests(&l.asked, " 403 ")
		page := c.open(one.from)
		got := fmt.Sprint(page.eval(attacks + "('" + one.to + "')"))
		for _, bad := range []string{"loaded", "read", "open", " 200", " 206"} {
			if strings.Contains(got, `:"`+bad) || strings.Contains(got, bad+`"`) {
				t.Errorf("%s: %s", one.from, got)
			}
		}
		if !strings.HasPrefix(got, "{") || l.data() != before {
			t.Errorf("%s: %s: %d requests reached the API", one.from, got, l.data()-before)
		}
		if now := l.requests(&l.asked, " 403 ") - refused; strings.HasPrefix(one.to, base) && now < 15 {
			t.Errorf("%s: only %d requests were refused", one.from, now)
		}
		page.eval("location.href = '" + one.to + "/_/igv/'; 1")
		page.until("location.href.endsWith('/_/igv/') && document.readyState === 'complete'")
		if got := fmt.Sprint(page.eval("document.body.innerText")); !strings.HasPrefix(got, "cgp-cred: ") {
			t.Errorf("a link led to %s", got)
		}
	}
	if l.requests(&l.asked, " 501 ") == 0 {
		t.Error("no WebSocket was refused")
	}

	// A name that DNS changes to this machine (DNS rebinding).
	before := l.data()
	rebound := strings.Replace(l.Place().BaseURL, "127.0.0.1", "rebind.example", 1)
	page := c.open(rebound + "/_/igv/")
	if got := fmt.Sprint(page.eval("document.body.innerText")); !strings.HasPrefix(got, "cgp-cred: call this server by the address") {
		t.Error(got)
	}
	if got := page.eval("fetch('http://rebind.example:" + own + genomic + "').then((r) => r.status)"); got != 421.0 {
		t.Error(got)
	}
	if l.data() != before {
		t.Error("a request reached the API")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range l.asked {
		if f := strings.Fields(line); f[2] != "403" && f[2] != "404" && f[2] != "421" && f[2] != "501" && f[2] != "405" && f[2] != "401" && f[2] != "400" {
			t.Errorf("it answered %s", line)
		}
	}
}
