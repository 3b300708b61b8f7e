package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"cgp-cred/helper/simulator"
)

// port is one on which something else than a healthy token endpoint may be.
type port struct {
	listener net.Listener
	jwks     string
	ca       *authority

	mu          sync.Mutex
	kinds       []string                   // how the next connections go, the last one for all that follow
	endpoints   map[string]*endpointServer // by their faults
	connections int
	received    []request
}

// request is what a token endpoint of the wire got.
type request struct{ proto, assertion string }

// setWire: wire KIND... says how the next connections to $WIRE go, the last KIND for all that follow. A KIND is one of the
// words below, or layers of them with colons between: connect:tls:apim is a proxy, then TLS, then a token endpoint. Its
// keys are in jwks.json, and the certification authority of its certificates in $WIRE_CA. "wire closed" is for good: nobody
// listens there.
func setWire(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: wire KIND...")
	}
	u := of(ts)
	if u.port == nil {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		ts.Check(err)
		ts.Defer(func() { _ = l.Close() })
		u.port = &port{listener: l, jwks: ts.MkAbs("jwks.json"), ca: newAuthority(ts)}
		go u.port.serve()
		ts.Setenv("WIRE", l.Addr().String())
		ts.Setenv("WIREPORT", strings.TrimPrefix(l.Addr().String(), "127.0.0.1:"))
		ts.Setenv("WIRE_CA", ts.MkAbs("ca.pem"))
		ts.Check(os.WriteFile(ts.MkAbs("ca.pem"), u.port.ca.pem, 0o600))
	}
	if args[0] == "closed" {
		ts.Check(u.port.listener.Close())
		return
	}
	for _, kind := range args {
		if problem := checkKind(kind); problem != "" {
			ts.Fatalf("wire %s: %s", kind, problem)
		}
	}
	u.port.set(args...)
}

// set forgets what was, and says how the next connections go.
func (p *port) set(kinds ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.kinds, p.connections, p.received, p.endpoints = kinds, 0, nil, make(map[string]*endpointServer)
}

func (p *port) seen() (connections int, received []request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.connections, slices.Clone(p.received)
}

func (p *port) serve() {
	for {
		c, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.mu.Lock()
		kind := p.kinds[0]
		if len(p.kinds) > 1 {
			p.kinds = p.kinds[1:]
		}
		p.connections++
		p.mu.Unlock()
		go p.meet(c, kind)
	}
}

