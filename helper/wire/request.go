package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"cgp-cred/helper/apim"
	"cgp-cred/keystore/fault"
)

// MaxRequest bounds what is read of a request, in bytes.
const MaxRequest = 64 << 10

// Request is what a client asks for over stdin: git-credential's attributes, or the JSON of the credential-helper
// specification that Bazel uses.
type Request struct {
	JSON       bool
	URL        string // where the credential would go; empty: the request names no one place, and gets none
	NoPath     bool   // only scheme and host were given, as git does by default
	AuthType   bool   // attributes: the caller understands authtype (git 2.46)
	Header     bool   // attributes: the caller sends header as it stands, and keeps it for scope
	Credential string // attributes: the credential that a client stores or rejects; empty: none named. It is secret
}

// BadRequest returns the error of a request that breaks the rules of its format.
func BadRequest(problem string) error {
	const hint = `for example: printf 'protocol=https\nhost=int.api.service.nhs.uk\n\n' | cgp-cred credential get`
	return fault.New(fault.Usage, hint, "the request on stdin: %s", problem)
}

// ReadRequest reads attributes up to a blank line or the end, or a JSON object up to the end.
func ReadRequest(r io.Reader) (Request, error) {
	raw, err := readBounded(r)
	if err != nil {
		return Request{}, err
	}
	return ParseRequest(raw)
}

// readBounded reads until the request is whole: git keeps its end of the pipe open in some set-ups.
func readBounded(r io.Reader) ([]byte, error) {
	var raw []byte
	chunk := make([]byte, 4096)
	for {
		n, err := r.Read(chunk)
		raw = append(raw, chunk[:n]...)
		switch {
		case len(raw) > MaxRequest:
			return nil, BadRequest("it is over 64 KiB")
		case errors.Is(err, io.EOF), attributesEnd(raw):
			return raw, nil
		case err != nil:
			return nil, BadRequest("it can't be read")
		}
	}
}

// attributesEnd reports that raw holds attributes and the blank line that ends them.
func attributesEnd(raw []byte) bool {
	if len(raw) > 0 && raw[0] == '{' {
		return false
	}
	return bytes.HasPrefix(raw, []byte("\n")) || bytes.HasPrefix(raw, []byte("\r\n")) ||
		bytes.Contains(raw, []byte("\n\n")) || bytes.Contains(raw, []byte("\n\r\n"))
}

// ParseRequest reads a request: JSON where the first byte is a brace, else attributes.
func ParseRequest(raw []byte) (Request, error) {
	if len(raw) > MaxRequest {
		return Request{}, BadRequest("it is over 64 KiB")
	}
	if len(raw) > 0 && raw[0] == '{' {
		return parseJSON(raw)
	}
	return parseAttributes(raw)
}

// parseJSON reads {"uri":"https://…"}; other members are ignored. encoding/json alone would take "URI" for "uri", and
// the last of two: the names are read exactly, and each one once.
func parseJSON(raw []byte) (Request, error) {
	notJSON := BadRequest(`it is not JSON like {"uri":"https://..."}`)
	if !json.Valid(raw) {
		return Request{}, notJSON
	}
	out := Request{JSON: true}
	seen := map[string]bool{}
	in := json.NewDecoder(bytes.NewReader(raw))
	if _, err := in.Token(); err != nil { // the brace
		return Request{}, notJSON
	}
	for in.More() {
		name, err := in.Token()
		key, ok := name.(string)
		if err != nil || !ok {
			return Request{}, notJSON
		}
		var value json.RawMessage
		switch {
		case in.Decode(&value) != nil:
			return Request{}, notJSON
		case seen[key]:
			return Request{}, BadRequest("it has a member twice")
		case key != "uri" && strings.EqualFold(key, "uri"):
			return Request{}, BadRequest(`it spells the member "uri" in another way`)
		case key == "uri" && (value[0] != '"' || json.Unmarshal(value, &out.URL) != nil):
			return Request{}, BadRequest("its uri is not a string")
		}
		seen[key] = true
	}
	return out, nil
}

// parseAttributes reads key=value lines (gitcredentials, "input/output format"). What names a place twice, or in two
// ways, names none: a client and we must never read two places in it.
func parseAttributes(raw []byte) (Request, error) {
	var out Request
	seen := map[string]string{}
	once := true
	for line := range strings.SplitSeq(string(raw), "\n") {
		line = strings.TrimSuffix(line, "\r")
		if line == "" {
			break
		}
		key, value, ok := strings.Cut(line, "=")
		switch {
		case !ok:
			return out, BadRequest("a line has no =")
		case key == "":
			return out, BadRequest("a line has nothing before the =")
		case strings.ContainsAny(line, "\r\x00"):
			return out, BadRequest("a line has a carriage return or a NUL in it")
		}
		switch key {
		case "protocol", "host", "path", "url":
			_, again := seen[key]
			once = once && !again
			seen[key] = value
		case "capability[]":
			out.AuthType = out.AuthType || value == "authtype"
			out.Header = out.Header || value == "header"
		case "credential", "password":
			out.Credential = value
		}
	}
	if once {
		out.URL, out.NoPath = place(seen)
	}
	return out, nil
}

// place puts the parts of a URL together: only url, or protocol, host and path. What is read in the result must be what
// the parts say; otherwise they name no place.
func place(seen map[string]string) (text string, noPath bool) {
	whole, isWhole := seen["url"]
	if isWhole {
		u, err := apim.ParseURL(whole)
		if err != nil || len(seen) > 1 {
			return "", false
		}
		return whole, u.Path == ""
	}
	path, hasPath := seen["path"]
	path = "/" + strings.TrimPrefix(path, "/")
	text = seen["protocol"] + "://" + seen["host"] + path
	u, err := apim.ParseURL(text)
	if err != nil || u.Host != seen["host"] || len(u.Scheme) != len(seen["protocol"]) {
		return "", false
	}
	read := u.EscapedPath()
	if u.RawQuery != "" || u.ForceQuery {
		read += "?" + u.RawQuery
	}
	if read != path {
		return "", false
	}
	return text, !hasPath
}
