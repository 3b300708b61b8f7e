//go:build !windows

package job

import "os"

// Bind does nothing.
func Bind(*os.Process) (kill, release func()) { return func() {}, func() {} }
