package apim

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/printable"
)

// The variables that name the proxy for https requests, and the hosts that need no proxy. As in curl, the first one
// that is not empty decides. Windows knows a variable by either name; people write it in upper case.
var (
	proxyVariables   = []string{"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}
	noProxyVariables = []string{"no_proxy", "NO_PROXY"}
)

func init() {
	if runtime.GOOS == "windows" {
		proxyVariables, noProxyVariables = []string{"HTTPS_PROXY", "ALL_PROXY"}, []string{"NO_PROXY"}
	}
}

// proxySchemes are the schemes of a proxy that net/http speaks, each with the port that curl assumes.
var proxySchemes = []struct{ name, port string }{
	{"http", "1080"}, {"https", "443"}, {"socks5", "1080"}, {"socks5h", "1080"},
}

const spokenProxies = "cgp-cred speaks http, https, socks5 and socks5h"

// Proxy is the server through which requests to an address go, and the variable that says so.
type Proxy struct {
	Host     string // host and port; empty: no proxy
	Variable string // the variable that decided; empty: none is set
	url      *url.URL
}

// String names the proxy and the variable, escaped for printing, and never a user name or password.
func (p Proxy) String() string {
	switch {
	case p.Host != "":
		return printable.Text(p.Host) + " (" + p.Variable + ")"
	case p.Variable != "":
		return "none (" + p.Variable + ")"
	}
	return "none"
}

// ProxyFor returns the proxy of requests to an address. A loopback host has none: a request to this machine stays on
// it. A variable that can't be used is an error, and never a request without the proxy.
func ProxyFor(address string) (Proxy, error) {
	u, err := url.Parse(address)
	if err != nil {
		return Proxy{}, fmt.Errorf("address behind a proxy: %w", err)
	}
	p, err := chooseProxy(u)
	if err != nil {
		return p, networkError(address, starting, redactor{}, err)
	}
	return p, nil
}

// proxyOf is [ProxyFor] for net/http.
func proxyOf(r *http.Request) (*url.URL, error) {
	p, err := chooseProxy(r.URL)
	return p.url, err
}

// chooseProxy reads the environment. http.ProxyFromEnvironment would use no proxy if it can't read a variable.
func chooseProxy(u *url.URL) (Proxy, error) {
	variable, value := firstSet(proxyVariables)
	if variable == "" || Loopback(lowerASCII(u.Host)) {
		return Proxy{}, nil
	}
	if except, list := firstSet(noProxyVariables); exempt(list, lowerASCII(u.Hostname()), portOf(u)) {
		return Proxy{Variable: except}, nil
	}
	proxy, err := parseProxy(value)
	if err != nil {
		return Proxy{Variable: variable}, badProxy(variable, err)
	}
	return Proxy{Host: proxy.Host, Variable: variable, url: proxy}, nil
}

// firstSet returns the first variable that is not empty.
func firstSet(names []string) (name, value string) {
	for _, name := range names {
		if value := os.Getenv(name); value != "" {
			return name, value
		}
	}
	return "", ""
}

// secureProxy reports whether the environment names a proxy that is spoken to over TLS.
func secureProxy() bool {
	_, value := firstSet(proxyVariables)
	return strings.HasPrefix(lowerASCII(value), "https:")
}

// proxyVariable returns the variable that names the proxy, or the usual one if none is set.
func proxyVariable() string {
	if name, _ := firstSet(proxyVariables); name != "" {
		return name
	}
	return "HTTPS_PROXY"
}

func portOf(u *url.URL) string {
	if port := u.Port(); port != "" {
		return port
	}
	if u.Scheme == "http" {
		return "80"
	}
	return "443"
}

// badProxy returns the error for a variable that should name a proxy and can't be used. It does not repeat the value,
// which may hold a password.
func badProxy(variable string, why error) error {
	return fault.New(fault.Network, "write it as http://proxy.example:8080, or unset it: unset "+variable,
		"%s is not the address of a proxy: %s: nothing was sent without the proxy", variable, why)
}

// parseProxy reads the address of a proxy: SCHEME://USER:PASSWORD@HOST:PORT, of which only HOST is needed. As in curl,
// a % that begins no code stands for itself. What curl could read in another way is an error. No error quotes it.
func parseProxy(value string) (*url.URL, error) {
	if err := oddProxy(value); err != nil {
		return nil, err
	}
	scheme, rest, ok := strings.Cut(value, "://")
	if !ok {
		scheme, rest = "http", value
	}
	authority, tail := rest, ""
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		authority, tail = rest[:end], rest[end:]
	}
	port, err := proxyPort(lowerASCII(scheme), value)
	switch {
	case err != nil:
		return nil, err
	case strings.Contains(tail, "@"):
		return nil, errors.New("the user name or password has a / ? or #, to be written as %2F %3F or %23")
	case strings.Count(authority, "@") > 1:
		return nil, errors.New("the user name or password has an @, to be written as %40")
	case strings.HasSuffix(lowerASCII(tail), ".pac"), strings.HasSuffix(lowerASCII(tail), "/wpad.dat"):
		return nil, errors.New("it is a script that chooses a proxy (PAC), which cgp-cred does not run; " +
			"look in it for PROXY")
	case !ok && strings.Trim(tail, "/") != "":
		return nil, errors.New("it has a path, and no scheme before a ://")
	}
	proxy := &url.URL{Scheme: lowerASCII(scheme)}
	who, where, named := strings.Cut(authority, "@")
	if !named {
		where = authority
	} else if proxy.User, err = proxyUser(who); err != nil {
		return nil, err
	}
	proxy.Host, err = proxyHost(where, port)
	return proxy, err
}

