package simulator

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
)

// assertion is a client assertion that could be decoded. Nothing in it is verified yet.
type assertion struct {
	head, claims fields
	signed       string // what the signature is over: the first two parts and the dot between them
	signature    []byte // nil if it is not base64url
}

// fields is a JSON object as JavaScript sees it: values of any type, and absent is not null.
type fields map[string]any

// decode splits and decodes a compact JWT; it returns false if the text is not one. A signature that can't be read is
// refused only when it is verified: Apigee decodes the other parts first.
func decode(jwt string) (*assertion, bool) {
	parts := strings.Split(jwt, ".")
	if len(parts) != 3 {
		return nil, false
	}
	head, ok := decodeObject(parts[0])
	if !ok {
		return nil, false
	}
	claims, ok := decodeObject(parts[1])
	if !ok {
		return nil, false
	}
	a := &assertion{head: head, claims: claims, signed: parts[0] + "." + parts[1]}
	if sig, err := base64.RawURLEncoding.Strict().DecodeString(parts[2]); err == nil {
		a.signature = sig
	}
	return a, true
}

func decodeObject(part string) (fields, bool) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(part)
	if err != nil {
		return nil, false
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var f fields
	if d.Decode(&f) != nil || f == nil {
		return nil, false
	}
	_, err = d.Token()
	return f, errors.Is(err, io.EOF)
}

// check returns the first row that the header and the claims break, except the rows that need the jti cache. The order,
// and what counts as missing, follow validate-client-assertion-claims.js.
func (a *assertion) check(now time.Time) row {
	typ, _ := a.head["typ"].(string)
	_, jtiIsString := a.claims["jti"].(string)
	_, expIsNumber := a.claims["exp"].(json.Number)
	switch {
	case a.head["alg"] != any("RS512"):
		return badAlg
	case millis(now) > a.expiry():
		return expired
	case a.head.missing("kid"):
		return noKID
	case !strings.EqualFold(typ, "jwt"):
		return badTyp
	case a.claims.missing("exp"):
		return noExp
	case !expIsNumber:
		return badExp
	case a.claims.missing("iss") || !a.issuerIsSubject():
		return badIssuer
	case a.claims.missing("jti"):
		return noJTI
	case !jtiIsString:
		return badJTI
	}
	return admitted
}

// issuerIsSubject reports whether iss and sub are the same text, number or boolean. Two objects are never the same, as
// in JavaScript.
func (a *assertion) issuerIsSubject() bool {
	switch iss := a.claims["iss"].(type) {
	case string, json.Number, bool:
		return a.claims["sub"] == iss
	}
	return false
}

// subject returns sub, or nothing if it is not text: such an API key is never registered.
func (a *assertion) subject() string { return a.claims.text("sub") }

// tooFar reports whether exp is over 310 s ahead: the documented five minutes, and ten seconds that APIM adds.
func (a *assertion) tooFar(now time.Time) bool { return a.expiry()-millis(now) > 310_000 }

// expiry returns exp in milliseconds, as JavaScript's new Date(exp * 1000) reads it. It is NaN, for which every
// comparison is false, if exp is absent or not a number. null, "" and false are zero.
func (a *assertion) expiry() float64 {
	v, ok := a.claims["exp"]
	if !ok {
		return math.NaN()
	}
	return math.Trunc(number(v) * 1000)
}

func millis(t time.Time) float64 { return float64(t.UnixMilli()) }

// missing reports whether a value is absent, null, false, zero or empty, as JavaScript's !value does.
func (f fields) missing(name string) bool {
	switch v := f[name].(type) {
	case nil:
		return true
	case bool:
		return !v
	case string:
		return v == ""
	case json.Number:
		return number(v) == 0
	}
	return false
}

// text returns the value of a name if it is a string, or nothing.
func (f fields) text(name string) string {
	s, _ := f[name].(string)
	return s
}

// number returns JavaScript's Number(v). It does not know arrays.
func number(v any) float64 {
	switch v := v.(type) {
	case nil:
		return 0
	case bool:
		if v {
			return 1
		}
		return 0
	case json.Number:
		n, _ := strconv.ParseFloat(v.String(), 64) // out of range: infinite, as in JavaScript
		return n
	case string:
		if strings.TrimSpace(v) == "" {
			return 0
		}
		if n, err := strconv.ParseFloat(strings.TrimSpace(v), 64); err == nil {
			return n
		}
	}
	return math.NaN()
}
