package main

import (
	"bufio"
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"cgp-cred/helper/profile"
)

// asked is a proxy that refuses every request, and notes the host.
type asked struct {
	listener net.Listener

	mu    sync.Mutex
	hosts []string
}

func newAsked(t *testing.T) *asked {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	a := &asked{listener: l}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go a.answer(c)
		}
	}()
	return a
}

func (a *asked) answer(c net.Conn) {
	defer func() { _ = c.Close() }()
	r, err := http.ReadRequest(bufio.NewReader(c))
	if err != nil {
		return
	}
	a.mu.Lock()
	a.hosts = append(a.hosts, strings.ToLower(strings.TrimSuffix(r.Host, ":443")))
	a.mu.Unlock()
	_, _ = c.Write([]byte("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"))
}

// take returns the hosts since the last call.
func (a *asked) take() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	hosts := a.hosts
	a.hosts = nil
	return slices.Compact(hosts)
}

// urlClients send a request to a URL through the proxy of the environment. Their errors are ignored.
var urlClients = map[string][]string{
	"curl": {"curl", "-sgqm", "20", "--", "URL"},
	"git":  {"git", "-c", "credential.helper=", "ls-remote", "URL"},
}

// pythonClients do the same within one process for all URLs: a Python with such a library takes long to start.
var pythonClients = map[string]struct{ program, library, call string }{
	"urllib":   {"python3", "urllib.request", "urllib.request.urlopen(url, timeout=20)"},
	"requests": {"/usr/bin/python3", "requests", "requests.get(url, timeout=20)"},
	"httpx":    {"/usr/bin/python3", "httpx", "httpx.get(url, timeout=20)"},
}

// pythonLoop requests each URL that stdin names, a line of JSON each, and answers with a line when it is done.
const pythonLoop = `import json, sys, LIBRARY
for line in sys.stdin:
    url = json.loads(line)
    try:
        CALL
    except Exception:
        pass
    print(flush=True)
`

// sender returns a function that sends a request with a Python client.
func sender(t *testing.T, program, library, call string, env []string) func(target string) {
	t.Helper()
	code := strings.NewReplacer("LIBRARY", library, "CALL", call).Replace(pythonLoop)
	cmd := exec.CommandContext(t.Context(), program, "-c", code)
	cmd.Env = env
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stdin.Close() // that ends it
		_ = cmd.Wait()
	})
	urls, done := json.NewEncoder(stdin), bufio.NewReader(stdout)
	return func(target string) {
		if urls.Encode(target) == nil {
			_, _ = done.ReadString('\n') // without the library it has ended
		}
	}
}

// coverHosts are the profiles' hosts.
var coverHosts = []string{"api.lims.org", "a.example:8443", "int.api.service.nhs.uk"}

// clientURLs are URLs in which some programs may see another host.
var clientURLs = []string{
	"https://api.lims.org/x", "https://API.lims.ORG/x", "https://api.lims.org:443/x", "https://a.example:8443/x",
	"https://int.api.service.nhs.uk", "https://api.l%C4%B0ms.org/x", "https://%C4%B0nt.api.service.nhs.uk/x",
	"https://api.lims%2eorg/x", "https://%61pi.lims.org/x", "https://ap\u0131.lims.org/x",
	"https://api.lims.org\u3002evil.example/x", "https://api.lims.org\uff0fevil.example/x",
	"https://api.lims.org@evil.example/x", "https://evil.example@api.lims.org/x",
	"https://api.lims.org:x@evil.example/", "https://@api.lims.org/x", "https://api.lims.org\\@evil.example/x",
	"https://evil.example\\@api.lims.org/x", "https://api.lims.org\\.evil.example/",
	"https://api.lims.org#@evil.example/", "https://api.lims.org?@evil.example/",
	"https://evil.example#@api.lims.org/x", "https://evil.example?@api.lims.org/x",
	"https://api.lims.org;@evil.example/", "https://api.lims.org/@evil.example/",
	"https://api.lims.org//evil.example/", "https:///api.lims.org/x", "https:api.lims.org/x",
	"https:/api.lims.org/x", "https:\\\\api.lims.org/x", "https://api.lims.org./x", "https://api.lims.org:0443/x",
	"https://api.lims.org:/x", "https://api.lims.org:443:80/x", "https://a.example:8443@evil.example/x",
	"https://a.example:08443/x", "https://a.example:84433/x", "https://api.lims.org /x", "https://api.lims.org\t/x",
	"https://api.lims.org\n/x", " https://api.lims.org/x", "HTTPS://api.lims.org/x", "https://api.lims.org/x%00y",
	"https://[api.lims.org]/x", "https://api.lims.org%20.evil.example/", "https://api.lims.org&evil.example/",
	"https://api.lims.org,evil.example/", "https://{api.lims.org,evil.example}/",
}

// If a profile covers a URL, every client sends it to the profile's host, or to no host.
func TestClientsAgreeOnTheHost(t *testing.T) {
	t.Parallel()
	proxy := newAsked(t)
	address := &url.URL{Scheme: "http", Host: proxy.listener.Addr().String()}
	goClient := &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(address)}}
	clients := map[string]func(target string){"Go": func(target string) {
		if r, err := goClient.Get(target); err == nil {
			_ = r.Body.Close()
		}
	}}
	environment := func() []string {
		return []string{
			"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "GIT_TERMINAL_PROMPT=0", "GIT_CONFIG_NOSYSTEM=1",
			"https_proxy=" + address.String(), "HTTPS_PROXY=" + address.String(), "http_proxy=" + address.String(),
		}
	}
	isHere := func(program string) bool {
		_, err := exec.LookPath(program)
		if err != nil {
			t.Logf("%s is not installed and is left out", program)
		}
		return err == nil
	}
	for name, argv := range urlClients {
		if isHere(argv[0]) {
			clients[name] = func(target string) {
				cmd := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
				cmd.Args = append(slices.Clone(argv[:len(argv)-1]), target)
				cmd.Env = environment()
				_ = cmd.Run() // refused by the proxy
			}
		}
	}
	for name, c := range pythonClients {
		if isHere(c.program) {
			clients[name] = sender(t, c.program, c.library, c.call, environment())
		}
	}
	for name, send := range clients {
		covered := 0
		for _, target := range clientURLs {
			host := coveredHost(target)
			if host == "" {
				continue
			}
			covered++
			send(target)
			if hosts := proxy.take(); len(hosts) > 1 || len(hosts) == 1 && hosts[0] != host {
				t.Errorf("%s reads %q as %q, and it is covered for %s", name, target, hosts, host)
			}
		}
		send(clientURLs[0])
		if hosts := proxy.take(); len(hosts) != 1 && slices.Contains([]string{"Go", "curl", "git", "urllib"}, name) {
			t.Errorf("%s asks for %q: the test does not see its request", name, hosts)
		}
		if covered < 5 {
			t.Errorf("only %d URLs are covered", covered)
		}
	}
}

// coveredHost returns the host of the profile that covers a URL, or nothing.
func coveredHost(target string) string {
	u, err := profile.ParseURL(target)
	if err != nil {
		return ""
	}
	for _, host := range coverHosts {
		if p := (&profile.Profile{Host: host}); p.Covers(u) {
			return host
		}
	}
	return ""
}
