package serve

import (
	"crypto/rand"
	"crypto/subtle"
	"net/http"
	"strings"
	"sync"
)

// openPath begins the path that works once.
const openPath = "/_/open/"

// once is a path that leads to a page, one time. A browser is started with it: other users can see the command line,
// and on some systems the server can't tell whose request it is.
type once struct {
	mu   sync.Mutex
	id   string // empty: none was made
	page string
	used bool
}

// Once returns an address that leads to a page below [Server.Pages], one time.
func (s *Server) Once(page string) string {
	s.opening.mu.Lock()
	defer s.opening.mu.Unlock()
	s.opening.id, s.opening.page, s.opening.used = rand.Text(), page, false
	return s.root() + openPath + s.opening.id
}

// Pages returns the address of the server's own pages, without a slash at its end.
func (s *Server) Pages() string { return s.root() + "/" + s.path + strings.TrimSuffix(pagesPath, "/") }

// opens reports whether a path is the one that works once, also after that.
func (s *Server) opens(path string) bool {
	id, ok := strings.CutPrefix(path, openPath)
	s.opening.mu.Lock()
	defer s.opening.mu.Unlock()
	return ok && s.opening.id != "" && subtle.ConstantTimeCompare([]byte(id), []byte(s.opening.id)) == 1
}

// enter answers a request for the path that works once.
func (s *Server) enter(w http.ResponseWriter, r *http.Request) {
	s.opening.mu.Lock()
	defer s.opening.mu.Unlock()
	o := &s.opening
	if o.used || r.Method != http.MethodGet {
		s.tell("the address that opens the page was used a second time, and led nowhere: if your browser shows " +
			"no page, another user may have it; end the server and start it again")
		refusal(http.StatusGone, "this address works once: use the one that cgp-cred serve printed").send(w)
		return
	}
	o.used = true
	s.protect(w.Header(), r)
	w.Header().Set("Location", "http://"+r.Host+"/"+s.path+pagesPath+o.page)
	w.WriteHeader(http.StatusFound)
}

// page answers with one of the server's own pages. They are of this origin, so they may run scripts.
func (s *Server) page(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Security-Policy", "frame-ancestors 'none'")
	s.protect(w.Header(), r)
	inner := r.Clone(r.Context())
	inner.URL.Path, inner.URL.RawPath = strings.TrimPrefix(r.URL.Path, "/"+s.path), ""
	s.pages.ServeHTTP(w, inner)
}
