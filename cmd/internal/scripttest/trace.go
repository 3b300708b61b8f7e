package scripttest

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	godbus "github.com/godbus/dbus/v5"
	"github.com/rogpeppe/go-internal/testscript"

	"cgp-cred/keystore/keystoretest"
)

// Files of a watched command, in the script's folder.
const (
	watchTrace  = "watch.trace"
	watchOut    = "watch.out"
	watchErr    = "watch.err"
	watchScript = `exec strace -f -qq -v -yy -xx -s 4194304 --seccomp-bpf -e signal=none -e trace=` + watchedCalls +
		` -o "$0" -- "$@" >` + watchOut + ` 2>` + watchErr
)

// trace-secrets [PLACE[:SECRET]...] STATUS COMMAND ARGS... runs a command, holds its exit status, and looks at every byte that it
// and its children write, wherever to, at the names of the files that they use, and at the arguments and environments
// of the programs that they start. The secrets found must be those that the places name, no more and no fewer:
//
//	stdout, stderr   what the script sees of it
//	bus              the session bus: messages to the keyring
//	agent            the socket of SSH_AUTH_SOCK
//	net, elsewhere   the connection to HOST, and to another server of this machine
//	served           an answer to somebody who connected
//	pipe             to a child, or within the process
//	argv, environ    of a child
//	FILE             as the script's folder has it, with * for a random name
//
// Others have the name that the kernel gives them. bus, agent, net and elsewhere must be named where they are connected to at all, and
// any other socket too: a command without them has sent nothing to anybody.
func traceSecrets(ts *testscript.TestScript, neg bool, args []string) {
	status := slices.IndexFunc(args, func(s string) bool { _, err := strconv.Atoi(s); return err == nil })
	if neg || status < 0 || len(args) < status+2 {
		ts.Fatalf("usage: trace-secrets [PLACE[:SECRET]...] STATUS COMMAND ARGS...")
	}
	keystoretest.Need(of(ts), "strace", "strace")
	want := slices.Compact(slices.Sorted(slices.Values(args[:status])))
	begin := time.Now()
	got := exitStatus(ts, ts.Exec("sh", append([]string{"-c", watchScript, ts.MkAbs(watchTrace)}, args[status+1:]...)...))
	out, text := ts.ReadFile(watchOut), ts.ReadFile(watchErr)
	fmt.Fprint(ts.Stdout(), out)
	fmt.Fprint(ts.Stderr(), text)
	if strconv.Itoa(got) != args[status] {
		ts.Fatalf("exit status %d, want %s: %s", got, args[status], text)
	}
	w := &tracer{ts: ts, secrets: &of(ts).secrets, streams: make(map[string]*bytes.Buffer), seen: make(map[string]bool), peers: make(map[string]string)}
	w.read([]byte(ts.ReadFile(watchTrace)))
	w.files(begin)
	if found := w.found(); !slices.Equal(found, want) {
		ts.Fatalf("found %q, want %q", found, want)
	}
	for _, file := range []string{watchTrace, watchOut, watchErr} {
		ts.Check(os.Remove(ts.MkAbs(file)))
	}
}

// watch is what one command did.
type tracer struct {
	ts      *testscript.TestScript
	secrets *secrets
	streams map[string]*bytes.Buffer // what was written, by place
	seen    map[string]bool          // places that must be named though they hold no secret
	peers   map[string]string        // the sockets that were connected, by number
	names   []string                 // of files
	sockets bool                     // it made one
	served  []string                 // where it listened
	started bool                     // the command itself
}

// read sorts what strace wrote.
func (w *tracer) read(trace []byte) {
	for line := range bytes.Lines(trace) {
		c := parseCall(line)
		text := bytes.Join(c.texts, nil)
		w.secrets.learnFrom(text)
		switch c.kind() {
		case callStarts:
			if w.started {
				w.write("argv", bytes.Join(c.texts[:min(c.arguments, len(c.texts))], []byte("\n")))
				w.write("environ", bytes.Join(c.texts[min(c.arguments, len(c.texts)):], []byte("\n")))
			}
			w.started = true
		case callConnects:
			w.connect(c)
		case callSockets:
			w.sockets = true
		case callListens:
			w.served = append(w.served, socketName(c.file))
		case callWrites:
			place := w.place(c.file)
			if place == "" {
				place = c.name
			}
			w.write(place, text)
		case callMoves:
			w.seen[c.name+" "+w.place(c.file)] = true
		case callNames:
			for _, name := range c.texts {
				w.names = append(w.names, string(name))
				w.write("name", append(name, '\n'))
			}
		}
	}
}

func (w *tracer) write(place string, text []byte) {
	if w.streams[place] == nil {
		w.streams[place] = new(bytes.Buffer)
	}
	w.streams[place].Write(text)
}