// oddProxy returns an error for characters that no part of an address has.
func oddProxy(value string) error {
	switch {
	case strings.HasSuffix(value, "\r"):
		return errors.New("it ends with a carriage return")
	case strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return errors.New("it has a control character")
	case strings.ContainsAny(value[:1], "\"'`"), strings.HasPrefix(value, "“"), strings.HasPrefix(value, "‘"):
		return errors.New("it has quotes round it")
	case strings.ContainsAny(value, " \u00a0"):
		return errors.New("it has a space; in a password write it as %20")
	case strings.Contains(value, "${"), strings.Contains(value, "{{"):
		return errors.New("it holds the name of a variable that was not replaced by its value")
	}
	return nil
}

// proxyPort returns the usual port of a proxy with this scheme.
func proxyPort(scheme, value string) (string, error) {
	for _, s := range proxySchemes {
		if s.name == scheme {
			return s.port, nil
		}
	}
	known := []string{"socks", "socks4", "socks4a", "ftp", "ws", "wss", "tcp", "quic", "ssh", "pac", "file", "h2"}
	if slices.Contains(known, scheme) { // any other text may be a part of a password
		return "", fmt.Errorf("its scheme is %s; %s", scheme, spokenProxies)
	}
	if strings.HasPrefix(value, "://") {
		return "", errors.New("it has no scheme before ://; " + spokenProxies)
	}
	return "", errors.New("its scheme is unknown; " + spokenProxies)
}

// proxyUser reads a user name and password, in which a % that begins no code stands for itself.
func proxyUser(text string) (*url.Userinfo, error) {
	name, password, ok := strings.Cut(text, ":")
	name, password = unescape(name), unescape(password)
	switch {
	case strings.ContainsAny(name+password, "\x00\r\n"):
		return nil, errors.New("the user name or password has a control character")
	case len(password) > 2 && strings.Trim(password, "*") == "":
		return nil, errors.New("its password is masked with ***")
	case !ok:
		return url.User(name), nil
	}
	return url.UserPassword(name, password), nil
}

var errProxyPort = errors.New("its port is not a number from 1 to 65535")

// proxyHost returns a host and port in the form of net.JoinHostPort.
func proxyHost(text, port string) (string, error) {
	name, rest := text, ""
	if inner, ok := strings.CutPrefix(text, "["); ok {
		inner, after, closed := strings.Cut(inner, "]")
		address, err := netip.ParseAddr(strings.Replace(inner, "%25", "%", 1))
		if err != nil || !address.Is6() || !closed || strings.ContainsFunc(address.Zone(), notInHost) {
			return "", errors.New("its IPv6 address is not in the form [::1]")
		}
		name, rest = address.String(), after
	} else if strings.ContainsFunc(strings.ReplaceAll(text, ":", ""), notInHost) {
		return "", errors.New("its host name has a character that no host name has")
	} else if colon := strings.IndexByte(text, ':'); colon >= 0 {
		name, rest = text[:colon], text[colon:]
		if strings.Count(rest, ":") > 1 {
			return "", errors.New("it has several colons; write an IPv6 address as [::1]")
		}
	}
	if rest != "" {
		if rest[0] != ':' {
			return "", errProxyPort
		}
		port = rest[1:]
	}
	n, err := strconv.ParseUint(port, 10, 16)
	switch {
	case name == "":
		return "", errors.New("it has no host name")
	case err != nil || n == 0:
		return "", errProxyPort
	}
	return net.JoinHostPort(name, strconv.FormatUint(n, 10)), nil
}

func notInHost(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-._", r)
}

// exempt reports whether NO_PROXY names a host in lower case. As in curl, an entry is * for all hosts, a domain with
// all below it, with or without a dot before it, an address, or a block of addresses (CIDR). As in net/http, it may be
// written *.domain, and may have a port.
func exempt(list, host, port string) bool {
	host = strings.TrimSuffix(host, ".")
	address, err := netip.ParseAddr(host)
	numeric := err == nil
	for entry := range strings.FieldsFuncSeq(lowerASCII(list), func(r rune) bool { return r == ',' || r <= ' ' }) {
		switch {
		case entry == "*":
			return true
		case numeric && exemptAddress(entry, address.Unmap(), port), !numeric && exemptName(entry, host, port):
			return true
		}
	}
	return false
}

func exemptName(entry, host, port string) bool {
	if name, only, ok := strings.Cut(entry, ":"); ok {
		if only != port {
			return false
		}
		entry = name
	}
	entry = strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(entry, "*"), "."), ".")
	return entry != "" && (host == entry || strings.HasSuffix(host, "."+entry))
}

func exemptAddress(entry string, address netip.Addr, port string) bool {
	if block, err := netip.ParsePrefix(entry); err == nil {
		return block.Contains(address)
	}
	if name, only, err := net.SplitHostPort(entry); err == nil {
		if only != port {
			return false
		}
		entry = name
	}
	same, err := netip.ParseAddr(strings.Trim(entry, "[]"))
	return err == nil && same.Unmap() == address
}
