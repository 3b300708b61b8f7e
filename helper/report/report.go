// Package report carries the warnings of helper's packages, and their trace for -v.
package report

import "fmt"

// To is where warnings and traces go.
type To struct {
	Warning func(text string)            // nil: warnings are dropped
	Detail  func(level int, text string) // nil: silent; 1: what happens, 2: details of requests
}

// Warn gives a warning.
func (t To) Warn(format string, args ...any) {
	if t.Warning != nil {
		t.Warning(fmt.Sprintf(format, args...))
	}
}

// Trace gives a detail.
func (t To) Trace(level int, format string, args ...any) {
	if t.Detail != nil {
		t.Detail(level, fmt.Sprintf(format, args...))
	}
}
