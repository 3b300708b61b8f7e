//go:build unix && !linux

package disk

// unmapped returns false: only Linux has user namespaces.
func unmapped(uint32) bool { return false }
