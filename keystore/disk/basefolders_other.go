//go:build !unix || darwin

package disk

import "github.com/adrg/xdg"

// firstEnvironment is what the library's init saw.
func firstEnvironment() variables { return environment() }

// bases are the folders that this program's own are in.
func bases(variables) Folders {
	return Folders{Config: xdg.ConfigHome, State: xdg.StateHome, Data: xdg.DataHome, Runtime: xdg.RuntimeDir}
}

// reload has the library read the environment again.
func reload(variables) error {
	xdg.Reload()
	return nil
}
