package apim_test

import (
	"cmp"
	"errors"
	"runtime"
	"strings"
	"testing"

	"cgp-cred/helper/apim"
	"cgp-cred/keystore/fault"
)

const behindProxy = "https://int.api.service.nhs.uk/oauth2/token"

// proxyEnvironment sets the proxy variables to exactly these.
func proxyEnvironment(t *testing.T, variables map[string]string) {
	t.Helper()
	for _, name := range []string{"HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "HTTP_PROXY"} {
		lower := strings.ToLower(name)
		if runtime.GOOS == "windows" { // one variable has both names
			t.Setenv(name, cmp.Or(variables[lower], variables[name]))
			continue
		}
		t.Setenv(lower, variables[lower])
		t.Setenv(name, variables[name])
	}
}

// A proxy is used as curl uses it, or refused by the name of its variable. It is never passed over, and its password is
// never shown.
func TestProxyValues(t *testing.T) {
	for _, c := range []struct{ value, host, why string }{
		{"http://proxy.example:8080", "proxy.example:8080", ""},
		{"http://proxy.example:8080/", "proxy.example:8080", ""},
		{"http://proxy.example:8080/any/path?x", "proxy.example:8080", ""},
		{"proxy.example:8080", "proxy.example:8080", ""},
		{"proxy.example:8080/", "proxy.example:8080", ""},
		{"proxy.example", "proxy.example:1080", ""},
		{"proxy", "proxy:1080", ""},
		{"http://proxy_1.example", "proxy_1.example:1080", ""},
		{"https://proxy.example", "proxy.example:443", ""},
		{"HTTPS://Proxy.Example:8443", "Proxy.Example:8443", ""},
		{"socks5://proxy.example", "proxy.example:1080", ""},
		{"socks5h://proxy.example:9050", "proxy.example:9050", ""},
		{"SOCKS5H://proxy.example", "proxy.example:1080", ""},
		{"10.0.0.1:08080", "10.0.0.1:8080", ""},
		{"http://[::1]:3128", "[::1]:3128", ""},
		{"http://[fe80::1%25eth0]:3128", "[fe80::1%eth0]:3128", ""},
		{"http://[2001:db8::1]", "[2001:db8::1]:1080", ""},
		{"http://alice:hunter22@proxy.example:8080", "proxy.example:8080", ""},
		{"alice:hunter22@proxy.example:8080", "proxy.example:8080", ""},
		{"http://alice:hunter22%@proxy.example:8080", "proxy.example:8080", ""},
		{"http://alice:%hunter22@proxy.example:8080", "proxy.example:8080", ""},
		{"http://alice:hunter22%zz%4@proxy.example:8080", "proxy.example:8080", ""},
		{"http://alice:hunter22%40%2F@proxy.example:8080", "proxy.example:8080", ""},
		{"http://alice:hunter22:x[]{}|^<>\\$!&*()+;='~@proxy.example:8080", "proxy.example:8080", ""},
		{`http://TRUST\alice:hunter22@proxy.example:8080`, "proxy.example:8080", ""},
		{"http://alice:hunter22é€@proxy.example:8080", "proxy.example:8080", ""},
		{"http://alice@proxy.example:8080", "proxy.example:8080", ""},
		{"http://:hunter22@proxy.example:8080", "proxy.example:8080", ""},

		{"http://alice:hunter22@home@proxy.example:8080", "", "written as %40"},
		{"http://alice:hunter22/x@proxy.example:8080", "", "written as %2F"},
		{"http://alice:12/hunter22@proxy.example:8080", "", "written as %2F"},
		{"http://alice:12#hunter22@proxy.example:8080", "", "written as %2F"},
		{"http://alice:hunter22?x@proxy.example:8080", "", "written as %2F"},
		{"http://alice:hunter22 x@proxy.example:8080", "", "%20"},
		{"http://alice:hunter22%0a@proxy.example:8080", "", "control character"},
		{"http://alice:***@proxy.example:8080", "", "masked"},
		{"http://alice:${PASSWORD}@proxy.example:8080", "", "not replaced"},
		{"http://alice:{{ password }}@proxy.example:8080", "", "space"},
		{"http://{{proxy}}:8080", "", "not replaced"},
		{"http://alice:hunter22\t@proxy.example:8080", "", "control character"},
		{"http://proxy.example:8080\r", "", "carriage return"},
		{"http://proxy.example:8080\n", "", "control character"},
		{" http://proxy.example:8080", "", "space"},
		{"http://proxy.example:8080 ", "", "space"},
		{`"http://proxy.example:8080"`, "", "quotes"},
		{"'http://proxy.example:8080'", "", "quotes"},
		{"“http://proxy.example:8080”", "", "quotes"},
		{"socks4://proxy.example:1080", "", "socks4; cgp-cred speaks http, https, socks5 and socks5h"},
		{"socks4a://proxy.example:1080", "", "socks4a; cgp-cred speaks"},
		{"socks://proxy.example:1080", "", "its scheme is socks; cgp-cred speaks"},
		{"SOCKS://proxy.example:1080", "", "its scheme is socks; cgp-cred speaks"},
		{"ftp://proxy.example", "", "its scheme is ftp"},
		{"htps://proxy.example:8080", "", "its scheme is unknown"},
		{"alice:hunter22://x@proxy.example", "", "its scheme is unknown"},
		{"://proxy.example:8080", "", "no scheme before"},
		{"//proxy.example:8080", "", "it has a path"},
		{"http:/proxy.example:8080", "", "it has a path"},
		{"http//proxy.example:8080", "", "it has a path"},
		{"http:proxy.example:8080", "", "several colons"},
		{"proxy.example:", "", "port"},
		{"proxy.example:0", "", "port"},
		{"proxy.example:65536", "", "port"},
		{"proxy.example:port", "", "port"},
		{"http://proxy.example:-1", "", "port"},
		{"http://:8080", "", "no host name"},
		{"http://", "", "no host name"},
		{"http://alice:hunter22@", "", "no host name"},
		{":8080", "", "no host name"},
		{"::1:8080", "", "[::1]"},
		{"http://[::1:8080", "", "IPv6"},
		{"http://[::1]8080", "", "port"},
		{"http://[10.0.0.1]:8080", "", "IPv6"},
		{"http://próxy.example:8080", "", "no host name has"},
		{"http://%PROXY%:8080", "", "no host name has"},
		{"http://$PROXY:8080", "", "no host name has"},
		{"PROXY proxy.example:8080", "", "space"},
		{"http=proxy.example:8080;https=proxy.example:8080", "", "no host name has"},
		{"http://proxy.example/proxy.pac", "", "PAC"},
		{"http://wpad.example/wpad.dat", "", "PAC"},
	} {
		proxyEnvironment(t, map[string]string{"HTTPS_PROXY": c.value})
		p, err := apim.ProxyFor(behindProxy)
		if p.Host != c.host || (err == nil) != (c.why == "") {
			t.Errorf("%q: proxy %q, error %v, want %q", c.value, p.Host, err, c.host)
		}
		if err == nil {
			continue
		}
		var e *apim.Error
		if !errors.As(err, &e) || e.Class != fault.Network || !e.AtProxy() || e.Retryable() {
			t.Errorf("%q: error %#v", c.value, err)
		}
		for _, part := range []string{"HTTPS_PROXY is not the address of a proxy: ", c.why, "nothing was sent"} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%q: %q does not say %q", c.value, err, part)
			}
		}
		if said := err.Error() + fault.HintOf(err, ""); strings.Contains(said, "hunter") || strings.Contains(said, "alice") {
			t.Errorf("%q: %q repeats it", c.value, said)
		}
	}
}

