//go:build !unix

package keystoretest

func users() bool { return false }

func owner(string) int { return -1 }