// ends are the layers that end a connection in a way of their own, once a request has come. They get its body, and what
// follows their name.
var ends = map[string]func(c net.Conn, body, rest string){
	"hangup": func(net.Conn, string, string) {},
	"reset": func(c net.Conn, _, _ string) {
		if t, ok := c.(*net.TCPConn); ok {
			_ = t.SetLinger(0)
		}
	},
	"chatty": func(c net.Conn, _, _ string) { // an answer, and what nobody asked for
		say(c, "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n::add-mask::x\r\n")
		_, _ = read(c)
	},
	"garbage": func(c net.Conn, _, _ string) { say(c, "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n") },
	"echo":    func(c net.Conn, body, _ string) { say(c, strings.TrimPrefix(body, "client_assertion=")+"\r\n") },
	"half": func(c net.Conn, _, _ string) {
		say(c, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 120\r\n\r\n{\"access_token\":\"half")
	},
	"drip": func(c net.Conn, _, _ string) {
		sayOn(c, "HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n", " ", 20*time.Millisecond)
	},
	"dripheaders": func(c net.Conn, _, _ string) { sayOn(c, "HTTP/1.1 200 OK\r\nX: ", "x", 20*time.Millisecond) },
	"endless":     func(c net.Conn, _, _ string) { sayOn(c, "HTTP/1.1 200 OK\r\n\r\n", strings.Repeat("x", 1<<16), 0) },
	"headers": func(c net.Conn, _, _ string) {
		sayOn(c, "HTTP/1.1 200 OK\r\n", "X: "+strings.Repeat("x", 1<<12)+"\r\n", 0)
	},
	"answer": func(c net.Conn, _, rest string) { // STATUS[:HEADER: VALUE]
		status, header, _ := strings.Cut(rest, ":")
		if header != "" {
			header += "\r\n"
		}
		say(c, "HTTP/1.1 "+status+" Whatever\r\nContent-Length: 0\r\n"+header+"\r\n")
	},
}

// checkKind says what is wrong with a KIND.
func checkKind(kind string) string {
	layer, rest, _ := strings.Cut(kind, ":")
	_, isEnd := ends[layer]
	_, isCertificate := certificates[layer]
	switch {
	case layer == "connect", isCertificate:
		return checkKind(rest)
	case layer == "apim":
		if _, err := parseFaults(rest); err != nil {
			return err.Error()
		}
	case !isEnd && layer != "silence" && layer != "goaway":
		return "there is no such layer"
	}
	return ""
}

// parseFaults reads the simulator's faults, with a + between.
func parseFaults(text string) (all []simulator.Fault, err error) {
	for name := range strings.SplitSeq(text, "+") {
		if name == "" {
			continue
		}
		f, err := simulator.ParseFault(name)
		if err != nil {
			return nil, err
		}
		all = append(all, f)
	}
	return all, nil
}

// meet goes through the layers of a connection. Whoever has it last closes it.
func (p *port) meet(c net.Conn, kind string) {
	layer, rest, _ := strings.Cut(kind, ":")
	if layer == "apim" {
		p.endpoint(rest).conns <- c
		return
	}
	if _, ok := certificates[layer]; ok {
		if c := tls.Server(c, p.ca.config(layer)); c.Handshake() == nil {
			p.meet(c, rest)
			return
		}
	}
	if layer == "connect" {
		if _, err := read(c); err == nil {
			say(c, "HTTP/1.1 200 Connection established\r\n\r\n")
			p.meet(c, rest)
			return
		}
	}
	defer func() { _ = c.Close() }()
	switch layer {
	case "silence":
		_, _ = io.Copy(io.Discard, c)
		return
	case "goaway":
		goAway(c)
		return
	}
	if text, err := read(c); err == nil {
		ends[layer](c, text, rest)
	}
}

// goAway speaks HTTP/2 up to the request's body, and then says that it has taken no stream: frames of settings and of that
// (RFC 9113 sections 6.5 and 6.8).
func goAway(c net.Conn) {
	say(c, "\x00\x00\x00\x04\x00\x00\x00\x00\x00")
	var heard []byte
	b := make([]byte, 4096)
	for !bytes.Contains(heard, []byte("client_assertion")) {
		n, err := c.Read(b)
		if err != nil {
			return
		}
		heard = append(heard, b[:n]...)
	}
	say(c, "\x00\x00\x08\x07\x00\x00\x00\x00\x00"+"\x00\x00\x00\x00\x00\x00\x00\x00")
	_, _ = io.Copy(io.Discard, c)
}

// read takes one request, and returns its body. The beginning of TLS is one, too.
func read(c net.Conn) (string, error) {
	in := bufio.NewReader(c)
	const handshake = 22
	if first, err := in.Peek(1); err != nil || first[0] == handshake {
		_, _ = in.Discard(in.Buffered())
		return "", err
	}
	r, err := http.ReadRequest(in)
	if err != nil {
		return "", err
	}
	body, err := io.ReadAll(r.Body)
	return string(body), err
}

func say(c net.Conn, text string) { _, _ = io.WriteString(c, text) }

// sayOn says something, and then something else until the other side has gone.
func sayOn(c net.Conn, first, then string, pause time.Duration) {
	_, err := io.WriteString(c, first)
	for err == nil {
		_, err = io.WriteString(c, then)
		time.Sleep(pause)
	}
}

// endpoint is the token endpoint with faults, or without one.
func (p *port) endpoint(faults string) *endpointServer {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e := p.endpoints[faults]; e != nil {
		return e
	}
	config := simulator.Config{JWKS: func() ([]byte, error) { return os.ReadFile(p.jwks) }}
	config.Faults, _ = parseFaults(faults) // it was looked at
	e := &endpointServer{conns: make(chan net.Conn), listener: p.listener}
	p.endpoints[faults] = e
	sim := simulator.New(config)
	server := http.Server{
		ErrorLog: log.New(io.Discard, "", 0), ReadHeaderTimeout: time.Minute,
		Handler: http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			form, _ := url.ParseQuery(string(body))
			p.mu.Lock()
			p.received = append(p.received, request{r.Proto, form.Get("client_assertion")})
			p.mu.Unlock()
			r.Body = io.NopCloser(bytes.NewReader(body))
			sim.ServeHTTP(out, r)
		}),
	}
	go func() { _ = server.Serve(e) }() // as long as the test runs
	return e
}

// endpointServer is a listener whose connections have come through other layers.
type endpointServer struct {
	conns    chan net.Conn
	listener net.Listener
}

func (e *endpointServer) Accept() (net.Conn, error) { return <-e.conns, nil }
func (e *endpointServer) Addr() net.Addr            { return e.listener.Addr() }
func (e *endpointServer) Close() error              { return nil }

// assertions N CONNECTIONS PROTO holds what came to the token endpoint of the wire: so many assertions by that protocol, no
// two with the same jti or signature, over so many connections.
func assertions(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: assertions-sent N CONNECTIONS PROTO")
	}
	connections, received := of(ts).port.seen()
	var jtis, signatures []string
	for _, r := range received {
		part := strings.Split(r.assertion, ".")
		if len(part) != 3 || r.proto != args[2] {
			ts.Fatalf("a request by %s, with an assertion of %d parts", r.proto, len(part))
		}
		jtis, signatures = append(jtis, jtiOf(ts, part[1])), append(signatures, part[2])
	}
	slices.Sort(jtis)
	slices.Sort(signatures)
	if got := fmt.Sprint(len(received), connections); got != args[0]+" "+args[1] {
		ts.Fatalf("%s assertions and connections, want %s %s", got, args[0], args[1])
	}
	if len(slices.Compact(jtis)) != len(received) || len(slices.Compact(signatures)) != len(received) {
		ts.Fatalf("an assertion was sent again: %q", jtis)
	}
}
