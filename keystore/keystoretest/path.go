package keystoretest

import "runtime"

// Abs returns a path that begins with a slash as an absolute path of this system: on Windows one on drive C.
func Abs(path string) string {
	if runtime.GOOS == "windows" {
		return "C:" + path
	}
	return path
}
