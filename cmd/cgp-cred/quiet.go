package main

import (
	"io"
	"log"
)

// net/http tells the log of connections that go wrong, in the server's words: they would come between ours on stderr, and
// go past the one function that makes foreign text fit to print.
func init() { log.SetOutput(io.Discard) }
