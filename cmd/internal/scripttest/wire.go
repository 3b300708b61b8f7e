package scripttest

import (
	"bytes"
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

func (e *endpointServer) Addr() net.Addr { return e.listener.Addr() }

func (e *endpointServer) Close() error { return nil }
