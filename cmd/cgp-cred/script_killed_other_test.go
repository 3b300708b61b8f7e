//go:build !linux

package main

import "github.com/rogpeppe/go-internal/testscript"

func killed(ts *testscript.TestScript, _ bool, _ []string) { ts.Fatalf("only on Linux") }

func killedAt() { panic("only on Linux") }
