package profile

import (
	"net/url"
	"slices"
	"strings"

	"cgp-cred/helper/apim"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/printable"
)

// Source says what chose a profile.
type Source string

// What can choose a profile, in the order of their weight.
const (
	ByArgument    Source = "argument"
	ByEnvironment Source = "environment"
	ByDefault     Source = "default"
	ByURL         Source = "url"
	Only          Source = "only"
)

// Ask is what a user said about which profile is meant.
type Ask struct {
	Name string // an argument; empty: none
	URL  string // the URL a credential is for; empty: none
	Env  string // CGP_CRED_PROFILE; empty: unset

	HostOnly bool // the URL's path is not known: its host decides
}

// Resolve returns the profile that is meant: by its name, else the one that covers the URL, else the environment's, the
// default, the only one. With a name and a URL it is the named one if it covers the URL; never another. A URL that no
// profile covers is a [CoverError], a profile that isn't there a [NoProfileError].
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

// CheckURL says why p's credential may not be sent to the URL that is asked about, or returns nil; no URL is no reason.
func (p *Profile) CheckURL(ask Ask) error {
	if ask.URL == "" {
		return nil
	}
	u, err := ParseURL(ask.URL)
	if err == nil && !p.matches(u, ask.HostOnly) {
		err = &CoverError{Origin: origin(u), Profile: p.Name, Problem: "it is for " + p.scope()}
	}
	return err
}

// choose picks a name where there is no URL.
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
		return "", "", &NoProfileError{Known: names}
	}
	return names[0], Only, nil
}

// resolveURL picks the profile with the longest api_name that covers the URL.
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
	var best []*Profile
	for _, name := range names {
		p, err := c.Load(name)
		if err != nil {
			return nil, "", err
		}
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
	return pick(best, u, ask.Env)
}

// matches is Covers, or where the path is not known, what of it can be told.
func (p *Profile) matches(u *url.URL, hostOnly bool) bool {
	if !hostOnly {
		return p.Covers(u)
	}
	anywhere := *p
	anywhere.APIName = ""
	return anywhere.Covers(u)
}

// pick breaks a tie by the environment alone.
func pick(best []*Profile, u *url.URL, env string) (*Profile, Source, error) {
	if len(best) == 1 {
		return best[0], ByURL, nil
	}
	var tied []string
	var whole *Profile // of several for a host alone: the one that is for all of it
	for _, p := range best {
		if p.Name == env {
			return p, ByEnvironment, nil
		}
		if p.APIName == "" && whole == nil {
			whole = p
		}
		tied = append(tied, p.Name)
	}
	if whole != nil && !slices.ContainsFunc(best, func(p *Profile) bool { return p != whole && p.APIName == "" }) {
		return whole, ByURL, nil
	}
	problem := "its host, scheme or path is no profile's"
	return nil, "", &CoverError{Origin: origin(u), Tied: tied, Problem: problem}
}

// ParseURL reads a URL for which a credential is asked. One that clients could read in different ways is a
// [CoverError].
func ParseURL(s string) (*url.URL, error) {
	u, err := apim.ParseURL(s)
	if err != nil {
		return nil, &CoverError{Problem: err.Error()}
	}
	return u, nil
}

// origin is a URL without path and query, which may name a patient.
func origin(u *url.URL) string { return printable.Text(u.Scheme + "://" + u.Host) }

// scope says what a profile covers.
func (p *Profile) scope() string {
	if p.APIName == "" {
		return p.Host
	}
	return p.Host + "/" + p.APIName
}

// Covers reports whether p's credential may be sent to u: its host and port are the profile's, exactly; its scheme is
// https, or http on loopback; no user information; and its path lies under the profile's api_name by whole segments. A
// path that a client or server could read as another one is never covered, see [apim.PlainPath].
func (p *Profile) Covers(u *url.URL) bool {
	host, ok := apim.Authority(u)
	if !ok || host != p.Host || u.Scheme != "https" && (u.Scheme != "http" || !apim.Loopback(host)) {
		return false
	}
	path := u.EscapedPath()
	return apim.PlainPath(path) && under(path, p.APIName)
}

// under reports whether path is name or lies below it, by whole segments. An empty name covers every path.
func under(path, name string) bool {
	if name == "" {
		return true
	}
	rest, ok := strings.CutPrefix(path, "/"+name)
	return ok && (rest == "" || rest[0] == '/')
}

// CheckAPIName says what is wrong with an api_name, or returns nil: path segments of unreserved characters (RFC 3986
// section 2.3), no slash at either end.
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
			return fault.New(fault.Usage,
				"name it as in the API's URL, or leave it out: every API of the host is covered then",
				"api_name %q: it must be path segments such as genomic-data-access, with no slash at either end",
				printable.Text(name))
		}
	}
	return nil
}
