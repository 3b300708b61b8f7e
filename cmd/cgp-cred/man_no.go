//go:build !man

package main

// extra returns nothing, except in the build that writes the manual pages.
func extra() []entry { return nil }
