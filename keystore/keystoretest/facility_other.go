//go:build !linux

package keystoretest

func terminal() bool { return false }
func watching() bool { return false }
