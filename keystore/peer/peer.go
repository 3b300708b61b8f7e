// Package peer identifies the other end of a socket or pipe: the owner of a Unix socket or of a Windows pipe, the users
// who listen on a TCP port of this machine, and the user who connects to one.
package peer
