//go:build !man

package main

// extra is empty but for the build that writes the manual.
func extra() []entry { return nil }
