package serve

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"

	"cgp-cred/helper/apim"
	"cgp-cred/helper/profile"
	"cgp-cred/helper/source"
)

// prepare makes what passes requests on.
func (s *Server) prepare() error {
	transport, err := apim.NewTransport(s.o.Roots...)
	if err != nil {
		return err //nolint:wrapcheck // it names the file
	}
	s.base = &watched{
		base: transport, quiet: s.o.Quiet, about: apim.Subject{Profile: s.o.Profile.Name, Host: s.o.Profile.Host},
		broke: func(err error) { s.tell("an answer was cut short: " + err.Error()) },
	}
	own := &source.Transport{Source: s.o.Source, Base: s.base}
	s.forward = s.proxy(own, s.returned)
	s.forwardBlock = s.proxy(own, s.blockReturned)
	s.plain = s.proxy(s.base, s.blockReturned)
	return nil
}

// target is where a request goes, in its context. ReverseProxy changes the request that its functions get.
type target struct {
	url    *url.URL
	header http.Header   // instead of the client's headers; nil: the client's
	block  *block        // nil: it is the client's own request
	how    *http.Request // the client's request
}

type targetKey struct{}

// proxy returns a reverse proxy that sends a request to its target, and changes the answer by change.
func (s *Server) proxy(transport http.RoundTripper, change func(*http.Response, *target) error) http.Handler {
	of := func(ctx context.Context) *target {
		t, _ := ctx.Value(targetKey{}).(*target)
		return t
	}
	return &httputil.ReverseProxy{
		Transport:  transport,
		BufferPool: &buffers,
		ErrorLog:   log.New(io.Discard, "", 0), // the client and the user are told by fail, and by watched
		Rewrite: func(r *httputil.ProxyRequest) {
			t := of(r.In.Context())
			r.Out = r.Out.WithContext(context.WithValue(r.In.Context(), plainContext{}, r.In.Context()))
			r.Out.URL, r.Out.Host = t.url, t.url.Host
			r.Out.Trailer = nil
			if t.header != nil {
				r.Out.Header = t.header
			} else {
				sendable(r.Out.Header)
			}
		},
		ModifyResponse: func(res *http.Response) error {
			t := of(res.Request.Context())
			withoutHeaders(res.Header, notReturned, notReturnedPrefixes)
			if err := change(res, t); err != nil {
				return &apiError{err: err}
			}
			s.protect(res.Header, t.how)
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) { s.fail(w, of(r.Context()).how, err) },
	}
}

// sendable takes out of a client's headers what the API must not get. Compressed answers are asked for only in the one
// form that can be read here.
func sendable(h http.Header) {
	accepted := strings.ToLower(strings.Join(h.Values("Accept-Encoding"), ","))
	gzip := strings.Contains(accepted, "gzip") && !strings.Contains(accepted, "gzip;q=0")
	withoutHeaders(h, notSent, notSentPrefixes)
	h.Set("Accept-Encoding", "identity")
	if gzip && h.Get("Range") == "" {
		h.Set("Accept-Encoding", "gzip")
	}
}

// buffers are those of all requests under way, so that their number bounds the memory.
var buffers bufferPool

type bufferPool struct{ pool sync.Pool }

const bufferSize = 32 << 10

// Get returns a buffer for httputil.ReverseProxy.
func (p *bufferPool) Get() []byte {
	if b, ok := p.pool.Get().(*[bufferSize]byte); ok {
		return b[:]
	}
	return make([]byte, bufferSize)
}

// Put takes a buffer back.
func (p *bufferPool) Put(b []byte) { p.pool.Put((*[bufferSize]byte)(b)) }

// pass sends a client's request to the API.
func (s *Server) pass(w http.ResponseWriter, r *http.Request, rest string) {
	u, err := url.Parse(s.api + rest)
	if err != nil || !s.o.Profile.Covers(u) {
		refusal(http.StatusForbidden, s.uncovered()).send(w)
		return
	}
	u.RawQuery, u.ForceQuery = r.URL.RawQuery, r.URL.ForceQuery
	if err := repeatable(r); err != nil {
		refusal(http.StatusBadRequest, "the request's body broke off").send(w)
		return
	}
	ctx := context.WithValue(r.Context(), targetKey{}, &target{url: u, how: r})
	s.forward.ServeHTTP(w, r.WithContext(ctx))
}

// uncovered says what the profile covers.
func (s *Server) uncovered() string {
	if s.o.Profile.APIName == "" {
		return "a path with . or .. or an encoded dot is not passed on: another server could read it differently"
	}
	return "profile " + s.o.Profile.Name + " covers only /" + s.o.Profile.APIName +
		", and no path with . or .. or an encoded dot"
}

// maxRepeated is the size of a body that is kept so that a request can be sent again after a 401.
const maxRepeated = 1 << 20

// repeatable reads a small body into memory. A larger one, or one of unknown size, goes through as it comes.
func repeatable(r *http.Request) error {
	if r.ContentLength <= 0 || r.ContentLength > maxRepeated {
		return nil
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return fmt.Errorf("reading a body: %w", err)
	}
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	r.Body, _ = r.GetBody()
	return nil
}

// returned changes an answer of the API for the client.
func (s *Server) returned(res *http.Response, t *target) error {
	s.mention(res.StatusCode)
	s.relocate(res, t)
	return s.rewrite(res, t)
}

// mention tells the user about an answer that means that something is wrong.
func (s *Server) mention(status int) {
	switch {
	case status == http.StatusUnauthorized && s.o.Profile.Auth == profile.JWT:
		s.tell("the API answered 401, also with a new token or to a request that can't be repeated: cgp-cred doctor " +
			s.o.Profile.Name)
	case status == http.StatusUnauthorized:
		s.tell("the API answered 401: it does not accept the credential: cgp-cred doctor " + s.o.Profile.Name)
	case status == http.StatusForbidden:
		s.tell("the API answered 403: the application may not do this, or is not subscribed to the API")
	case status == http.StatusTooManyRequests:
		s.tell("the API answered 429: too many requests; the client has to wait")
	case status >= http.StatusInternalServerError:
		s.tell(fmt.Sprintf("the API answered %d", status))
	}
}

// relocate makes a redirect lead through this server: to the API with the credential, and elsewhere without.
func (s *Server) relocate(res *http.Response, t *target) {
	location := res.Header.Get("Location")
	if location == "" {
		return
	}
	u, err := t.url.Parse(location)
	switch {
	case err != nil:
	case s.o.Profile.Covers(u):
		res.Header.Set("Location", s.local(u, t.how))
	case reads(t.how.Method) && res.StatusCode >= 300 && res.StatusCode < 400:
		if through, ok := s.through(s.blocks.ticket(u), u, nil, t.how); ok {
			res.Header.Set("Location", through)
		}
	}
}

func reads(method string) bool { return method == http.MethodGet || method == http.MethodHead }

// local returns the address at this server of a URL that the profile covers.
func (s *Server) local(u *url.URL, how *http.Request) string {
	out := *u
	out.Scheme, out.Host, out.User = "", "", nil
	return "http://" + how.Host + "/" + s.path + out.String()
}
