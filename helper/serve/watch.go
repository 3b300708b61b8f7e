package serve

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"cgp-cred/helper/apim"
	"cgp-cred/keystore/fault"
)

// apiError reports a request that the API did not answer whole, or not so that it can be passed on.
type apiError struct {
	err  error
	late bool // it was too slow
}

func (e *apiError) Error() string           { return e.err.Error() }
func (e *apiError) Unwrap() error           { return e.err }
func (e *apiError) FaultClass() fault.Class { return fault.ClassOf(e.err) }
func (e *apiError) FaultHints() []string    { return fault.HintsOf(e.err) }

// errQuiet is the cause of a request's end if the API was silent for too long.
var errQuiet = context.DeadlineExceeded

// watched is a transport that gives up a request when the API has sent nothing, or taken nothing, for a time. The time
// that the client needs to read or to send does not count.
type watched struct {
	base  http.RoundTripper
	quiet time.Duration
	about apim.Subject
	broke func(err error) // told about an answer that broke off
}

// plainContext is the key of a request's context as it was before httputil.ReverseProxy traced it: it would hand out
// informational answers (1xx) with all their headers.
type plainContext struct{}

// RoundTrip sends one request. Its errors are *apiError, or the context's.
func (t *watched) RoundTrip(r *http.Request) (*http.Response, error) {
	outer := r.Context()
	if plain, ok := outer.Value(plainContext{}).(context.Context); ok {
		outer = plain
	}
	ctx, cancel := context.WithCancelCause(outer)
	w := &watch{timer: time.AfterFunc(t.quiet, func() { cancel(errQuiet) }), quiet: t.quiet, stop: cancel}
	sent := r.WithContext(ctx)
	if r.Body != nil && r.Body != http.NoBody {
		sent.Body = &sending{ReadCloser: r.Body, watch: w}
	}
	res, err := t.base.RoundTrip(sent)
	if err != nil {
		err = t.explain(ctx, r, err)
		w.end()
		return nil, err
	}
	w.timer.Stop()
	for _, secret := range secretsIn(r.Header) { // a server may have copied it
		withoutSecret(res.Header, secret)
	}
	whole := *res // without the trailers that net/http adds to its own one at the end
	whole.Trailer = nil
	whole.Body = &receiving{
		ReadCloser: res.Body, watch: w, explain: func(err error) error { return t.explain(ctx, r, err) },
		broke: t.broke,
	}
	return &whole, nil
}

// explain returns the error of a request that failed because of err.
func (t *watched) explain(ctx context.Context, r *http.Request, err error) error {
	late := errors.Is(context.Cause(ctx), errQuiet)
	if late {
		err = errQuiet
	} else if ctx.Err() != nil {
		return ctx.Err()
	}
	failure := apim.Failure(r.URL.Scheme+"://"+r.URL.Host, t.about, err)
	return &apiError{err: failure, late: late || failure.Class == fault.Temporary}
}

// watch ends a request when its timer fires.
type watch struct {
	timer *time.Timer
	quiet time.Duration
	stop  context.CancelCauseFunc
}

func (w *watch) end() {
	w.timer.Stop()
	w.stop(nil)
}

// sending is the body of a request. While it waits for the client, the API's time does not run.
type sending struct {
	io.ReadCloser
	watch *watch
}

func (b *sending) Read(p []byte) (int, error) {
	b.watch.timer.Stop()
	n, err := b.ReadCloser.Read(p)
	b.watch.timer.Reset(b.watch.quiet)
	return n, err //nolint:wrapcheck // io.EOF must stay itself
}

// receiving is the body of an answer. The API's time runs while more of it is awaited.
type receiving struct {
	io.ReadCloser
	watch   *watch
	explain func(error) error
	broke   func(error)
}

func (b *receiving) Read(p []byte) (int, error) {
	b.watch.timer.Reset(b.watch.quiet)
	n, err := b.ReadCloser.Read(p)
	b.watch.timer.Stop()
	if err == nil || err == io.EOF { //nolint:errorlint // as io.Reader demands
		return n, err //nolint:wrapcheck // io.EOF must stay itself
	}
	err = b.explain(err)
	if !errors.Is(err, context.Canceled) {
		b.broke(err)
	}
	return n, err
}

func (b *receiving) Close() error {
	defer b.watch.end()
	return b.ReadCloser.Close() //nolint:wrapcheck // the caller is net/http
}
