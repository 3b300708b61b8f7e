package serve

import (
	"context"
	"crypto/subtle"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"

	"cgp-cred/keystore/peer"
	"cgp-cred/keystore/printable"
)

// ServeHTTP answers one request of a client.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	entry := &logged{ResponseWriter: w}
	path := "-" // what the log shows of a path that may hold a secret
	defer func() { s.log(r, path, entry) }()
	if no := s.refuse(r); no != nil {
		no.send(entry)
		return
	}
	h, public := s.find(r.URL)
	if h == nil {
		refusal(http.StatusNotFound, "nothing is here: use the whole address that cgp-cred serve printed").send(entry)
		return
	}
	path = public
	if no := s.foreign(r); no != nil {
		no.send(entry)
		return
	}
	h(entry, r)
}

// find returns the handler of a URL, and the path that the log shows. It is nil for a URL without this run's secret,
// except at the OAuth 2.0 endpoint, which asks for another one.
func (s *Server) find(u *url.URL) (h http.HandlerFunc, public string) {
	path := u.EscapedPath()
	if tokens := s.tokens.Handler(path); tokens != nil {
		return s.allowed(func(w http.ResponseWriter, r *http.Request) {
			s.protect(w.Header(), r)
			tokens(w, r)
		}), path
	}
	if s.opens(u.Path) {
		return s.enter, strings.TrimSuffix(openPath, "/")
	}
	if rest, ok := s.inside(path); ok {
		return s.allowed(func(w http.ResponseWriter, r *http.Request) { s.route(w, r, rest) }), shown(rest)
	}
	return nil, ""
}

// inside takes the random segment off an escaped path. It is false if the path has not the right one.
func (s *Server) inside(path string) (rest string, ok bool) {
	segment, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return "/" + rest, subtle.ConstantTimeCompare([]byte(segment), []byte(s.path)) == 1
}

// Paths below the random one that are not the API's. No API at APIM begins with an underscore.
const (
	blockPath = "/_/block/"
	pagesPath = "/_/"
)

// shown returns what the log shows of a path: not the random part of a block's, which is as good as the data.
func shown(rest string) string {
	if strings.HasPrefix(rest, blockPath) {
		return strings.TrimSuffix(blockPath, "/")
	}
	return rest
}

// route answers a request that may be answered.
func (s *Server) route(w http.ResponseWriter, r *http.Request, rest string) {
	switch {
	case strings.HasPrefix(rest, blockPath):
		s.block(w, r, strings.TrimPrefix(rest, blockPath))
	case strings.HasPrefix(rest, pagesPath) && s.pages != nil:
		s.page(w, r)
	case strings.HasPrefix(rest, pagesPath):
		refusal(http.StatusNotFound, "this server has no pages").send(w)
	default:
		s.pass(w, r, rest)
	}
}

// refuse returns why a request is not looked at, or nil: a form that only an attack has, a name of this machine that
// DNS could give away (DNS rebinding), or another user of this machine.
func (s *Server) refuse(r *http.Request) *answer {
	switch {
	case r.Method == http.MethodConnect, r.URL.Host != "", !strings.HasPrefix(r.RequestURI, "/"):
		return refusal(http.StatusBadRequest, "this is no forward proxy: put its address in place of the API's")
	case r.Method == http.MethodTrace, !slices.Contains(methods, r.Method):
		no := refusal(http.StatusMethodNotAllowed, "this method is not passed on")
		return no.with("Allow", strings.Join(methods, ", "))
	case r.Header.Get("Upgrade") != "":
		return refusal(http.StatusNotImplemented, "connections are not upgraded, to WebSockets or to anything else")
	case !s.named(r.Host):
		return refusal(http.StatusMisdirectedRequest, "call this server by the address that cgp-cred serve printed")
	}
	switch uid, known := whose(r); {
	case !known, uid == 0, uid == os.Getuid():
	case uid < 0:
		return refusal(statusGone, "the client went away").with("Connection", "close")
	default:
		s.tell("another user of this machine (uid " + strconv.Itoa(uid) + ") called the server, and got nothing")
		return refusal(http.StatusForbidden, "this server is another user's").with("Connection", "close")
	}
	return nil
}

// methods are those that are passed on. TRACE would show the credential.
var methods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
	http.MethodOptions,
}

// named reports whether a Host header names this server by a name that DNS can't give to another machine.
func (s *Server) named(host string) bool {
	name, ok := strings.CutSuffix(host, ":"+s.port)
	if !ok && s.port == "80" {
		name, ok = host, true
	}
	return ok && slices.Contains([]string{"127.0.0.1", "localhost", "[::1]"}, name)
}

// foreign returns the refusal of a request that a browser sends for a page of another origin, or nil. Browsers send
// Origin with each request that can change something or whose answer a page can read, and Sec-Fetch-Site with the
// others: images, scripts, frames, forms and links.
func (s *Server) foreign(r *http.Request) *answer {
	origins := r.Header.Values("Origin")
	site := r.Header.Get("Sec-Fetch-Site")
	switch {
	case len(origins) == 1 && (origins[0] == "http://"+r.Host || slices.Contains(s.o.Origins, origins[0])):
		return nil
	case len(origins) > 0:
		s.tell("a page of " + printable.Quote(origins[0]) + " was refused: to allow it, start again with --origin " +
			printable.Shell(origins[0]))
		return refusal(http.StatusForbidden, "pages of this origin may not use the server: see cgp-cred serve --origin")
	case site != "" && site != "none" && site != "same-origin":
		return refusal(http.StatusForbidden, "a page of another origin sent this request")
	}
	return nil
}

// connectionKey is the key of a request's connection in its context.
type connectionKey struct{}

// withConnection does not ask yet: connections are accepted one after the other.
func withConnection(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connectionKey{}, sync.OnceValue(func() owner { return ownerOf(c) }))
}

// owner is the user at the other end of a connection.
type owner struct {
	uid   int
	known bool
}

func ownerOf(c net.Conn) owner {
	from, ok := c.RemoteAddr().(*net.TCPAddr)
	to, ok2 := c.LocalAddr().(*net.TCPAddr)
	if !ok || !ok2 {
		return owner{}
	}
	uid, known := peer.Client(from.AddrPort(), to.AddrPort())
	return owner{uid, known}
}

// whose returns the user who sent a request, if the system tells.
func whose(r *http.Request) (uid int, known bool) {
	ask, ok := r.Context().Value(connectionKey{}).(func() owner)
	if !ok {
		return 0, false
	}
	o := ask()
	return o.uid, o.known
}
