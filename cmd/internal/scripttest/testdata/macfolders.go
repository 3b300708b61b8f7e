package disk

import (
	"path/filepath"

	"cgp-cred/keystore/disk/xdginit"
)

func firstEnvironment() variables {
	xdginit.Done()
	return environment()
}

func bases(env variables) Folders {
	or := func(path string) string {
		if filepath.IsAbs(path) {
			return path
		}
		return filepath.Join(env.home, "Library", "Application Support")
	}
	return Folders{Config: or(env.config), State: or(env.state), Data: or(env.data), Runtime: or("")}
}

func reload(variables) error { return nil }

func RuntimeFolder() string { return "" }
