package apim

import (
	"errors"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"cgp-cred/keystore/fault"
)

var (
	errNoURL    = errors.New("it can't be read as a URL with a scheme and a host")
	errForeign  = errors.New("it has a space, a control character or a letter beyond ASCII")
	errUser     = errors.New("it has user information before the host, which is not allowed")
	errEncoded  = errors.New("its host is percent-encoded, which clients read in different ways")
	errTwoHosts = errors.New("clients can read more than one host in it")
)

// ParseURL reads an absolute URL in which every client finds the same scheme, host and port: printable ASCII, nothing
// percent-encoded before the path, no user information, and a host as [ParseHost] takes it, in upper or lower case. The
// error does not quote the URL.
func ParseURL(s string) (*url.URL, error) {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return nil, errForeign
		}
	}
	scheme, rest, ok := strings.Cut(s, "://")
	authority := rest
	if end := strings.IndexAny(rest, `/\?#`); end >= 0 {
		authority = rest[:end]
	}
	switch {
	case !ok, authority == "":
		return nil, errNoURL
	case strings.Contains(authority, "@"):
		return nil, errUser
	case strings.Contains(authority, "%"):
		return nil, errEncoded
	}
	u, err := url.Parse(s)
	if err != nil {
		return nil, errNoURL
	}
	if u.Scheme != lowerASCII(scheme) || u.Host != authority {
		return nil, errTwoHosts
	}
	if _, ok := Authority(u); !ok {
		return nil, errTwoHosts
	}
	return u, nil
}

// Authority returns the host and port of a URL in the form of [ParseHost], and false if clients could read a different
// host in it. The URL can be one that [ParseURL] did not check.
func Authority(u *url.URL) (host string, ok bool) {
	host = lowerASCII(u.Host)
	if u.User != nil || u.Opaque != "" || hostProblem(host) != "" {
		return "", false
	}
	if u.Scheme == "https" && !Loopback(host) {
		host = strings.TrimSuffix(host, ":443")
	}
	return host, true
}

// CheckTokenURL returns what is wrong with a token URL that a user gave, or nil. The URL must be https, or http on
// loopback, without user information, query and fragment: APIM compares the audience with the URL as called.
func CheckTokenURL(s string) error {
	u, err := ParseURL(s)
	switch {
	case err != nil:
		return badTokenURL(err.Error())
	case u.RawQuery != "" || u.ForceQuery || strings.Contains(s, "#"):
		return badTokenURL("it may not have user information, a query or a fragment")
	case u.Scheme == "https", u.Scheme == "http" && Loopback(u.Host):
	default:
		return badTokenURL("its scheme must be https (http only on loopback)")
	}
	if problem := hostProblem(u.Host); problem != "" { // as written: in upper case it is another audience
		return badHost(u.Host, problem)
	}
	return nil
}

// badTokenURL returns the error for a text that can't be a token URL.
func badTokenURL(problem string) error {
	const hint = "give one such as https://int.api.service.nhs.uk/oauth2/token"
	return fault.New(fault.Usage, hint, "token URL: %s", problem)
}

// lookalikes are characters that some servers turn into dots, slashes and backslashes.
const lookalikes = "\u2024\u2025\ufe52\uff0e\uff0f\ufe68\uff3c"

// PlainPath reports whether every client and server finds the same segments in a URL's path, as it is written. It
// allows no segment that could be read as . or .. (encoded once or more, overlong, or before a semicolon), no encoded
// dot or backslash, and no control character. An encoded slash is allowed, but the same rules apply to the segments
// around it.
func PlainPath(path string) bool {
	for i := range len(path) {
		if path[i] <= ' ' || path[i] > '~' || path[i] == '\\' {
			return false
		}
	}
	if strings.Contains(lowerASCII(path), "%2e") {
		return false
	}
	text, err := url.PathUnescape(path)
	if err != nil || !plainText(text) {
		return false
	}
	// Decode again, as a second decoder would: no dot, slash or backslash may appear.
	for {
		next := unescape(text)
		if next == text {
			return true
		}
		if !plainText(next) || count(next) != count(text) {
			return false
		}
		text = next
	}
}

// count returns how many characters of a text separate segments or are dots.
func count(s string) int {
	return strings.Count(s, ".") + strings.Count(s, "/") + strings.Count(s, ";")
}

// plainText reports whether a decoded path follows the rules of [PlainPath].
func plainText(text string) bool {
	if !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) ||
		strings.ContainsAny(text, `\`+lookalikes) {
		return false
	}
	for segment := range strings.SplitSeq(text, "/") {
		segment, _, _ = strings.Cut(segment, ";")
		if strings.Contains(segment, ".") && strings.Trim(segment, ". ") == "" {
			return false
		}
	}
	return true
}

// unescape decodes each %XX once, and leaves all other text.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if i+2 < len(s) && s[i] == '%' {
			if c, err := url.PathUnescape(s[i : i+3]); err == nil {
				b.WriteString(c)
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
