package profile

// Scope returns the URL of which each place at and below it has p for its profile, where p is what [Config.Resolve]
// chose for ask: a client may keep the credential for all of it. It is empty where the URL chose p and the host has
// another profile, whose api_name could win there, or where the profiles can't be read. A profile without a file has no
// rivals.
func (c Config) Scope(ask Ask, p *Profile) string {
	u, err := ParseURL(ask.URL)
	if err != nil {
		return ""
	}
	scope := u.Scheme + "://" + p.scope()
	if ask.Name != "" || p.File == "" {
		return scope
	}
	names, err := c.Names()
	if err != nil {
		return ""
	}
	for _, name := range names {
		other, err := c.Load(name)
		if err != nil || (other.Name != p.Name && other.Host == p.Host) {
			return ""
		}
	}
	return scope
}
