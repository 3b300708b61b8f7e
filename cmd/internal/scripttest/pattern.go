package scripttest

import (
	"regexp"
	"sync"
)

// Pattern returns a function that compiles an expression when it is first called: a script's programs are this test
// binary, and need none.
func Pattern(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}
