//go:build !linux

package keystoretest

// supervise runs the tests.
func supervise(m interface{ Run() int }) (status int) { return m.Run() }
