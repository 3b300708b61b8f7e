package apim

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
)

// ProxyError is a variable that should name a proxy and can't be read. Its value, which may hold a password, is not
// repeated.
type ProxyError struct{ Variable string }

func (e *ProxyError) Error() string {
	return fmt.Sprintf("%s is not the address of a proxy, and going without one is not what it asks for", e.Variable)
}

// Hint shows an address.
func (e *ProxyError) Hint() string {
	return fmt.Sprintf("write it as http://proxy.example:8080, or unset it: unset %s", e.Variable)
}

// proxyVariables name the proxy of https requests, in the order in which net/http reads them.
var proxyVariables = []string{"HTTPS_PROXY", "https_proxy"}

// proxyOf returns the proxy of a request, or nil. A loopback host has none: what is for this machine stays on it. A
// variable that can't be read is a [ProxyError]: http.ProxyFromEnvironment would go without, in silence.
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
			return nil, &ProxyError{Variable: name}
		}
		break
	}
	u, err := http.ProxyFromEnvironment(r)
	if err != nil { // it quotes the variable
		return nil, &ProxyError{Variable: proxyVariables[0]}
	}
	return u, nil
}

// proxyAddress reports whether net/http reads value as the address of a proxy: a URL of a known scheme, or a host and port.
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
