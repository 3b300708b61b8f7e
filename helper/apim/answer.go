package apim

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"cgp-cred/keystore"
	"cgp-cred/keystore/fault"
)

// errStrange says what is wrong with an answer that is neither a token nor a refusal. It quotes nothing of the answer.
// It is a type because such an answer is no failure of the network.
type errStrange string

func (e errStrange) Error() string { return string(e) }

// FaultClass returns [fault.Network].
func (errStrange) FaultClass() fault.Class { return fault.Network }

// FaultHints returns what is often the cause.
func (errStrange) FaultHints() []string { return fault.Lines(hintMock + "\n" + hintMiddle) }

// ParseToken reads the body of a 200 (RFC 6749 section 5.1). The token's life counts from start. issued_at is ignored:
// it is sometimes missing, and it is in milliseconds of another clock. An error names the member that is wrong, and
// quotes nothing of the body.
func ParseToken(body []byte, start time.Time) (Token, error) {
	var reply struct {
		AccessToken json.RawMessage `json:"access_token"`
		TokenType   json.RawMessage `json:"token_type"`
		ExpiresIn   json.RawMessage `json:"expires_in"`
	}
	if problem := bodyProblem(body); problem != "" {
		return Token{}, errStrange(problem)
	}
	if err := json.Unmarshal(body, &reply); err != nil {
		return Token{}, errStrange("its JSON can't be read")
	}
	token, err := readAccessToken(reply.AccessToken)
	if err != nil {
		return Token{}, err
	}
	if jsonKind(reply.TokenType) != "missing" {
		kind, err := readString("token_type", reply.TokenType)
		if err != nil {
			return Token{}, err
		}
		if kind != "" && !strings.EqualFold(kind, "Bearer") {
			return Token{}, errStrange("its token_type is not Bearer")
		}
	}
	life, err := readLife(reply.ExpiresIn)
	if err != nil {
		return Token{}, err
	}
	return Token{Value: keystore.NewSecret([]byte(token)), FetchedAt: start, Expiry: start.Add(life)}, nil
}

// readString reads a member that must be a string.
func readString(name string, raw json.RawMessage) (text string, err error) {
	switch kind := jsonKind(raw); kind {
	case "missing":
		return "", errStrange("it has no " + name)
	case "string":
		return text, json.Unmarshal(raw, &text)
	default:
		return "", errStrange("its " + name + " is " + article(kind) + ", not a string")
	}
}

func readAccessToken(raw json.RawMessage) (string, error) {
	token, err := readString("access_token", raw)
	switch {
	case err != nil || keystore.CheckToken(token) == nil:
		return token, err
	case token == "":
		return "", errStrange("its access_token is empty")
	case len(token) > 7 && strings.EqualFold(token[:7], "Bearer "):
		return "", errStrange("its access_token begins with Bearer, which belongs into token_type")
	case strings.TrimSpace(token) != token:
		return "", errStrange("its access_token has a space or a line break at its start or end")
	case strings.ContainsAny(token, " \t"):
		return "", errStrange("its access_token has a space in it")
	case strings.ContainsFunc(token, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return "", errStrange("its access_token has a control character in it")
	}
	return "", errStrange("its access_token has a character that no token has (RFC 6750)")
}

// readLife reads 599 and "599": APIM sends expires_in as a string, and RFC 6749 section 5.1 has a number.
func readLife(raw json.RawMessage) (time.Duration, error) {
	digits := string(raw)
	switch kind := jsonKind(raw); kind {
	case "missing":
		return 0, errStrange("it has no expires_in")
	case "number":
	case "string":
		if err := json.Unmarshal(raw, &digits); err != nil {
			return 0, errStrange("its expires_in can't be read")
		}
	default:
		return 0, errStrange("its expires_in is " + article(kind) + ", not a number of seconds")
	}
	n, err := json.Number(digits).Int64()
	switch _, float := json.Number(digits).Float64(); {
	case err != nil && (float != nil || strings.Trim(digits, "0123456789+-.eE") != ""):
		return 0, errStrange("its expires_in is not a number of seconds")
	case err != nil:
		return 0, errStrange("its expires_in is not a whole number of seconds, or too large")
	case n < 1:
		return 0, errStrange("its expires_in is not positive: the token has already expired")
	}
	return time.Duration(min(n, int64(maxLife/time.Second))) * time.Second, nil
}

// jsonKind returns what a JSON value is, and "missing" for none and for null.
func jsonKind(raw json.RawMessage) string {
	if len(raw) == 0 {
		return "missing"
	}
	switch raw[0] {
	case 'n':
		return "missing"
	case '"':
		return "string"
	case '{':
		return "object"
	case '[':
		return "array"
	case 't', 'f':
		return "truth value"
	}
	return "number"
}

func article(noun string) string {
	if strings.ContainsAny(noun[:1], "ao") {
		return "an " + noun
	}
	return "a " + noun
}

// bodyProblem says why a body is not a JSON object, or nothing.
func bodyProblem(body []byte) string {
	text := bytes.TrimSpace(body)
	switch {
	case len(text) == 0:
		return "it is empty"
	case bytes.HasPrefix(body, []byte("\xef\xbb\xbf")):
		return "it begins with a byte order mark, which JSON may not have"
	case bytes.HasPrefix(body, []byte("\xff\xfe")), bytes.HasPrefix(body, []byte("\xfe\xff")),
		len(body) > 1 && (body[0] == 0 || body[1] == 0):
		return "it is in UTF-16, and JSON is in UTF-8"
	case bytes.HasPrefix(body, []byte("\x1f\x8b")):
		return "it is compressed, and no header says so"
	case text[0] == '<':
		return "it is a page or XML, not JSON"
	case bytes.HasPrefix(text, []byte("access_token=")), bytes.Contains(text, []byte("&access_token=")):
		return "it is form-encoded, not JSON"
	}
	var value json.RawMessage
	in := json.NewDecoder(bytes.NewReader(text))
	switch err := in.Decode(&value); {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "its JSON is cut short"
	case err != nil:
		return "it is not JSON"
	case value[0] != '{':
		return "it is JSON, but " + article(jsonKindOrNull(value)) + " instead of an object"
	case in.InputOffset() != int64(len(text)):
		return "it has more text after the JSON"
	}
	return ""
}

func jsonKindOrNull(raw json.RawMessage) string {
	if raw[0] == 'n' {
		return "null"
	}
	return jsonKind(raw)
}

// readBody reads the body of a reply. errTooLong and errStrange are of the reply, other errors of the connection.
func readBody(res *http.Response) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(res.Body, maxReply+1))
	var corrupt flate.CorruptInputError
	switch {
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum), errors.As(err, &corrupt):
		return nil, errStrange("it says that it is gzip, and can't be unpacked")
	case err == nil && len(body) > maxReply:
		return nil, errTooLong
	case err == nil && len(body) > 0 && !plainEncoding(res.Header.Get("Content-Encoding")):
		return nil, errStrange("it is compressed in a way that was not asked for (Content-Encoding)")
	}
	return body, err
}

// plainEncoding reports whether a Content-Encoding that net/http left in place changes nothing.
func plainEncoding(s string) bool { return s == "" || strings.EqualFold(s, "identity") }
