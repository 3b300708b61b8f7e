//go:build !linux

package main

// fleet says that there are no clusters here: a node needs a kernel keyring and a user namespace.
func (s *scene) fleet(*stage) string { return "Clusters are measured on Linux.\n" }
