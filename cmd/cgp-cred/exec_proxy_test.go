//go:build unix

package main

import (
	"strings"
	"testing"
)

// A command calls this machine without the proxy that its variables name, and keeps its other exceptions.
func TestCallDirectly(t *testing.T) {
	t.Parallel()
	const proxy = "http_proxy=http://proxy.corp:3128"
	tests := []struct{ name, env, want string }{
		{"no proxy", "A=b", "A=b"},
		{"exceptions without a proxy", "NO_PROXY=.corp A=b", "NO_PROXY=.corp A=b"},
		{"an empty proxy", "HTTP_PROXY= http_proxy= all_proxy=", "HTTP_PROXY= http_proxy= all_proxy="},
		{"lower case", proxy, proxy + " NO_PROXY=127.0.0.1 no_proxy=127.0.0.1"},
		{"upper case", "HTTP_PROXY=x", "HTTP_PROXY=x NO_PROXY=127.0.0.1 no_proxy=127.0.0.1"},
		{"for all", "ALL_PROXY=socks5h://x", "ALL_PROXY=socks5h://x NO_PROXY=127.0.0.1 no_proxy=127.0.0.1"},
		{"mixed case", "Http_Proxy=x", "Http_Proxy=x NO_PROXY=127.0.0.1 no_proxy=127.0.0.1"},
		{"only https", "https_proxy=x", "https_proxy=x NO_PROXY=127.0.0.1 no_proxy=127.0.0.1"},
		{"upper exceptions", proxy + " NO_PROXY=a,b", proxy + " NO_PROXY=a,b,127.0.0.1 no_proxy=a,b,127.0.0.1"},
		{"lower exceptions", proxy + " no_proxy=a,b", proxy + " NO_PROXY=a,b,127.0.0.1 no_proxy=a,b,127.0.0.1"},
		{"both", proxy + " NO_PROXY=a no_proxy=b", proxy + " NO_PROXY=a,127.0.0.1 no_proxy=b,127.0.0.1"},
		{"one empty", proxy + " NO_PROXY=a no_proxy=", proxy + " NO_PROXY=a,127.0.0.1 no_proxy=a,127.0.0.1"},
		{"there already", proxy + " no_proxy=127.0.0.1,a", proxy + " NO_PROXY=127.0.0.1,a no_proxy=127.0.0.1,a"},
		{
			"a longer address", proxy + " no_proxy=127.0.0.10",
			proxy + " NO_PROXY=127.0.0.10,127.0.0.1 no_proxy=127.0.0.10,127.0.0.1",
		},
		{"a comma at the end", proxy + " no_proxy=a,", proxy + " NO_PROXY=a,127.0.0.1 no_proxy=a,127.0.0.1"},
		{"all exceptions", proxy + " HTTPS_PROXY=x no_proxy=*", "no_proxy=*"},
		{"all exceptions in one", proxy + " NO_PROXY=* no_proxy=a", "NO_PROXY=* no_proxy=a"},
		{"a star among others", proxy + " no_proxy=*,a", proxy + " NO_PROXY=*,a,127.0.0.1 no_proxy=*,a,127.0.0.1"},
		{"other variables", "GOPROXY=x MY_PROXY=y CGP_PROXY=z", "GOPROXY=x MY_PROXY=y CGP_PROXY=z"},
	}
	for _, tt := range tests {
		c := &child{env: strings.Fields(tt.env)}
		c.callDirectly("127.0.0.1")
		if got := strings.Join(c.env, " "); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}
