package apim

import (
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"

	"cgp-cred/keystore/fault"
)

// noProxy returns the error for a variable that should name a proxy and can't be read. It does not repeat the value,
// which may hold a password.
func noProxy(variable string) error {
	return fault.New(fault.Network, "write it as http://proxy.example:8080, or unset it: unset "+variable,
		"%s is not the address of a proxy: nothing was sent without the proxy", variable)
}

// proxyVariables lists the variables that name the proxy for https requests, in the order in which net/http reads them.
var proxyVariables = []string{"HTTPS_PROXY", "https_proxy"}

// proxyOf returns the proxy of a request, or nil. A loopback host has no proxy: a request to this machine stays on it.
// A variable that can't be read is an error: http.ProxyFromEnvironment would silently use no proxy.
func proxyOf(r *http.Request) (*url.URL, error) {
	if Loopback(lowerASCII(r.URL.Host)) {
		return nil, nil
	}
	for _, name := range proxyVariables {
		value := os.Getenv(name)
		if value == "" {
			continue
		}
		if !proxyAddress(value) {
			return nil, noProxy(name)
		}
		break
	}
	u, err := http.ProxyFromEnvironment(r)
	if err != nil { // it quotes the variable
		return nil, noProxy(proxyVariables[0])
	}
	return u, nil
}

// proxyAddress reports whether net/http reads value as the address of a proxy: a URL with a known scheme, or a host and
// port.
func proxyAddress(value string) bool {
	u, err := url.Parse(value)
	if err != nil || u.Scheme == "" || u.Host == "" {
		if u, err = url.Parse("http://" + value); err != nil {
			return false
		}
	}
	known := slices.Contains([]string{"http", "https", "socks5", "socks5h"}, u.Scheme)
	return known && u.Hostname() != "" && !strings.HasSuffix(u.Host, ":")
}
