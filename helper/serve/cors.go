package serve

import (
	"net/http"
	"net/url"
	"strings"

	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/printable"
)

// ParseOrigin returns a web origin as browsers write it: https://viewer.example, or null for pages from files. Anything
// after the authority is an error, and so is * : every web page would be allowed.
func ParseOrigin(s string) (string, error) {
	const hint = "write it as https://viewer.example, http://localhost:3000, or null for a page from a file"
	bad := func(why string) (string, error) {
		return "", fault.New(fault.Usage, hint, "origin %s: %s", printable.Quote(s), why)
	}
	if s == "null" {
		return s, nil
	}
	u, err := url.Parse(s)
	switch {
	case s == "*":
		return bad("every web page would be allowed")
	case err != nil:
		return bad("it is not a URL")
	case u.Scheme != "https" && u.Scheme != "http" || u.Host == "":
		return bad("it must begin with https:// or http:// and name a host")
	case u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" || u.ForceQuery:
		return bad("an origin is only scheme, host and port")
	case strings.ContainsAny(s, "%*\\") || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
		return bad("it has a character that no origin has; write an international name in its xn-- form")
	}
	host := strings.ToLower(u.Host)
	host = strings.TrimSuffix(host, map[string]string{"https": ":443", "http": ":80"}[u.Scheme])
	return u.Scheme + "://" + host, nil
}

// isPreflight reports whether a browser asks if it may send a request (Fetch standard, CORS-preflight request).
func isPreflight(r *http.Request) bool {
	return r.Method == http.MethodOptions && r.Header.Get("Origin") != "" &&
		r.Header.Get("Access-Control-Request-Method") != ""
}

// allowed answers the preflight of a request itself, and leaves every other request to h.
func (s *Server) allowed(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if isPreflight(r) {
			s.preflight(w, r)
			return
		}
		h(w, r)
	}
}

// preflight allows an allowed origin its request. Access-Control-Allow-Private-Network is for the browsers that had
// Private Network Access, before Local Network Access asked the user instead.
func (s *Server) preflight(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	s.protect(h, r)
	h.Set("Access-Control-Allow-Methods", strings.Join(methods, ", "))
	if asked := r.Header.Get("Access-Control-Request-Headers"); isHeaderList(asked) {
		h.Set("Access-Control-Allow-Headers", asked)
	}
	if r.Header.Get("Access-Control-Request-Private-Network") == "true" {
		h.Set("Access-Control-Allow-Private-Network", "true")
	}
	h.Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
}

// isHeaderList reports whether a text is a list of header names.
func isHeaderList(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-_, ", r)
	})
}

// protect sets the headers of every answer: what a page may read of it, and that nothing keeps it, frames it, guesses
// its type, or runs it with the rights of this server's own pages.
func (s *Server) protect(h http.Header, r *http.Request) {
	if origin := r.Header.Get("Origin"); origin != "" { // foreign has checked it
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Expose-Headers", "*")
	}
	h.Set("Vary", joined(h.Values("Vary"), "Origin"))
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	if h.Get("Content-Security-Policy") == "" {
		h.Set("Content-Security-Policy", "sandbox; default-src 'none'; frame-ancestors 'none'")
	}
}

// joined adds one to the values of a header that is a list.
func joined(values []string, one string) string {
	all := strings.Join(values, ", ")
	if all == "" {
		return one
	}
	return all + ", " + one
}
