package serve

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"cgp-cred/helper/apim"
	"cgp-cred/helper/serve/ticket"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/printable"
)

// maxDocument is the size of the largest document that is rewritten: a ticket for a whole genome has some ten thousand
// parts.
const maxDocument = 16 << 20

// rewrite puts paths of this server into a document that says where data is.
func (s *Server) rewrite(res *http.Response, t *target) error {
	change := ticket.For(t.url.Path, res.Header.Get("Content-Type"))
	if change == nil || res.StatusCode != http.StatusOK || t.how.Method == http.MethodHead {
		return nil
	}
	document, err := whole(res)
	if err != nil {
		return err
	}
	var life *ticketLife
	document, err = change(document, func(p ticket.Part) (string, error) {
		u, err := t.url.Parse(p.URL)
		if err != nil {
			return "", fault.New(fault.Network, "", "the API's ticket has a URL that can't be read")
		}
		if life == nil {
			life = s.blocks.ticket(u)
		}
		there, ok := s.through(life, u, ownHeaders(p.Header, res.Request.Header), t.how)
		if !ok {
			place := printable.Quote(u.Scheme + "://" + u.Host)
			return "", fault.New(fault.Network, "",
				"the API's ticket leads to %s, which is not https to another machine", place)
		}
		return there, nil
	})
	if err != nil {
		return err //nolint:wrapcheck // it says what can't be read
	}
	res.Body = io.NopCloser(bytes.NewReader(document))
	res.ContentLength = int64(len(document))
	withoutHeaders(res.Header, []string{
		"Content-Encoding", "Etag", "Content-Md5", "Digest", "Content-Digest", "Repr-Digest",
		"Accept-Ranges", "Last-Modified",
	}, nil)
	res.Header.Set("Content-Length", strconv.Itoa(len(document)))
	return nil
}

// whole reads the body of an answer, and unpacks it.
func whole(res *http.Response) ([]byte, error) {
	defer res.Body.Close() //nolint:errcheck // it was only read
	var body io.Reader = res.Body
	if strings.EqualFold(res.Header.Get("Content-Encoding"), "gzip") {
		unpacked, err := gzip.NewReader(body)
		if err != nil {
			return nil, fault.Wrap(fault.Network, "", "unpacking the API's answer", err)
		}
		body = unpacked
	}
	document, err := io.ReadAll(io.LimitReader(body, maxDocument+1))
	if err != nil {
		return nil, fmt.Errorf("reading the API's answer: %w", err)
	}
	if len(document) > maxDocument {
		return nil, fault.New(fault.Network, "", "the API's ticket is over %d MiB", maxDocument>>20)
	}
	return document, nil
}

// ownHeaders returns a ticket's headers without those that repeat the credential of the request that fetched it: it
// goes only where the profile says. Headers of one connection are left out too.
func ownHeaders(h, sent http.Header) http.Header {
	own := h.Clone()
	for _, secret := range secretsIn(sent) {
		withoutSecret(own, secret)
	}
	withoutHeaders(own, []string{
		"Host", "Connection", "Keep-Alive", "Transfer-Encoding", "Te", "Trailer", "Upgrade", "Content-Length", "Cookie",
	}, []string{"Proxy-"})
	return own
}

// secretsIn returns the credentials in a request's headers.
func secretsIn(h http.Header) (secrets []string) {
	for _, name := range []string{"Authorization", "Apikey"} {
		value := h.Get(name)
		if _, token, ok := strings.Cut(value, " "); ok {
			value = token
		}
		if value != "" {
			secrets = append(secrets, value)
		}
	}
	return secrets
}