// connect notes with whom a socket speaks.
func (w *tracer) connect(c call) {
	if len(c.texts) == 0 {
		return // neither a path nor an address: netlink, or the end of a connection
	}
	if strings.HasSuffix(string(c.texts[0]), "/nscd/socket") {
		return // glibc's, in other programs: it looks for a cache of users' names
	}
	peer := string(c.texts[0])
	switch {
	case strings.HasPrefix(c.file, "UNIX") && "unix:path="+peer == w.ts.Getenv("DBUS_SESSION_BUS_ADDRESS"):
		peer = "bus"
	case strings.HasPrefix(c.file, "UNIX") && peer == w.ts.Getenv("SSH_AUTH_SOCK"):
		peer = "agent"
	case strings.HasPrefix(c.file, "UNIX"):
		peer = "socket " + peer
	default:
		peer = w.server(net.JoinHostPort(peer, c.port))
	}
	w.peers[c.number()] = peer
	w.seen[peer] = true
}

var randomName = regexp.MustCompile(`[A-Z2-7]{26}`)

// place names where a descriptor leads to.
func (w *tracer) place(file string) string {
	file = strings.TrimSuffix(file, " (deleted)")
	switch {
	case file == w.ts.MkAbs(watchOut):
		return "stdout"
	case file == w.ts.MkAbs(watchErr):
		return "stderr"
	case strings.HasPrefix(file, "pipe:"):
		return "pipe"
	case strings.HasPrefix(file, "/"):
		if name, err := filepath.Rel(w.ts.Getenv("WORK"), file); err == nil && !strings.HasPrefix(name, "..") {
			file = name
		}
		return randomName.ReplaceAllString(file, "*")
	}
	number := call{file: file}.number()
	local, remote, _ := strings.Cut(number, "->")
	switch peer := w.peers[number]; {
	case peer == "bus":
		return "bus " + number
	case peer != "":
		return peer
	case strings.HasPrefix(file, "UNIX"):
		return "pipe" // a pair
	case strings.HasPrefix(file, "TCP") && slices.Contains(w.served, local):
		return "served"
	case strings.HasPrefix(file, "TCP"):
		return w.server(remote)
	}
	return file
}

// server names whom a connection leads to: HOST, another server of this machine, or its address.
func (w *tracer) server(address string) string {
	ip, _, err := net.SplitHostPort(address)
	switch {
	case address == w.ts.Getenv("HOST"):
		return "net"
	case err == nil && net.ParseIP(ip).IsLoopback():
		return "elsewhere"
	}
	return address
}

// files looks into the files that the command named and that have changed, for what was written by no call.
func (w *tracer) files(begin time.Time) {
	for _, name := range slices.Compact(slices.Sorted(slices.Values(w.names))) {
		path := w.ts.MkAbs(name)
		info, err := os.Lstat(path)
		if place := w.place(path); err != nil || info.Mode().Type() != fs.FileMode(0) || info.ModTime().Before(begin) || w.streams[place] != nil {
			continue
		} else if text, err := os.ReadFile(path); err == nil {
			w.write(place, text)
		}
	}
}

// found returns the places that must be named, with the secrets there.
func (w *tracer) found() []string {
	for place, stream := range w.streams {
		if place == os.DevNull {
			continue
		}
		if strings.HasPrefix(place, "bus ") {
			w.bus(stream.Bytes())
			continue
		}
		for _, kind := range w.secrets.find(stream.Bytes()) {
			delete(w.seen, place)
			w.seen[place+":"+kind] = true
		}
	}
	if w.sockets && len(w.peers)+len(w.served) == 0 {
		w.seen["a socket"] = true // that leads nowhere, but was made
	}
	path, isPath := strings.CutPrefix(w.ts.Getenv("DBUS_SESSION_BUS_ADDRESS"), "unix:path=")
	if isPath && slices.Contains(w.names, path) && !slices.Contains(slices.Collect(maps.Values(w.peers)), "bus") {
		w.seen["a look at the bus"] = true
	}
	var all []string
	for place := range w.seen {
		all = append(all, place)
	}
	slices.Sort(all)
	return all
}

// bus reads the messages that were sent to the session bus: secrets are for the keyring alone.
func (w *tracer) bus(stream []byte) {
	const begin = "BEGIN\r\n" // the last line of the handshake
	handshake, rest, ok := bytes.Cut(stream, []byte(begin))
	if len(w.secrets.find(handshake)) > 0 {
		w.seen["handshake of the bus"] = true
	}
	if !ok {
		return // a connection that was only looked at
	}
	for r := bytes.NewReader(rest); r.Len() > 0; {
		at := len(rest) - r.Len()
		m, err := godbus.DecodeMessage(r)
		w.ts.Check(err)
		to, _ := m.Headers[godbus.FieldDestination].Value().(string)
		kinds := w.secrets.find(rest[at : len(rest)-r.Len()])
		switch {
		case to == "org.freedesktop.secrets":
			for _, kind := range kinds {
				delete(w.seen, "bus")
				w.seen["bus:"+kind] = true
			}
		case to != "org.freedesktop.DBus" || len(kinds) > 0:
			w.seen["bus to "+to] = true
		}
	}
}
