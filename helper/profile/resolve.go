package profile

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"cgp-cred/helper/apim"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/printable"
	"cgp-cred/keystore/text"
)

// Source says what chose a profile.
type Source string

// What can choose a profile.
const (
	ByArgument    Source = "argument"
	ByEnvironment Source = "environment"
	ByDefault     Source = "default"
	ByURL         Source = "url"
	Only          Source = "only"
)

// Ask holds what the user gave to choose a profile.
type Ask struct {
	Name string // an argument; empty: no name
	URL  string // the URL that the credential is for; empty: no URL
	Env  string // CGP_CRED_PROFILE; empty: unset

	HostOnly bool // the URL's path is not known: only its host counts
}

// Clean returns an ask without what [text.Line] takes off the names. The URL stays as it is: it is matched exactly.
func (a Ask) Clean() (Ask, error) {
	var err error
	if a.Name, err = text.Line("profile name", a.Name, text.Profile); err == nil {
		a.Env, err = text.Line("CGP_CRED_PROFILE", a.Env, text.Profile)
	}
	return a, err
}

// Resolve chooses a profile. Without a URL it is the one with the name; without a name it is the environment's, the
// default or the only one, in this order. With a URL it is a profile that covers the URL: the one with the name, if a
// name is given, and never another. The error is a [CoverError] if no profile covers the URL, and a [NoProfileError] if
// the profile does not exist.
func (c Config) Resolve(ask Ask) (*Profile, Source, error) {
	if ask.URL != "" {
		return c.resolveURL(ask)
	}
	name, source, err := c.choose(ask)
	if err != nil {
		return nil, "", err
	}
	p, err := c.Load(name)
	return p, source, err
}

// CheckURL returns an error if p's credential may not be sent to the URL in ask. Without a URL it returns nil.
func (p *Profile) CheckURL(ask Ask) error {
	if ask.URL == "" {
		return nil
	}
	u, err := ParseURL(ask.URL)
	if err == nil && !p.matches(u, ask.HostOnly) {
		err = &CoverError{
			Origin: origin(u), Profile: p.Name, Problem: "it is for " + Target(p.Host, p.APIName), Near: p.isAt(u.Host),
		}
	}
	return err
}

// choose returns a profile's name for an ask without a URL.
func (c Config) choose(ask Ask) (string, Source, error) {
	if ask.Name != "" {
		return ask.Name, ByArgument, nil
	}
	if ask.Env != "" {
		return ask.Env, ByEnvironment, nil
	}
	name, err := c.Default()
	if err != nil || name != "" {
		return name, ByDefault, err
	}
	names, err := c.Names()
	if err != nil {
		return "", "", err
	}
	if len(names) != 1 {
		return "", "", &NoProfileError{Known: names, Folder: c.looked()}
	}
	return names[0], Only, nil
}

// resolveURL chooses the profile with the longest api_name that covers the URL.
func (c Config) resolveURL(ask Ask) (*Profile, Source, error) {
	u, err := ParseURL(ask.URL)
	if err != nil {
		return nil, "", err
	}
	if ask.Name != "" {
		p, err := c.Load(ask.Name)
		if err == nil {
			err = p.CheckURL(ask)
		}
		return p, ByArgument, err
	}
	names, err := c.Names()
	if err != nil {
		return nil, "", err
	}
	var all, best []*Profile
	for _, name := range names {
		p, err := c.Load(name)
		if err != nil {
			return nil, "", err
		}
		all = append(all, p)
		if !p.matches(u, ask.HostOnly) {
			continue
		}
		if ask.HostOnly {
			best = append(best, p)
			continue
		}
		if len(best) > 0 && len(p.APIName) > len(best[0].APIName) {
			best = nil
		}
		if len(best) == 0 || len(p.APIName) == len(best[0].APIName) {
			best = append(best, p)
		}
	}
	if len(best) == 0 {
		return nil, "", notCovered(u, all)
	}
	return pick(best, u, ask.Env)
}

// matches does as Covers, but ignores the path if hostOnly is set.
func (p *Profile) matches(u *url.URL, hostOnly bool) bool {
	if !hostOnly {
		return p.Covers(u)
	}
	anywhere := *p
	anywhere.APIName = ""
	return anywhere.Covers(u)
}

// pick returns the best profile. If there are several, the environment decides, or the one that covers the whole host.
func pick(best []*Profile, u *url.URL, env string) (*Profile, Source, error) {
	if len(best) == 1 {
		return best[0], ByURL, nil
	}
	var tied []string
	var whole *Profile // the one that covers the whole host
	for _, p := range best {
		if p.Name == env {
			return p, ByEnvironment, nil
		}
		if p.APIName == "" && whole == nil {
			whole = p
		}
		tied = append(tied, p.Name)
	}
	another := func(p *Profile) bool { return p != whole && p.APIName == "" }
	if whole != nil && !slices.ContainsFunc(best, another) {
		return whole, ByURL, nil
	}
	return nil, "", &CoverError{Origin: origin(u), Tied: tied}
}

