package doctor

import (
	"net/netip"
	"os"
	"regexp"
	"strings"

	"cgp-cred/keystore/disk"
)

// scrubber removes from a line what describes the machine or its network and does not help the reader of a report: user
// information and queries of URLs, addresses, and paths below a home folder.
type scrubber struct {
	folders *strings.Replacer
	home    *regexp.Regexp // of any user
	url     *regexp.Regexp
	user    *regexp.Regexp // USER:PASSWORD@ outside a URL
	query   *regexp.Regexp // ?NAME=VALUE outside a URL
	four    *regexp.Regexp
	six     *regexp.Regexp
	plain   *regexp.Regexp // a URL's host and port
}

const address = "[address]"

func newScrubber(f disk.Folders) *scrubber {
	var pairs []string
	add := func(path, name string) {
		if len(path) > 1 {
			pairs = append(pairs, path, name)
		}
	}
	add(f.Config, "[config]")
	add(f.State, "[state]")
	add(f.Runtime, "[runtime]")
	if home, err := os.UserHomeDir(); err == nil {
		add(strings.TrimRight(home, `/\`), "~")
	}
	return &scrubber{
		folders: strings.NewReplacer(pairs...),
		home:    regexp.MustCompile(`(?i)(?:/home/|/Users/|[a-z]:(?:\\{1,2}|/)Users(?:\\{1,2}|/))[^/\\\s"':;,]+`),
		url:     regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*://[^\s"'<>]*`),
		user:    regexp.MustCompile(`[^\s/"'<>=]*:[^\s"'<>]*@`),
		query:   regexp.MustCompile(`\?[^\s"'<>]*[\pL\pN%][^\s"'<>]*`),
		four:    regexp.MustCompile(`\d{1,3}(?:\.\d{1,3}){3}`),
		six: regexp.MustCompile(
			`(?:[0-9A-Fa-f]{0,4}:){2,7}(?:(?:\d{1,3}\.){3}\d{1,3}|[0-9A-Fa-f]{1,4})?(?:%[0-9A-Za-z_.-]+)?`),
		plain: regexp.MustCompile(`^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$`),
	}
}

// line returns s without what a report may not have.
func (s *scrubber) line(text string) string {
	text = s.url.ReplaceAllStringFunc(text, s.bareURL)
	text = s.user.ReplaceAllString(text, "")
	text = s.query.ReplaceAllString(text, "?[query]")
	text = s.folders.Replace(text)
	text = s.home.ReplaceAllString(text, "~")
	text = s.six.ReplaceAllStringFunc(text, bareSix)
	return s.four.ReplaceAllString(text, address)
}

// bareURL keeps scheme, host, port and path. A text may have been cut, so it keeps a host only if it is a valid one.
func (s *scrubber) bareURL(u string) string {
	scheme, rest, _ := strings.Cut(u, "://")
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	authority, path := rest[:end], rest[end:]
	if at := strings.LastIndexByte(rest, '@'); at >= end { // a password may have a slash
		authority, path = rest[at+1:], ""
		if slash := strings.IndexAny(authority, "/?#"); slash >= 0 {
			authority, path = authority[:slash], authority[slash:]
		}
	} else if at >= 0 {
		authority = authority[at+1:]
	}
	if !s.plain.MatchString(authority) || strings.HasSuffix(authority, "...") {
		authority = "[host]"
	}
	if cut := strings.IndexAny(path, "?#"); cut >= 0 {
		path = path[:cut]
	}
	return scheme + "://" + authority + path
}

// bareSix replaces an IPv6 or a hardware address, and keeps a time of day.
func bareSix(candidate string) string {
	if _, err := netip.ParseAddr(candidate); err == nil {
		return address
	}
	if groups := strings.Split(candidate, ":"); len(groups) == 6 && !strings.Contains(candidate, "::") {
		return address
	}
	return candidate
}
