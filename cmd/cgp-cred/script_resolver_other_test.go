//go:build !linux

package main

import "github.com/rogpeppe/go-internal/testscript"

// resolver has no network of its own to make: only Linux has namespaces.
func resolver() {}

// deadEnd is for Linux, as is resolver.
func deadEnd(ts *testscript.TestScript, _ bool, _ []string) { ts.Fatalf("deadend is for Linux alone") }