// isAt reports whether a person would say that p is for host, whatever its port, letter case and final dot.
func (p *Profile) isAt(host string) bool {
	host = host[strings.LastIndexByte(host, '@')+1:] // without user information
	return hostname(p.Host) == strings.TrimSuffix(hostname(strings.ToLower(host)), ".")
}

// NearHost reports whether a profile is for host, in any spelling.
func (c Config) NearHost(host string) bool {
	names, err := c.Names()
	if err != nil || host == "" {
		return false
	}
	return slices.ContainsFunc(names, func(name string) bool {
		p, err := c.Load(name)
		return err == nil && p.isAt(host)
	})
}

// notCovered returns the error of a URL that no profile covers: which part of it differs from which profile, or how to
// make one.
func notCovered(u *url.URL, all []*Profile) error {
	e := &CoverError{Origin: origin(u), Near: slices.ContainsFunc(all, func(p *Profile) bool { return p.isAt(u.Host) })}
	host, ok := apim.Authority(u)
	if !ok {
		e.Problem = "clients can read more than one host in it"
		return e
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !apim.Loopback(host)) {
		e.Problem, e.Next = "a credential goes only over https", "begin the URL with https://"
		return e
	}
	for _, p := range all {
		switch {
		case p.Host == host && !apim.PlainPath(u.EscapedPath()):
			e.Problem = "its path could be read as another one"
			e.Next = "write the path without dots between slashes, backslashes and control characters"
			return e
		case p.Host == host:
			e.Problem = fmt.Sprintf("its path is not below that of profile %q, /%s", p.Name, p.APIName)
			e.Next = fmt.Sprintf("for another API of this host: cgp-cred store %s --host %s --api-name PATH",
				NameFor(host)+"-2", host)
			return e
		case p.isAt(host):
			e.Problem = fmt.Sprintf("its port is not that of profile %q, which is for %s", p.Name, p.Host)
		}
	}
	if e.Problem != "" {
		return e
	}
	e.Problem = "no profile has its host"
	short, made := apim.ShortHost(host), NameFor(host)
	if taken := func(p *Profile) bool { return p.Name == made }; slices.ContainsFunc(all, taken) {
		made = "NAME"
	}
	if short == host && !apim.Loopback(host) { // it may be a look-alike
		e.Next = "if you know this host, make one: cgp-cred store NAME --host HOST"
		return e
	}
	e.Next = fmt.Sprintf("make one: cgp-cred store %s --host %s", made, short)
	return e
}

// hostname returns a host without its port.
func hostname(host string) string {
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		host = host[:i]
	}
	return strings.Trim(host, "[]")
}

// ParseURL reads a URL that needs a credential. The error is a [CoverError] if clients could read the URL in different
// ways.
func ParseURL(s string) (*url.URL, error) {
	u, err := apim.ParseURL(s)
	if err != nil {
		return nil, &CoverError{Problem: err.Error()}
	}
	return u, nil
}

// origin returns a URL without its path and query, which may name a patient.
func origin(u *url.URL) string { return printable.Text(u.Scheme + "://" + u.Host) }

// Target returns what a credential is for: a host, and the API below it if it is for one only.
func Target(host, apiName string) string {
	if apiName == "" {
		return host
	}
	return host + "/" + apiName
}

// Covers reports whether p's credential may be sent to u. The host and port must be exactly the profile's, and the
// scheme https, or http on loopback. There must be no user information. The path must be under the profile's api_name,
// by whole segments. A path that a client or server could read as another one is never covered, see [apim.PlainPath].
func (p *Profile) Covers(u *url.URL) bool {
	host, ok := apim.Authority(u)
	if !ok || host != p.Host || u.Scheme != "https" && (u.Scheme != "http" || !apim.Loopback(host)) {
		return false
	}
	path := u.EscapedPath()
	return apim.PlainPath(path) && under(path, p.APIName)
}

// under reports whether path is name or below it, by whole segments. An empty name covers every path.
func under(path, name string) bool {
	if name == "" {
		return true
	}
	rest, ok := strings.CutPrefix(path, "/"+name)
	return ok && (rest == "" || rest[0] == '/')
}

// CheckAPIName returns what is wrong with an api_name, or nil. It must be path segments of unreserved characters (RFC
// 3986 section 2.3), with no slash at either end.
func CheckAPIName(name string) error {
	if name == "" {
		return nil
	}
	for segment := range strings.SplitSeq(name, "/") {
		ok := segment != "" && segment != "." && segment != ".."
		for _, r := range segment {
			alnum := (r >= 'a' && r <= 'z') || (r >= 'A' && r <= 'Z') || (r >= '0' && r <= '9')
			ok = ok && (alnum || strings.ContainsRune("-._~", r))
		}
		if !ok {
			const hint = "name it as in the API's URL, or leave it out to cover every API of the host"
			return fault.New(fault.Usage, hint,
				"api_name %s: it must be path segments such as genomic-data-access, with no slash at either end",
				printable.Quote(name))
		}
	}
	return nil
}