// The variable that decides is curl's: lower case first, and ALL_PROXY if there is no HTTPS_PROXY.
func TestProxyVariables(t *testing.T) {
	type variables = map[string]string
	for _, c := range []struct {
		set  variables
		want string // empty: an error
	}{
		{variables{}, "none"},
		{variables{"HTTPS_PROXY": "a:1"}, "a:1 (HTTPS_PROXY)"},
		{variables{"https_proxy": "b:1"}, "b:1 (https_proxy)"},
		{variables{"HTTPS_PROXY": "a:1", "https_proxy": "b:1"}, "b:1 (https_proxy)"},
		{variables{"ALL_PROXY": "a:1"}, "a:1 (ALL_PROXY)"},
		{variables{"all_proxy": "socks5h://b:1"}, "b:1 (all_proxy)"},
		{variables{"ALL_PROXY": "a:1", "all_proxy": "b:1"}, "b:1 (all_proxy)"},
		{variables{"ALL_PROXY": "a:1", "HTTPS_PROXY": "b:1"}, "b:1 (HTTPS_PROXY)"},
		{variables{"all_proxy": "a:1", "HTTPS_PROXY": "b:1"}, "b:1 (HTTPS_PROXY)"},
		{variables{"ALL_PROXY": "socks4://a", "HTTPS_PROXY": "b:1"}, "b:1 (HTTPS_PROXY)"},
		{variables{"ALL_PROXY": "b:1", "HTTPS_PROXY": "socks4://a"}, ""},
		{variables{"https_proxy": "socks4://a", "HTTPS_PROXY": "b:1"}, ""},
		{variables{"HTTP_PROXY": "a:1", "http_proxy": "b:1"}, "none"},
		{variables{"NO_PROXY": "*"}, "none"},
		{variables{"HTTPS_PROXY": "a:1", "NO_PROXY": "*"}, "none (NO_PROXY)"},
		{variables{"HTTPS_PROXY": "socks4://a", "NO_PROXY": "*"}, "none (NO_PROXY)"},
		{variables{"ALL_PROXY": "a:1", "no_proxy": "*"}, "none (no_proxy)"},
		{variables{"ALL_PROXY": "a:1", "no_proxy": "x.example", "NO_PROXY": "*"}, "a:1 (ALL_PROXY)"},
		{variables{"HTTPS_PROXY": "alice:hunter22@a:1"}, "a:1 (HTTPS_PROXY)"},
	} {
		proxyEnvironment(t, c.set)
		p, err := apim.ProxyFor(behindProxy)
		if runtime.GOOS == "windows" {
			c.want = strings.ReplaceAll(strings.ToUpper(c.want), "NONE", "none")
			c.want = strings.ReplaceAll(strings.ReplaceAll(c.want, "A:1", "a:1"), "B:1", "b:1")
		}
		if (err == nil) != (c.want != "") || err == nil && p.String() != c.want {
			t.Errorf("%v: %q, %v, want %q", c.set, p, err, c.want)
		}
		for _, local := range []string{"http://127.0.0.1:80/", "http://localhost/", "https://[::1]:8443/"} {
			if p, err := apim.ProxyFor(local); p.Host != "" || err != nil {
				t.Errorf("%v: %s has a proxy %q, %v", c.set, local, p, err)
			}
		}
	}
}

