//go:build !linux && !windows

package scripttest

// systemState is what only this system's verbs keep.
type systemState struct{}
