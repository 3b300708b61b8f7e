package profile

// Scope returns the URL at and below which a client may use the credential of p, which [Config.Resolve] chose for ask.
// It is empty if the profiles can't be read, or if the URL chose p and the host has another profile: that profile's
// api_name could match better below. A profile without a file has no such rivals.
func (c Config) Scope(ask Ask, p *Profile) string {
	u, err := ParseURL(ask.URL)
	if err != nil {
		return ""
	}
	scope := u.Scheme + "://" + Target(p.Host, p.APIName)
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
