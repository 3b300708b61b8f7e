package profile

import "cgp-cred/keystore/disk"

// The tests' folders for system profiles are below /tmp, where other users write. The scripts test who may write them.
func init() { readSystem = disk.ReadFile }
