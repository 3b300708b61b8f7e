package manage

import (
	"fmt"

	"cgp-cred/helper/apim"
	"cgp-cred/helper/profile"
	"cgp-cred/keystore/signer"
)

// mayChange returns an error if the system administrator keeps a profile's record.
func (m *Manager) mayChange(name string) error {
	p, err := m.Config.Load(name)
	if err != nil || !p.Administered() {
		return nil //nolint:nilerr // the caller reads the file next
	}
	return refuse(name, "the system administrator keeps it, and its record, in "+p.File,
		"change the record on a machine that has no such file\n"+
			"or use a name of your own: cgp-cred store NAME --host "+apim.ShortHost(p.Host))
}

// pinned returns a change with what the system's file says of a profile, or an error if the change asks for something
// else. It returns the change as it is if the profile is the user's.
func (m *Manager) pinned(name string, c Change) (Change, error) {
	p, err := m.Config.Load(name)
	if err != nil || !p.System {
		return c, nil //nolint:nilerr // the caller reads the file next
	}
	if err := m.mayChange(name); err != nil {
		return c, err
	}
	host := c.Host
	if h, err := apim.ParseHost(c.Host); err == nil {
		host = h
	}
	for _, f := range []struct {
		name  string
		other bool
	}{
		{"api_host", c.Host != "" && host != p.Host},
		{"api_name", c.APIName != nil && *c.APIName != p.APIName},
		{"auth", c.Auth != "" && c.Auth != p.Auth},
		{"keystore", c.Keystore != nil && !c.Keystore.Same(p.Location())},
		{"fleet", c.Fleet != nil && *c.Fleet != p.Fleet},
		{"signer_commands", c.Key != nil && p.Keystore == profile.File && !mayList(p, c.Key.Signer)},
	} {
		if f.other {
			return c, refuse(name, fmt.Sprintf("only the system administrator changes %s, in %s", f.name, p.File),
				"leave the flag out, or use a name of your own: cgp-cred store NAME --host HOST")
		}
	}
	c.Host, c.APIName, c.Auth, c.Keystore, c.Fleet = p.Host, &p.APIName, p.Auth, nil, nil
	return c, nil
}

// mayList reports whether the program of a signer, if it is one, may sign for p's record.
func mayList(p *profile.Profile, s signer.Signer) bool {
	argv := signer.Command(s)
	return argv == nil || p.Location().Signs(argv)
}
