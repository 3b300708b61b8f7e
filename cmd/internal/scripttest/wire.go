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

// port is a port whose connections may fail in many ways.
type port struct {
	listener net.Listener
	jwks     string
	ca       *authority

	mu          sync.Mutex
	kinds       []string                   // of the next connections; the last one is for all that follow
	endpoints   map[string]*endpointServer // by their faults
	connections int
	received    []request
}

// request is a request that reached the wire's token endpoint.
type request struct{ proto, assertion string }

// wire KIND... sets what happens to the next connections to $WIRE; the last KIND is for all that follow. A KIND is
// one of the layers of wirelayers.go, or several with colons between: connect:tls:apim is a proxy, then TLS, then a
// token endpoint. The endpoint's key set is jwks.json, and the authority of the certificates is in $WIRE_CA. "wire
// closed" closes the port, which can't be undone.
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

// set forgets earlier connections, and sets the kinds of the next ones.
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
		go p.handle(c, kind)
	}
}

// checkKind returns what is wrong with a KIND, or nothing.
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
		return "this layer is unknown"
	}
	return ""
}

// parseFaults parses faults of the simulator, with a + between.
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

// endpoint returns the token endpoint with these faults.
func (p *port) endpoint(faults string) *endpointServer {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e := p.endpoints[faults]; e != nil {
		return e
	}
	config := simulator.Config{JWKS: func() ([]byte, error) { return os.ReadFile(p.jwks) }}
	config.Faults, _ = parseFaults(faults) // checkKind has parsed them
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
	go func() { _ = server.Serve(e) }() // until the test ends
	return e
}

// endpointServer is a listener whose connections come from other layers.
type endpointServer struct {
	conns    chan net.Conn
	listener net.Listener
}

func (e *endpointServer) Accept() (net.Conn, error) { return <-e.conns, nil }

func (e *endpointServer) Addr() net.Addr { return e.listener.Addr() }

func (e *endpointServer) Close() error { return nil }
