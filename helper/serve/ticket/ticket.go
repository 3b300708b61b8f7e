// Package ticket reads the documents of an API that say where data is, and puts other places into them: htsget tickets
// (GA4GH htsget 1.3) and DRS objects (GA4GH Data Repository Service 1.4).
package ticket

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"

	"cgp-cred/keystore/fault"
)

// Part is a place where a client gets data, and the headers that it sends there.
type Part struct {
	URL    string
	Header http.Header
}

// Place returns the URL that stands for a part, and needs no headers.
type Place func(Part) (string, error)

// Rewriter puts other places into a document. It keeps every field that it does not know.
type Rewriter func(document []byte, place Place) ([]byte, error)

// For returns what rewrites an answer to a request for a path, or nil if the answer is to stay as it is.
func For(path, contentType string) Rewriter {
	kind, _, _ := mime.ParseMediaType(contentType)
	isJSON := kind == "application/json" || strings.HasSuffix(kind, "+json")
	has := func(name string) bool { return strings.Contains(strings.ToLower(path)+"/", "/"+name+"/") }
	switch {
	case strings.HasPrefix(kind, "application/vnd.ga4gh.htsget"), isJSON && has("htsget"):
		return htsget
	case isJSON && has("drs"):
		return drs
	}
	return nil
}

// htsget rewrites a ticket. An answer without one, such as an error or the service's description, stays as it is.
func htsget(document []byte, place Place) ([]byte, error) {
	fields, err := object(document)
	if err != nil {
		return nil, err
	}
	ticket, ok := fields["htsget"].(map[string]any)
	if !ok {
		return document, nil
	}
	parts, ok := ticket["urls"].([]any)
	if !ok {
		return document, nil
	}
	for _, one := range parts {
		part, ok := one.(map[string]any)
		if !ok {
			return nil, unreadable("one of its urls is not an object")
		}
		if err := move(part, headerMap, place); err != nil {
			return nil, err
		}
		part["headers"] = struct{}{} // they may be left out, but IGV Desktop reads no ticket without them
	}
	return encode(fields)
}

// drs rewrites each access_url of an object or of several, and the answer of /access.
func drs(document []byte, place Place) ([]byte, error) {
	fields, err := object(document)
	if err != nil {
		return nil, err
	}
	changed, err := accesses(fields, place)
	if err == nil && !changed {
		if _, isAccess := fields["url"].(string); isAccess && fields["id"] == nil {
			changed, err = true, move(fields, headerLines, place)
		}
	}
	if err != nil || !changed {
		return document, err
	}
	return encode(fields)
}

// accesses moves what is under each key access_url in a value, at any depth, and reports whether there was one.
func accesses(value any, place Place) (changed bool, err error) {
	var inside []any
	switch v := value.(type) {
	case []any:
		inside = v
	case map[string]any:
		for key, one := range v {
			access, ok := one.(map[string]any)
			if key != "access_url" || !ok {
				inside = append(inside, one)
				continue
			}
			if err := move(access, headerLines, place); err != nil {
				return true, err
			}
			changed = true
		}
	}
	for _, one := range inside {
		c, err := accesses(one, place)
		if err != nil {
			return true, err
		}
		changed = changed || c
	}
	return changed, nil
}

// move puts another place into an object with a url and headers, which it takes out: they can hold the credential. A
// URL that holds the data itself, or that is not of the Web (s3, gs), stays.
func move(part map[string]any, headers func(any) (http.Header, error), place Place) error {
	address, ok := part["url"].(string)
	if !ok {
		return unreadable("a url is missing")
	}
	sent := part["headers"]
	delete(part, "headers")
	scheme, _, _ := strings.Cut(strings.ToLower(address), ":")
	if scheme != "https" && scheme != "http" {
		return nil
	}
	h, err := headers(sent)
	if err != nil {
		return err
	}
	there, err := place(Part{URL: address, Header: h})
	if err != nil {
		return err
	}
	part["url"] = there
	return nil
}

// headerMap reads the headers of an htsget URL: an object.
func headerMap(value any) (http.Header, error) {
	fields, ok := value.(map[string]any)
	if !ok && value != nil {
		return nil, unreadable("headers is not an object")
	}
	h := http.Header{}
	for name, v := range fields {
		text, ok := v.(string)
		if !ok {
			return nil, unreadable("a header is not a text")
		}
		if err := add(h, name, text); err != nil {
			return nil, err
		}
	}
	return h, nil
}

// headerLines reads the headers of a DRS access URL: a list of lines.
func headerLines(value any) (http.Header, error) {
	lines, ok := value.([]any)
	if !ok && value != nil {
		return nil, unreadable("headers is not a list")
	}
	h := http.Header{}
	for _, one := range lines {
		line, _ := one.(string)
		name, text, ok := strings.Cut(line, ":")
		if !ok {
			return nil, unreadable("a header is not NAME: VALUE")
		}
		if err := add(h, name, strings.TrimSpace(text)); err != nil {
			return nil, err
		}
	}
	return h, nil
}

// add adds a header whose name and value can be sent. No message quotes them: they can be secret.
func add(h http.Header, name, value string) error {
	odd := func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }
	token := func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune("()<>@,;:\\\"/[]?={}", r)
	}
	if name == "" || strings.ContainsFunc(name, token) || strings.ContainsFunc(value, odd) {
		return unreadable("a header has a character that no header has")
	}
	h.Add(name, value)
	return nil
}

// object reads a JSON object, and keeps its numbers as they are written.
func object(document []byte) (map[string]any, error) {
	d := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(document, []byte("\ufeff"))))
	d.UseNumber()
	var fields map[string]any
	err := d.Decode(&fields)
	if err == nil && d.More() {
		err = errors.New("there is more after its end")
	}
	if err != nil {
		return nil, fault.Wrap(fault.Network, "", "the API's answer is not a JSON object", err)
	}
	return fields, nil
}

func unreadable(why string) error {
	return fault.New(fault.Network, "", "the API's ticket can't be read: %s", why)
}

// encode returns a document as JSON, with & < > as they are: URLs have them.
func encode(fields map[string]any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(fields); err != nil {
		return nil, fmt.Errorf("writing a ticket: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
