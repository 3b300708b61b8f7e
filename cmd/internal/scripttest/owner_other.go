//go:build !unix

package scripttest

import "io/fs"

// owner returns 0: other systems have no number for it.
func owner(fs.FileInfo) uint32 { return 0 }