// through gives a URL a path at this server. It is false for places to which the API may not send it: without TLS, or
// on this machine. An API on this machine may name places on it.
func (s *Server) through(life *ticketLife, u *url.URL, header http.Header, how *http.Request) (string, bool) {
	host, plain := apim.Authority(u)
	local := apim.Loopback(host)
	if !plain || local && !apim.Loopback(s.o.Profile.Host) || u.Scheme != "https" && (u.Scheme != "http" || !local) {
		return "", false
	}
	b := &block{url: u, header: header, ticket: life}
	b.own = header.Get("Authorization") == "" && s.o.Profile.Covers(u)
	if b.own && len(header) == 0 { // a client may add to it, as htsget clients add to a URL of DRS
		return s.local(u, how), true
	}
	return "http://" + how.Host + "/" + s.path + blockPath + s.blocks.add(b) + "/" + nameOf(u), true
}

// conditions are the headers of a client that a place gets if its ticket asks for no range.
var conditions = []string{
	"Range", "If-Range", "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since",
}

// block sends the data of a ticket.
func (s *Server) block(w http.ResponseWriter, r *http.Request, path string) {
	if !reads(r.Method) {
		refusal(http.StatusMethodNotAllowed, "data of a ticket is only read").with("Allow", "GET, HEAD").send(w)
		return
	}
	id, _, _ := strings.Cut(path, "/")
	b, ok := s.blocks.find(id)
	if !ok {
		s.protect(w.Header(), r)
		refusal(http.StatusGone, "this address has ended with its ticket: ask the API for a new ticket").send(w)
		return
	}
	h := b.header.Clone()
	if h == nil {
		h = http.Header{}
	}
	if h.Get("Range") == "" {
		for _, name := range conditions {
			if v := r.Header.Get(name); v != "" {
				h.Set(name, v)
			}
		}
	}
	h.Set("Accept-Encoding", "identity")
	if h.Get("User-Agent") == "" {
		h.Set("User-Agent", r.UserAgent())
	}
	out := r.WithContext(context.WithValue(r.Context(), targetKey{}, &target{url: b.url, header: h, block: b, how: r}))
	out.Method = http.MethodGet // also for HEAD: a presigned URL is for one method
	out.Body, out.ContentLength = http.NoBody, 0
	if b.own {
		s.forwardBlock.ServeHTTP(w, out)
		return
	}
	s.plain.ServeHTTP(w, out)
}

// blockReturned changes the answer of a place that a ticket names.
func (s *Server) blockReturned(res *http.Response, t *target) error {
	s.relocate(res, t)
	if part := t.block.header.Get("Range"); part != "" {
		if err := wholePart(res, part); err != nil {
			return err
		}
	}
	if t.how.Method == http.MethodHead {
		_ = res.Body.Close()
		res.Body = http.NoBody
	}
	if res.StatusCode >= http.StatusBadRequest {
		s.tell(fmt.Sprintf("%s, to which a ticket leads, answered %d: the ticket may have ended",
			printable.Quote(t.url.Host), res.StatusCode))
	}
	return nil
}

// wholePart makes the answer to the range that a ticket asks for a whole one: to the client, the part is the resource.
func wholePart(res *http.Response, part string) error {
	switch res.StatusCode {
	case http.StatusPartialContent:
		res.StatusCode = http.StatusOK
	case http.StatusOK: // it sent everything
		from, length, ok := readRange(part)
		if !ok {
			return fault.New(fault.Network, "", "%s ignored the ticket's Range", printable.Quote(res.Request.URL.Host))
		}
		if _, err := io.CopyN(io.Discard, res.Body, from); err != nil {
			return fmt.Errorf("reading the part of a ticket: %w", err)
		}
		res.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(res.Body, length), res.Body}
		res.ContentLength = length
		res.Header.Set("Content-Length", strconv.FormatInt(length, 10))
	default:
		return nil
	}
	withoutHeaders(res.Header, []string{"Content-Range", "Accept-Ranges"}, nil)
	return nil
}

// readRange reads a range of bytes with both ends (RFC 9110 section 14.1.2).
func readRange(s string) (from, length int64, ok bool) {
	first, last, _ := strings.Cut(strings.TrimPrefix(s, "bytes="), "-")
	a, err := strconv.ParseInt(first, 10, 64)
	b, lastErr := strconv.ParseInt(last, 10, 64)
	return a, b - a + 1, err == nil && lastErr == nil && 0 <= a && a <= b
}
