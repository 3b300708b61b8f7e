package simulator

import (
	"context"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// deliver sends an answer, with the faults that apply to the request.
func (s *Simulator) deliver(w http.ResponseWriter, r *http.Request, a answer, p faults) {
	if a.content != nil {
		defer func() { _ = a.content.file.Close() }()
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{}) // an answer may take longer than a request
	if !sleep(r.Context(), p.delay) {
		a.problem = "ended while waiting"
		s.log(r, "-", a.problem)
		return
	}
	if p.reset {
		s.log(r, "-", a.problem)
		reset(w)
		return
	}
	if a.minted {
		s.minted.Add(1)
	}
	h := w.Header()
	for _, nv := range a.headers {
		h.Set(nv[0], nv[1])
	}
	h.Set("Date", s.config.Now().UTC().Format(http.TimeFormat))
	if a.content != nil {
		s.stream(w, r, a, p)
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(a.body)))
	body := a.body
	if p.truncate {
		body = body[:len(body)/2]
		a.problem = "truncated"
	}
	s.log(r, strconv.Itoa(a.status), a.problem)
	w.WriteHeader(a.status)
	drip(r.Context(), w, body, p.drip)
	if p.truncate {
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler) // closes the connection before the promised length
	}
}

// drip writes body one byte at a time, spread evenly over a duration.
func drip(ctx context.Context, w http.ResponseWriter, body []byte, over time.Duration) {
	if over <= 0 || len(body) == 0 {
		_, _ = w.Write(body) // a client that has gone needs no answer
		return
	}
	pause := over / time.Duration(len(body))
	rc := http.NewResponseController(w)
	for i := range body {
		if _, err := w.Write(body[i : i+1]); err != nil {
			return
		}
		_ = rc.Flush()
		if !sleep(ctx, pause) {
			panic(http.ErrAbortHandler)
		}
	}
}

// sleep waits, and returns false if ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// reset closes the connection with a TCP RST.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // without a hijack, close the connection
	}
	for below, ok := conn.(interface{ NetConn() net.Conn }); ok; below, ok = conn.(interface{ NetConn() net.Conn }) {
		conn = below.NetConn() // below TLS, which would send a close_notify alert
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // what is not sent is dropped, and closing sends the RST
	}
	_ = conn.Close()
}

// log writes a line for one request: the path without its query, with everything escaped.
func (s *Simulator) log(r *http.Request, status, problem string) {
	if s.config.Log == nil {
		return
	}
	line := r.Method + " " + r.URL.EscapedPath() + " " + status
	if problem != "" {
		line += " " + problem
	}
	s.logging.Lock()
	defer s.logging.Unlock()
	s.config.Log(printable(line))
}

// printable escapes what a terminal would not print, and cuts a text that is too long for a line.
func printable(s string) string {
	const most = 300
	if len(s) > most {
		s = s[:most] + "..."
	}
	q := strconv.QuoteToASCII(s)
	q = q[1 : len(q)-1]
	return strings.ReplaceAll(q, `\"`, `"`)
}
