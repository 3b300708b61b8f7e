package simulator

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// content is a file that an answer sends from disk, as a whole or a range of it.
type content struct {
	file     file
	size     int64
	modified time.Time
	noRange  func() answer // replaces the answer to a range that the file does not have; nil: Go's own
}

// stream sends a file. It never reads more of it into memory than a buffer's worth.
func (s *Simulator) stream(w http.ResponseWriter, r *http.Request, a answer, p faults) {
	r = r.Clone(r.Context())
	switch span := r.Header.Get("Range"); {
	case !oneRange(span):
		r.Header.Del("Range") // the servers that this one stands for then send the whole file
	case strings.Trim(span, "bytes=-0") == "" && strings.HasPrefix(span, "bytes=-"): // the last zero bytes
		r.Header.Set("Range", "bytes="+strconv.FormatInt(a.content.size, 10)+"-") // which Go refuses
	}
	t := &transfer{ResponseWriter: w, answer: &a, faults: p, of: r.Context()}
	t.log = func(status int, problem string) { s.log(r, strconv.Itoa(status), problem) }
	http.ServeContent(t, r, "", a.content.modified, a.content.file)
}

// oneRange reports whether a Range header asks for one range of bytes in the right form. A last byte before the first
// is not in the right form.
func oneRange(header string) bool {
	span, ok := strings.CutPrefix(header, "bytes=")
	if !ok {
		return false
	}
	first, last, ok := strings.Cut(span, "-")
	if !ok || first == "" && last == "" || first+last != "" && !isDigits(first+last) {
		return false
	}
	from, err := strconv.ParseInt(first, 10, 64)
	if first != "" && err != nil {
		return false
	}
	to, err := strconv.ParseInt(last, 10, 64)
	if last != "" && err != nil {
		return false
	}
	return first == "" || last == "" || from <= to
}

// transfer is the way of a file to the client, with the faults that apply to it.
type transfer struct {
	http.ResponseWriter
	answer *answer
	faults faults
	of     context.Context
	log    func(status int, problem string)
	size   int64 // what the answer promises
	left   int64 // what is sent before a truncated answer ends
	mute   bool  // the body was replaced
}

func (t *transfer) WriteHeader(status int) {
	h := t.Header()
	if status == http.StatusRequestedRangeNotSatisfiable && t.answer.content.noRange != nil {
		t.replace(status)
		return
	}
	t.size, _ = strconv.ParseInt(h.Get("Content-Length"), 10, 64)
	if t.left = t.size; t.faults.truncate {
		t.left = t.size / 2
		t.answer.problem = "truncated"
	}
	t.log(status, t.answer.problem)
	t.ResponseWriter.WriteHeader(status)
}

// replace sends another body, and drops what comes after it.
func (t *transfer) replace(status int) {
	a := t.answer.content.noRange()
	h := t.Header()
	h.Del("Etag")
	h.Del("Last-Modified")
	h.Del("X-Content-Type-Options")
	for _, nv := range a.headers {
		h.Set(nv[0], nv[1])
	}
	h.Set("Content-Length", strconv.Itoa(len(a.body)))
	t.log(status, a.problem)
	t.ResponseWriter.WriteHeader(status)
	_, _ = t.ResponseWriter.Write(a.body) // a client that has gone needs no answer
	t.mute = true
}

func (t *transfer) Write(b []byte) (int, error) {
	n, err := t.ReadFrom(bytes.NewReader(b))
	return int(n), err
}

// ReadFrom sends what a reader has. Without a fault it is left to the connection, which the kernel may fill by itself.
func (t *transfer) ReadFrom(r io.Reader) (int64, error) {
	if t.mute {
		return io.Copy(io.Discard, r)
	}
	if !t.faults.truncate && t.faults.drip <= 0 {
		return io.Copy(t.ResponseWriter, r)
	}
	rc := http.NewResponseController(t.ResponseWriter)
	step := max(1, t.size/256)
	var sent int64
	for {
		n, err := io.CopyN(t.ResponseWriter, r, min(step, t.left))
		sent += n
		t.left -= n
		if t.faults.truncate && t.left == 0 {
			_ = rc.Flush()
			panic(http.ErrAbortHandler) // closes the connection before the promised length
		}
		if err != nil || n == 0 {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return sent, err
		}
		_ = rc.Flush()
		if !sleep(t.of, t.faults.drip*time.Duration(n)/time.Duration(max(1, t.size))) {
			panic(http.ErrAbortHandler)
		}
	}
}

func (t *transfer) Unwrap() http.ResponseWriter { return t.ResponseWriter }