func TestNoProxyList(t *testing.T) {
	const name, v4, v6 = behindProxy, "https://10.1.2.3/oauth2/token", "https://[2001:db8::5]:8443/oauth2/token"
	for _, c := range []struct {
		list, url string
		exempt    bool
	}{
		{"*", name, true},
		{"localhost,*", name, true},
		{"int.api.service.nhs.uk", name, true},
		{"INT.API.Service.NHS.uk", name, true},
		{"int.api.service.nhs.uk.", name, true},
		{".int.api.service.nhs.uk", name, true},
		{"nhs.uk", name, true},
		{".nhs.uk", name, true},
		{"*.nhs.uk", name, true},
		{"uk", name, true},
		{"localhost, .nhs.uk", name, true},
		{"localhost .nhs.uk", name, true},
		{",,,.nhs.uk,", name, true},
		{"int.api.service.nhs.uk:443", name, true},
		{"int.api.service.nhs.uk:8443", name, false},
		{"api.service.nhs.uk", "https://notapi.service.nhs.uk/", false},
		{"hs.uk", name, false},
		{"x.int.api.service.nhs.uk", name, false},
		{"int", name, false},
		{".", name, false},
		{",", name, false},
		{"10.0.0.0/8", name, false},
		{"10.1.2.3", v4, true},
		{"10.0.0.0/8", v4, true},
		{"10.1.2.0/24", v4, true},
		{"10.1.3.0/24", v4, false},
		{"10.1.2.3:443", v4, true},
		{"10.1.2.3:80", v4, false},
		{"1.2.3", v4, false},
		{".2.3", v4, false},
		{"10.1.2", v4, false},
		{"10.0.0.0/33", v4, false},
		{"*", v4, true},
		{"2001:db8::/32", v6, true},
		{"2001:db8::5", v6, true},
		{"[2001:db8::5]", v6, true},
		{"[2001:db8::5]:8443", v6, true},
		{"[2001:db8::5]:443", v6, false},
		{"2001:0DB8:0::5", v6, true},
		{"2001:db9::/32", v6, false},
		{"::ffff:10.1.2.3", v4, true},
	} {
		proxyEnvironment(t, map[string]string{"HTTPS_PROXY": "proxy.example:1", "NO_PROXY": c.list})
		if p, err := apim.ProxyFor(c.url); err != nil || (p.Host == "") != c.exempt {
			t.Errorf("%q: %s goes to %q, %v", c.list, c.url, p, err)
		}
	}
}
