package scripttest

import (
	"bytes"
	"encoding/hex"
	"strings"
)

// tracedCalls are the system calls that strace shows: those that write, name a file, connect or start a program, and
// read, for the answers of servers.
const tracedCalls = `%file,%network,read,write,writev,pwrite64,pwritev,pwritev2,` +
	`sendfile,splice,tee,vmsplice,copy_file_range,` +
	`add_key,keyctl,memfd_create,process_vm_writev,io_uring_setup,shmget`

// call is a line of strace -f -yy -xx.
type call struct {
	name      string
	file      string   // of the first argument: a path, pipe:[N], UNIX-STREAM:[…], TCP:[…]
	texts     [][]byte // its strings
	arguments int      // of execve: how many texts are the path and the arguments
	port      string   // of connect
}

// Kinds of calls.
const (
	callOther = iota
	callStarts
	callSockets
	callConnects
	callListens
	callWrites
	callMoves // moves bytes that strace does not show
	callNames
)

func (c call) kind() int {
	switch c.name {
	case "execve", "execveat":
		return callStarts
	case "socket":
		return callSockets
	case "connect":
		return callConnects
	case "listen":
		return callListens
	case "write", "writev", "pwrite64", "pwritev", "pwritev2", "sendto", "sendmsg", "sendmmsg", "add_key", "keyctl",
		"process_vm_writev":
		return callWrites
	case "sendfile", "splice", "tee", "vmsplice", "copy_file_range", "io_uring_setup", "shmget":
		return callMoves
	case "read", "recvfrom", "recvmsg", "recvmmsg", "socketpair", "bind", "accept", "accept4", "shutdown",
		"getsockname", "getpeername", "getsockopt", "setsockopt", "":
		return callOther
	}
	return callNames
}

var portNumber = Pattern(`sin6?_port=htons\((\d+)\)`)

// parseCall reads a line. All strings are in hexadecimal; the rest of a call that was broken off has no name.
func parseCall(line []byte) call {
	var c call
	_, rest, _ := bytes.Cut(line, []byte(" "))
	rest = bytes.TrimLeft(rest, " ")
	if name, args, ok := bytes.Cut(rest, []byte("(")); ok && !bytes.ContainsAny(name, "<+- ") {
		c.name = string(name)
		c.file = descriptor(args)
	}
	if c.name == "connect" {
		if m := portNumber().FindSubmatch(rest); m != nil {
			c.port = string(m[1])
		}
	}
	for depth := 0; ; {
		at := bytes.IndexByte(rest, '"')
		if at < 0 {
			return c
		}
		if depth += bytes.Count(rest[:at], []byte("[")); depth < 2 { // the second list of execve is the environment
			c.arguments++
		}
		end := bytes.IndexByte(rest[at+1:], '"')
		if end < 0 {
			return c
		}
		c.texts = append(c.texts, unhex(rest[at+1:at+1+end]))
		rest = rest[at+end+2:]
	}
}

// descriptor returns what strace prints for the descriptor that is the first argument.
func descriptor(args []byte) string {
	number, rest, ok := bytes.Cut(args, []byte("<"))
	if !ok || len(bytes.Trim(number, "0123456789")) > 0 {
		return ""
	}
	for _, end := range []string{">,", ">)"} {
		if name, _, ok := bytes.Cut(rest, []byte(end)); ok {
			if device := bytes.IndexByte(name, '<'); device > 0 { // /dev/null<char 1:3>
				name = name[:device]
			}
			return string(unhex(name))
		}
	}
	return ""
}

// number returns a socket's number, which does not change when it is connected.
func (c call) number() string {
	name := socketName(c.file)
	if strings.HasPrefix(c.file, "UNIX") {
		name, _, _ = strings.Cut(name, "->")
		name, _, _ = strings.Cut(name, ",")
	}
	return name
}

// socketName returns the text in the brackets of TCP:[…].
func socketName(file string) string {
	_, name, _ := strings.Cut(file, "[")
	return strings.TrimSuffix(name, "]")
}

// unhex decodes \x41\x42, and returns other text as it is.
func unhex(text []byte) []byte {
	if !bytes.HasPrefix(text, []byte(`\x`)) {
		return text
	}
	out, err := hex.DecodeString(strings.ReplaceAll(string(text), `\x`, ""))
	if err != nil {
		return text
	}
	return out
}
