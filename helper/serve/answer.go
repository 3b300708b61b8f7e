package serve

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"cgp-cred/helper"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/printable"
)

// answer is an answer of the server's own: one line of text, and hints.
type answer struct {
	status int
	text   string
	header [][2]string
}

func refusal(status int, text string) *answer { return &answer{status: status, text: text} }

// with adds a header.
func (a *answer) with(name, value string) *answer {
	a.header = append(a.header, [2]string{name, value})
	return a
}

func (a *answer) send(w http.ResponseWriter) {
	h := w.Header()
	for _, one := range a.header {
		h.Set(one[0], one[1])
	}
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	h.Set("Proxy-Status", "cgp-cred") // RFC 9209: the answer is not the API's
	w.WriteHeader(a.status)
	fmt.Fprintln(w, "cgp-cred:", printable.Line(a.text))
}

// statusGone is the status of a client that has gone away. Only the log sees it.
const statusGone = 499

// failure returns the answer to a client whose request could not be passed on: 504 for what was too slow, 503 for a
// credential that can't be had, 502 for the rest.
func failure(err error) *answer {
	status := http.StatusServiceUnavailable
	var broken *apiError
	switch {
	case errors.As(err, &broken) && broken.late:
		status = http.StatusGatewayTimeout
	case errors.As(err, &broken):
		status = http.StatusBadGateway
	}
	a := refusal(status, fault.OneLine(err))
	if status == http.StatusServiceUnavailable && fault.ClassOf(err) == fault.Temporary {
		a.with("Retry-After", "5")
	}
	return a
}

// fail answers a request that could not be passed on, and tells the user why. A client that has gone away gets nothing.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil && errors.Is(err, context.Canceled) {
		refusal(statusGone, "the client went away").send(w)
		return
	}
	s.tell(fault.OneLine(err))
	a := failure(err)
	s.protect(w.Header(), r)
	a.send(w)
}

// reminder keeps a line from being given again and again, when many requests fail for one reason.
type reminder struct {
	mu   sync.Mutex
	said map[string]time.Time
}

// Bounds of what is said again.
const (
	silence   = 30 * time.Second
	reminders = 100
)

// due reports whether a line was not given within the last half minute.
func (r *reminder) due(text string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if at, ok := r.said[text]; ok && helper.Age(at) < silence {
		return false
	}
	if r.said == nil || len(r.said) >= reminders {
		r.said = map[string]time.Time{}
	}
	r.said[text] = time.Now()
	return true
}

// logged notes an answer's status and size.
type logged struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (l *logged) WriteHeader(status int) {
	if l.status == 0 && status >= 200 {
		l.status = status
	}
	l.ResponseWriter.WriteHeader(status)
}

func (l *logged) Write(b []byte) (int, error) {
	if l.status == 0 {
		l.status = http.StatusOK
	}
	n, err := l.ResponseWriter.Write(b)
	l.bytes += int64(n)
	return n, err //nolint:wrapcheck // the caller is net/http
}

// Unwrap is for http.ResponseController.
func (l *logged) Unwrap() http.ResponseWriter { return l.ResponseWriter }

// log writes the line of a request.
func (s *Server) log(r *http.Request, path string, l *logged) {
	if s.o.Log == nil {
		return
	}
	method := r.Method
	if !slices.Contains(methods, method) {
		method = "-"
	}
	s.o.Log(strings.Join([]string{method, path, strconv.Itoa(l.status), strconv.FormatInt(l.bytes, 10)}, " "))
}
