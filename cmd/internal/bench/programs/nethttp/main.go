// Command nethttp links net/http and does nothing with it: what the package costs before the first line.
package main

import (
	"net/http"
	"os"
)

func main() {
	if len(os.Args) > 1 { // never: the linker must not know
		_, _ = http.Get(os.Args[1])
	}
}
