package redirects

import (
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// The credentials that clients are given. They are good for nothing.
const (
	Token = "redirects-token-0123456789abcdefghij"
	Key   = "redirects-api-key-0123456789abcdef"

	netrcPassword = "redirects-netrc-password" //nolint:gosec // as above
)

// Case is where a redirect leads.
type Case string

// The cases. In each one the place that the redirect leads to redirects once more, to itself: clients have lost track
// of the first place then.
const (
	Origin Case = "origin" // the same host and port
	Port   Case = "port"   // another port of the same host
	Host   Case = "host"   // another host, the same port
)

// Netrc is no redirect: the user's ~/.netrc has a password for every host.
const Netrc Case = "netrc"

// Cases are all of them.
var Cases = []Case{Origin, Port, Host}

// lastHop is the hop that is answered with 200.
const lastHop = 2

// hit is a request that reached a server.
type hit struct {
	hop        int
	token, key bool
	password   bool // the one of ~/.netrc
}

// server is three places on this machine. It notes what each request brings.
type server struct {
	listeners []net.Listener
	places    map[Case]string // where hop 1 of a case is: scheme, host and port

	mu   sync.Mutex
	hits map[string][]hit // by run and case
}

// newServer starts the server. Until close is called it serves 127.0.0.1 and localhost with one port, and 127.0.0.1
// with another one.
func newServer() (*server, error) {
	s := &server{hits: map[string][]hit{}}
	var ports []string
	for range 2 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			s.close()
			return nil, err
		}
		s.listeners = append(s.listeners, l)
		_, port, err := net.SplitHostPort(l.Addr().String())
		if err != nil {
			s.close()
			return nil, err
		}
		ports = append(ports, port)
	}
	// A client may look for localhost at ::1 first.
	if l, err := net.Listen("tcp", net.JoinHostPort("::1", ports[0])); err == nil {
		s.listeners = append(s.listeners, l)
	}
	s.places = map[Case]string{
		Origin: "http://127.0.0.1:" + ports[0],
		Port:   "http://127.0.0.1:" + ports[1],
		Host:   "http://localhost:" + ports[0],
		Netrc:  "http://127.0.0.1:" + ports[0],
	}
	for _, l := range s.listeners {
		go func() { _ = http.Serve(l, http.HandlerFunc(s.answer)) }() //nolint:gosec // for one test
	}
	return s, nil
}

func (s *server) close() {
	for _, l := range s.listeners {
		_ = l.Close()
	}
}

// url returns the address at which a run of a client begins.
func (s *server) url(run string, c Case) string {
	hop := 0
	if c == Netrc {
		hop = lastHop
	}
	return fmt.Sprintf("%s/%s/%s/%d", s.places[Origin], run, c, hop)
}

// answer notes a request to /RUN/CASE/HOP, and sends the client to the next hop. What follows in the path and the query
// stays: git needs that.
func (s *server) answer(w http.ResponseWriter, r *http.Request) {
	parts := strings.SplitN(strings.TrimPrefix(r.URL.Path, "/"), "/", 4)
	if len(parts) < 3 {
		http.NotFound(w, r)
		return
	}
	number, extension, _ := strings.Cut(parts[2], ".")
	hop, err := strconv.Atoi(number)
	place, known := s.places[Case(parts[1])]
	if err != nil || !known {
		http.NotFound(w, r)
		return
	}
	_, password, _ := r.BasicAuth()
	s.mu.Lock()
	run := parts[0] + "/" + parts[1]
	s.hits[run] = append(s.hits[run], hit{
		hop: hop, token: strings.Contains(r.Header.Get("Authorization"), Token), key: r.Header.Get("Apikey") == Key,
		password: password == netrcPassword,
	})
	s.mu.Unlock()
	first := hop == 0 || Case(parts[1]) == Netrc
	if first && r.Header.Get("Authorization") == "" { // a client may wait to be asked
		w.Header().Set("WWW-Authenticate", `Bearer realm="redirects"`)
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if hop == lastHop {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte("{}"))
		return
	}
	parts[2] = strconv.Itoa(hop + 1)
	if extension != "" {
		parts[2] += "." + extension
	}
	next := place + "/" + strings.Join(parts, "/")
	if r.URL.RawQuery != "" {
		next += "?" + r.URL.RawQuery
	}
	w.Header().Set("Location", next)
	w.WriteHeader(http.StatusFound)
}

// take returns the requests of a run.
func (s *server) take(run string, c Case) []hit {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hits[run+"/"+string(c)]
}
