package main

import (
	"fmt"
	"reflect"
)

// difference returns how got differs from want, or nothing. The library for it costs each program of a script two
// milliseconds, because it is this test binary.
func difference(want, got any) string {
	if reflect.DeepEqual(want, got) {
		return ""
	}
	return fmt.Sprintf("want %q\ngot %q", want, got)
}
