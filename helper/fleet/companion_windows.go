package fleet

import "io/fs"

// unsafe says why the companion is not run, or returns "". Its rights follow from its folder, which is cgp-cred's own.
func unsafe(_ string, info fs.FileInfo) string {
	if !info.Mode().IsRegular() {
		return "is not a regular file"
	}
	return ""
}
