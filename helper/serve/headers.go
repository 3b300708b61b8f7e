package serve

import (
	"net/http"
	"slices"
	"strings"
)

// Headers of a client that the API does not get. Some could stand for another user or another host, some tell where the
// client is, some are secret paths. The proxy of the standard library takes out those of one connection (RFC 9110
// section 7.6.1) and those that Connection names.
var notSent = []string{
	"Authorization", "Apikey", "Api-Key", "X-Api-Key", "Cookie", "Cookie2", "X-Amz-Security-Token",
	"Origin", "Referer", "Host", "Via", "Forwarded", "X-Real-Ip", "X-Original-Url", "X-Rewrite-Url",
	"X-Http-Method-Override", "X-Http-Method", "X-Method-Override", "Te", "Upgrade", "Expect",
}

// notSentPrefixes begin the names of more of them.
var notSentPrefixes = []string{"X-Forwarded-", "Sec-", "Proxy-", "Access-Control-"}

// Headers of the API that a client does not get: they say something about the API's host that is not true of this one,
// or would outlive the server in a browser.
var notReturned = []string{
	"Set-Cookie", "Set-Cookie2", "Strict-Transport-Security", "Alt-Svc", "Clear-Site-Data", "Nel", "Report-To",
	"Reporting-Endpoints", "Public-Key-Pins", "Public-Key-Pins-Report-Only", "Content-Security-Policy",
	"Content-Security-Policy-Report-Only", "Referrer-Policy", "Permissions-Policy", "X-Frame-Options",
	"Cross-Origin-Resource-Policy", "Cross-Origin-Opener-Policy", "Cross-Origin-Embedder-Policy",
	"Service-Worker-Allowed",
	"Timing-Allow-Origin", "Refresh", "Link", "Proxy-Authenticate", "Proxy-Authentication-Info", "Speculation-Rules",
	"Supports-Loading-Mode", "Origin-Agent-Cluster", "Accept-Ch", "Critical-Ch", "Expect-Ct", "Sourcemap",
	"X-Sourcemap",
}

var notReturnedPrefixes = []string{"Access-Control-", "Sec-"}

// withoutHeaders takes headers out by their names, in any letter case, or their first letters. A name with _ for - is
// the same to some servers.
func withoutHeaders(h http.Header, names, prefixes []string) {
	for name := range h {
		plain := http.CanonicalHeaderKey(strings.ReplaceAll(name, "_", "-"))
		begins := func(prefix string) bool { return strings.HasPrefix(plain, prefix) }
		if slices.Contains(names, plain) || slices.ContainsFunc(prefixes, begins) {
			delete(h, name)
		}
	}
}

// withoutSecret takes out the headers that hold a secret.
func withoutSecret(h http.Header, secret string) {
	for name, values := range h {
		if slices.ContainsFunc(values, func(v string) bool { return strings.Contains(v, secret) }) {
			delete(h, name)
		}
	}
}
