package simulator

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// A client that calls a port of --tls by http would see its connection reset: the TLS server closes it while the
// request's body is still coming. So such a connection goes to a server of its own, which reads the request and says
// what is wrong.

// split is a port whose connections are of two kinds, told apart by their first byte.
type split struct {
	under  net.Listener
	config *tls.Config
	secure chan net.Conn
	plain  chan net.Conn
	failed chan error
	done   chan struct{}
	end    sync.Once
}

func newSplit(under net.Listener, config *tls.Config) *split {
	s := &split{
		under: under, config: config, secure: make(chan net.Conn), plain: make(chan net.Conn),
		failed: make(chan error), done: make(chan struct{}),
	}
	go s.accept()
	return s
}

func (s *split) accept() {
	for {
		conn, err := s.under.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			_ = s.Close()
			return
		case err != nil:
			select {
			case s.failed <- err: // the server waits before it accepts again
			case <-s.done:
				return
			}
		default:
			go s.sort(conn)
		}
	}
}

// sort hands a connection to the server that it is for.
func (s *split) sort(conn net.Conn) {
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	begun := &begunConn{Conn: conn}
	if _, err := io.ReadFull(conn, begun.first[:]); err != nil {
		_ = conn.Close()
		return
	}
	_ = conn.SetReadDeadline(time.Time{})
	const handshake = 22 // the first byte of a TLS record with a handshake in it
	to, ready := s.plain, net.Conn(begun)
	if begun.first[0] == handshake {
		to, ready = s.secure, tls.Server(begun, s.config)
	}
	select {
	case to <- ready:
	case <-s.done:
		_ = conn.Close()
	}
}

func (s *split) Close() error {
	var err error
	s.end.Do(func() {
		close(s.done)
		err = s.under.Close()
	})
	return err
}

func (s *split) Addr() net.Addr { return s.under.Addr() }

// Accept returns the next TLS connection.
func (s *split) Accept() (net.Conn, error) {
	select {
	case conn := <-s.secure:
		return conn, nil
	case err := <-s.failed:
		return nil, err
	case <-s.done:
		return nil, net.ErrClosed
	}
}

// plainListener is the part of a split port whose connections are not TLS.
type plainListener struct{ *split }

func (p plainListener) Accept() (net.Conn, error) {
	select {
	case conn := <-p.plain:
		return conn, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

// begunConn is a connection of which the first byte was read already.
type begunConn struct {
	net.Conn
	first [1]byte
	given bool
}

func (c *begunConn) Read(b []byte) (int, error) {
	if !c.given && len(b) > 0 {
		c.given = true
		b[0] = c.first[0]
		return 1, nil
	}
	return c.Conn.Read(b)
}

// NetConn returns the connection below.
func (c *begunConn) NetConn() net.Conn { return c.Conn }

// plainHTTP answers requests by http to a port of https.
type plainHTTP struct{ *Simulator }

func (p plainHTTP) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, io.LimitReader(r.Body, maxForm)) // so that the answer arrives
	const what = "This port speaks https, and the request came by http"
	a := page(http.StatusBadRequest, "text/plain; charset=utf-8", what+": call https://"+r.Host+"\n", what)
	if isToken(r.URL.EscapedPath()) {
		a = oauthError(http.StatusBadRequest, "invalid_request", what+": call https://"+r.Host)
	}
	a.header("Connection", "close")
	p.deliver(w, r, a, faults{})
}
