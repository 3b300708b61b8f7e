package main

import (
	"io"
	"log"
)

// net/http logs failed connections with the server's text. On stderr it would come between cgp-cred's own lines, and without
// the escaping that foreign text needs.
func init() { log.SetOutput(io.Discard) }
