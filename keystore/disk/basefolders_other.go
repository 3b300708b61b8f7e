//go:build !unix || darwin

package disk

import "github.com/adrg/xdg"

// firstEnvironment returns the environment that the library's init saw.
func firstEnvironment() variables { return environment() }

// bases returns the folders that hold cgp-cred's folders.
func bases(variables) Folders {
	return Folders{Config: xdg.ConfigHome, State: xdg.StateHome, Data: xdg.DataHome, Runtime: xdg.RuntimeDir}
}

// reload makes the library read the environment again.
func reload(variables) error {
	xdg.Reload()
	return nil
}
