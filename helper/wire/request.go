package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"cgp-cred/helper/apim"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/text"
)

// MaxRequest is the largest request that is read, in bytes.
const MaxRequest = 64 << 10

// Request is a client's request on stdin: git-credential's attributes, or the JSON of the credential-helper
// specification that Bazel uses.
type Request struct {
	JSON       bool
	URL        string // where the credential would go; empty: not exactly one address is named: no credential
	Host       string // attributes: the host as it was sent, for messages
	NoPath     bool   // only scheme and host were given, as git does by default
	AuthType   bool   // attributes: the caller understands authtype (git 2.46)
	Header     bool   // attributes: the caller sends header unchanged, and keeps it for scope
	Credential string // attributes: the credential that a client stores or rejects, or empty. It is secret
}

// BadRequest returns the error of a request that breaks the rules of the format.
func BadRequest(problem string) error {
	const hint = `for example: printf 'protocol=https\nhost=int.api.service.nhs.uk\n\n' | cgp-cred credential get`
	return fault.New(fault.Usage, hint, "the request on stdin: %s", problem)
}

// ReadRequest reads attributes up to an empty line or the end, or a JSON object up to the end.
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

// attributesEnd reports whether raw holds attributes and the empty line that ends them.
func attributesEnd(raw []byte) bool {
	if text.Wide(raw) {
		return false
	}
	raw = bytes.TrimPrefix(raw, []byte("\ufeff"))
	if start := bytes.TrimLeft(raw, " \t\r\n"); len(start) == 0 || start[0] == '{' {
		return false
	}
	return bytes.HasPrefix(raw, []byte("\n")) || bytes.HasPrefix(raw, []byte("\r\n")) ||
		bytes.Contains(raw, []byte("\n\n")) || bytes.Contains(raw, []byte("\n\r\n"))
}

// ParseRequest reads a request: JSON if it begins with a brace, otherwise attributes. PowerShell pipes UTF-16 or a byte
// order mark into programs.
func ParseRequest(raw []byte) (Request, error) {
	if len(raw) > MaxRequest {
		return Request{}, BadRequest("it is over 64 KiB")
	}
	if plain, err := text.Decode("", raw); err == nil { // otherwise parsing says what is wrong
		raw = []byte(plain)
	}
	if start := bytes.TrimLeft(raw, " \t\r\n"); len(start) > 0 && start[0] == '{' {
		return parseJSON(start)
	}
	return parseAttributes(raw)
}

// parseJSON reads {"uri":"https://…"} and ignores other members. It reads the names itself, exactly and each one once:
// json.Unmarshal would accept "URI" as "uri", and the last of two members with one name.
func parseJSON(raw []byte) (Request, error) {
	notJSON := BadRequest(`it is not JSON like {"uri":"https://..."}`)
	if !json.Valid(raw) {
		if odd := text.Odd(string(raw)); odd != "" {
			notJSON = BadRequest(`it is not JSON like {"uri":"https://..."}: ` + odd)
		}
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
			return Request{}, BadRequest("it has the same member twice")
		case key != "uri" && strings.EqualFold(key, "uri"):
			return Request{}, BadRequest(`it has a member that is "uri" in other letter case`)
		case key == "uri" && (value[0] != '"' || json.Unmarshal(value, &out.URL) != nil):
			return Request{}, BadRequest("its uri is not a string")
		}
		seen[key] = true
	}
	return out, nil
}

// parseAttributes reads key=value lines (gitcredentials, "input/output format"). If a request names an address twice,
// or in two ways, it gets no address: the client and cgp-cred must never read different addresses.
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
			return out, BadRequest("a line has no key before the =")
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
	out.Host = seen["host"]
	if once {
		out.URL, out.NoPath = place(seen)
	}
	return out, nil
}

// place joins the parts of a URL: only url, or protocol, host and path. If parsing the result does not give the same
// parts again, they name no address.
func place(seen map[string]string) (address string, noPath bool) {
	whole, isWhole := seen["url"]
	if isWhole {
		u, err := apim.ParseURL(whole)
		if err != nil || len(seen) > 1 {
			return "", false
		}
		return whole, u.Path == ""
	}
	path, hasPath := seen["path"]
	path = "/" + escapePath(strings.TrimPrefix(path, "/"))
	address = seen["protocol"] + "://" + seen["host"] + path
	u, err := apim.ParseURL(address)
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
	return address, !hasPath
}

// escapePath encodes what git has decoded in a path: spaces, and letters beyond ASCII. What is encoded still stays as
// it is, and so do control characters, which name no address.
func escapePath(path string) string {
	if !utf8.ValidString(path) {
		return path
	}
	var b strings.Builder
	for i := range len(path) {
		if c := path[i]; c == ' ' || c >= utf8.RuneSelf {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}
