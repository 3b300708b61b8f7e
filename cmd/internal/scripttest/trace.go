package scripttest

import (
	"bytes"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	godbus "github.com/godbus/dbus/v5"
	"github.com/rogpeppe/go-internal/testscript"

	"cgp-cred/keystore/keystoretest"
)

// Files of a traced command, in the script's folder.
const (
	traceFile   = "trace.calls"
	traceOut    = "trace.out"
	traceErr    = "trace.err"
	traceScript = `exec strace -f -qq -v -yy -xx -s 4194304 -e signal=none -e trace=` + tracedCalls +
		` -o "$0" -- "$@" >` + traceOut + ` 2>` + traceErr
)

// trace-secrets [PLACE[:SECRET]...] STATUS COMMAND ARGS... runs a command, checks its exit status, and searches every
// byte that it and its children write, the names of the files that they use, and the arguments and environments of
// the programs that they start. The secrets found must be exactly those that the places name:
//
//	stdout, stderr   the command's output
//	bus              the session bus: messages to the keyring
//	agent            the socket of SSH_AUTH_SOCK
//	net, elsewhere   the connection to HOST, and to another server of this machine
//	served           an answer to a process that connected
//	pipe             to a child, or within the process
//	argv, environ    of a child
//	FILE             a name in the script's folder, with * for a random part
//
// Other places have the name that the kernel gives them. Each connection must be named, even if no secret went over
// it: bus, agent, net, elsewhere and any other socket. A command without such places has sent nothing to another
// process.
func traceSecrets(ts *testscript.TestScript, neg bool, args []string) {
	status := slices.IndexFunc(args, func(s string) bool { _, err := strconv.Atoi(s); return err == nil })
	if neg || status < 0 || len(args) < status+2 {
		ts.Fatalf("usage: trace-secrets [PLACE[:SECRET]...] STATUS COMMAND ARGS...")
	}
	keystoretest.Need(of(ts), "strace", "strace")
	want := slices.Compact(slices.Sorted(slices.Values(args[:status])))
	begin := time.Now()
	argv := append([]string{"-c", traceScript, ts.MkAbs(traceFile)}, args[status+1:]...)
	got := exitStatus(ts, ts.Exec("sh", argv...))
	out, text := ts.ReadFile(traceOut), ts.ReadFile(traceErr)
	fmt.Fprint(ts.Stdout(), out)
	fmt.Fprint(ts.Stderr(), text)
	if strconv.Itoa(got) != args[status] {
		ts.Fatalf("exit status %d, want %s: %s", got, args[status], text)
	}
	w := &tracer{
		ts: ts, secrets: &of(ts).secrets,
		streams: make(map[string]*bytes.Buffer), seen: make(map[string]bool), peers: make(map[string]string),
	}
	w.read([]byte(ts.ReadFile(traceFile)))
	w.files(begin)
	if found := w.found(); !slices.Equal(found, want) {
		ts.Fatalf("found %q, want %q; strace's lines of calls that move bytes:\n%s", found, want,
			bytes.Join(w.moves, nil))
	}
	for _, file := range []string{traceFile, traceOut, traceErr} {
		ts.Check(os.Remove(ts.MkAbs(file)))
	}
}

// tracer collects what one command did.
type tracer struct {
	ts      *testscript.TestScript
	secrets *secrets
	streams map[string]*bytes.Buffer // the bytes written, by place
	seen    map[string]bool          // places that must be named even if they hold no secret
	moves   [][]byte                 // the lines of calls that move bytes that strace does not show
	peers   map[string]string        // the peers of connected sockets, by number
	names   []string                 // of files
	sockets bool                     // it made a socket
	served  []string                 // the addresses on which it listened
	started bool                     // the command itself has started
}

// read sorts the lines of strace.
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
			w.moves = append(w.moves, line)
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

// connect notes the peer of a socket.
func (w *tracer) connect(c call) {
	if len(c.texts) == 0 {
		return // netlink, or the end of a connection
	}
	if strings.HasSuffix(string(c.texts[0]), "/nscd/socket") {
		return // glibc looks for a cache of user names
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

var randomName = Pattern(`[A-Z2-7]{26}`)

// place returns the place that a descriptor leads to.
func (w *tracer) place(file string) string {
	file = strings.TrimSuffix(file, " (deleted)")
	switch {
	case file == w.ts.MkAbs(traceOut):
		return "stdout"
	case file == w.ts.MkAbs(traceErr):
		return "stderr"
	case strings.HasPrefix(file, "pipe:"):
		return "pipe"
	case strings.HasPrefix(file, "/"):
		if name, err := filepath.Rel(w.ts.Getenv("WORK"), file); err == nil && !strings.HasPrefix(name, "..") {
			file = name
		}
		return randomName().ReplaceAllString(file, "*")
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

// server returns the place of a connection: net for HOST, elsewhere for another server of this machine, or its address.
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

// files reads the files that the command named and that have changed, for bytes that no traced call wrote.
func (w *tracer) files(begin time.Time) {
	for _, name := range slices.Compact(slices.Sorted(slices.Values(w.names))) {
		path := w.ts.MkAbs(name)
		info, err := os.Lstat(path)
		place := w.place(path)
		if err != nil || !info.Mode().IsRegular() || info.ModTime().Before(begin) || w.streams[place] != nil {
			continue
		}
		if text, err := os.ReadFile(path); err == nil {
			w.write(place, text)
		}
	}
}

// found returns the places that must be named, with their secrets.
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
		w.seen["a socket"] = true // it was made, but never connected
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

// bus reads the messages that were sent to the session bus: only the keyring may get secrets.
func (w *tracer) bus(stream []byte) {
	const begin = "BEGIN\r\n" // the last line of the handshake
	handshake, rest, ok := bytes.Cut(stream, []byte(begin))
	if len(w.secrets.find(handshake)) > 0 {
		w.seen["handshake of the bus"] = true
	}
	if !ok {
		return // the handshake was not finished
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
