//go:build !unix || darwin

package disk

import "github.com/adrg/xdg"

// firstEnvironment is what the library's init saw.
func firstEnvironment() variables { return environment() }

// configHome is the base of the config folder.
func configHome(variables) string { return xdg.ConfigHome }

// reload has the library read the environment again.
func reload(variables) error {
	xdg.Reload()
	return nil
}
