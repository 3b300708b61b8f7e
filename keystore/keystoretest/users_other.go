//go:build !unix

package keystoretest

func users() bool { return false }
