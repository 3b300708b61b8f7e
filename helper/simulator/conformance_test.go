package simulator_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cgp-cred/helper/simulator"
)

// What APIM says. The texts are written out here once more: they are the contract.
const (
	textContentType   = "Content-Type header must be application/x-www-form-urlencoded"
	textNoGrant       = "grant_type is missing"
	textBadGrant      = "grant_type is invalid"
	textAssertionType = "Missing or invalid client_assertion_type - must be " +
		"'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'"
	textNoAssertion = "Missing client_assertion"
	textMalformed   = "Malformed JWT in client_assertion"
	textAlg         = "Invalid 'alg' header in client_assertion JWT - unsupported JWT algorithm - must be 'RS512'"
	textExpired     = "Invalid 'exp' claim in client_assertion JWT - JWT has expired"
	textNoKID       = "Missing 'kid' header in client_assertion JWT"
	textTyp         = "Invalid 'typ' header in client_assertion JWT - must be 'JWT'"
	textNoExp       = "Missing 'exp' claim in client_assertion JWT"
	textExpType     = "Invalid 'exp' claim in client_assertion JWT - must be an integer"
	textIssuer      = "Missing or non-matching 'iss'/'sub' claims in client_assertion JWT"
	textNoJTI       = "Missing 'jti' claim in client_assertion JWT"
	textJTIType     = "Invalid 'jti' claim in client_assertion JWT - must be a unique string value such as a GUID"
	textReplay      = "Non-unique 'jti' claim in client_assertion JWT"
	textExpFar      = "Invalid 'exp' claim in client_assertion JWT - more than 5 minutes in future"
	textAPIKey      = "Invalid 'iss'/'sub' claims in client_assertion JWT"
	textNoPublicKey = "You need to register a public key to use this authentication method - please contact " +
		"support to configure"
	textUnreachable = "The JWKS endpoint, for your client_assertion can't be reached"
	textUnknownKID  = "Invalid 'kid' header in client_assertion JWT - no matching public key"
	textSignature   = "JWT signature verification failed"
	textAudience    = "Missing or invalid 'aud' claim in client_assertion JWT"
	textNoProduct   = "you have tried to request authorization but your application is not configured to use this " +
		"authorization grant type"
)

// conformance is one way to be refused.
type conformance struct {
	row    int
	name   string
	spoil  func(d *draft, now time.Time)
	config func(c *simulator.Config)

	status int
	code   string
	text   string
	burns  bool // the right request with the same jti is refused afterwards
}

func head(name string, v any) func(*draft, time.Time) {
	return func(d *draft, _ time.Time) { d.head[name] = v }
}

func noHead(name string) func(*draft, time.Time) {
	return func(d *draft, _ time.Time) { delete(d.head, name) }
}

func claim(name string, v any) func(*draft, time.Time) {
	return func(d *draft, _ time.Time) { d.claims[name] = v }
}

func noClaim(name string) func(*draft, time.Time) {
	return func(d *draft, _ time.Time) { delete(d.claims, name) }
}

func form(name, v string) func(*draft, time.Time) {
	return func(d *draft, _ time.Time) { d.form[name] = v }
}

func noForm(name string) func(*draft, time.Time) {
	return func(d *draft, _ time.Time) { delete(d.form, name) }
}

func contentType(v string) func(*draft, time.Time) {
	return func(d *draft, _ time.Time) { d.contentType = v }
}

func spoilJWT(f func(string) string) func(*draft, time.Time) {
	return func(d *draft, _ time.Time) { d.jwt = f }
}

func exp(f func(now time.Time) any) func(*draft, time.Time) {
	return func(d *draft, now time.Time) { d.claims["exp"] = f(now) }
}

func issuer(iss, sub any) func(*draft, time.Time) {
	return func(d *draft, _ time.Time) { d.claims["iss"], d.claims["sub"] = iss, sub }
}

// replace swaps one of the three parts of an assertion.
func replace(part int, with string) func(string) string {
	return func(jwt string) string {
		parts := strings.Split(jwt, ".")
		parts[part] = with
		return strings.Join(parts, ".")
	}
}

func encoded(json string) string { return base64.RawURLEncoding.EncodeToString([]byte(json)) }

func registered(f func() ([]byte, error)) func(*simulator.Config) {
	return func(c *simulator.Config) { c.JWKS = f }
}

func document(text string) func(*simulator.Config) {
	return registered(func() ([]byte, error) { return []byte(text), nil })
}

var conformances = []conformance{
	{
		row: 1, name: "no content type", spoil: contentType(""), status: 415, code: "invalid_request",
		text: textContentType,
	},
	{
		row: 1, name: "json", spoil: contentType("application/json"), status: 415, code: "invalid_request",
		text: textContentType,
	},
	{
		row: 1, name: "charset", spoil: contentType("application/x-www-form-urlencoded; charset=utf-8"), status: 415,
		code: "invalid_request", text: textContentType,
	},

	{
		row: 2, name: "no grant type", spoil: noForm("grant_type"), status: 400, code: "invalid_request",
		text: textNoGrant,
	},
	{row: 2, name: "in the query only", spoil: func(d *draft, _ time.Time) {
		delete(d.form, "grant_type")
		d.url += "?grant_type=client_credentials"
	}, status: 400, code: "invalid_request", text: textNoGrant},

	{
		row: 3, name: "another grant type", spoil: form("grant_type", "password"), status: 400,
		code: "unsupported_grant_type", text: textBadGrant,
	},

	{
		row: 4, name: "no assertion type", spoil: noForm("client_assertion_type"), status: 400, code: "invalid_request",
		text: textAssertionType,
	},
	{
		row: 4, name: "another assertion type",
		spoil: form("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"), status: 400,
		code: "invalid_request", text: textAssertionType,
	},

	{
		row: 5, name: "empty assertion", spoil: form("client_assertion", ""), status: 400, code: "invalid_request",
		text: textNoAssertion,
	},

	{
		row: 6, name: "not a JWT", spoil: form("client_assertion", "x"), status: 400, code: "invalid_request",
		text: textMalformed,
	},
	{row: 6, name: "two parts", spoil: spoilJWT(func(s string) string {
		return s[:strings.LastIndex(s, ".")]
	}), status: 400, code: "invalid_request", text: textMalformed},
	{row: 6, name: "four parts", spoil: spoilJWT(func(s string) string {
		return s + ".e30"
	}), status: 400, code: "invalid_request", text: textMalformed},
	{
		row: 6, name: "header not base64url", spoil: spoilJWT(replace(0, "e+0=")), status: 400, code: "invalid_request",
		text: textMalformed,
	},
	{row: 6, name: "padding", spoil: spoilJWT(func(s string) string {
		return strings.Replace(s, ".", "=.", 1)
	}), status: 400, code: "invalid_request", text: textMalformed},
	{
		row: 6, name: "claims not JSON", spoil: spoilJWT(replace(1, encoded(`{"iss":`))), status: 400,
		code: "invalid_request", text: textMalformed,
	},
	{
		row: 6, name: "claims a list", spoil: spoilJWT(replace(1, encoded(`[]`))), status: 400, code: "invalid_request",
		text: textMalformed,
	},
	{
		row: 6, name: "claims null", spoil: spoilJWT(replace(1, encoded(`null`))), status: 400, code: "invalid_request",
		text: textMalformed,
	},
	{
		row: 6, name: "more after the claims", spoil: spoilJWT(replace(1, encoded(`{} {}`))), status: 400,
		code: "invalid_request", text: textMalformed,
	},

	{row: 7, name: "RS256", spoil: head("alg", "RS256"), status: 400, code: "invalid_request", text: textAlg},
	{row: 7, name: "PS512", spoil: head("alg", "PS512"), status: 400, code: "invalid_request", text: textAlg},
	{row: 7, name: "HS512", spoil: head("alg", "HS512"), status: 400, code: "invalid_request", text: textAlg},
	{row: 7, name: "none", spoil: head("alg", "none"), status: 400, code: "invalid_request", text: textAlg},
	{row: 7, name: "lower case", spoil: head("alg", "rs512"), status: 400, code: "invalid_request", text: textAlg},
	{row: 7, name: "no alg", spoil: noHead("alg"), status: 400, code: "invalid_request", text: textAlg},

	{row: 8, name: "a second ago", spoil: exp(func(now time.Time) any {
		return now.Unix() - 1
	}), status: 400, code: "invalid_request", text: textExpired},
	{row: 8, name: "a millisecond ago", spoil: exp(func(now time.Time) any {
		return float64(now.UnixMilli()-1) / 1000
	}), status: 400, code: "invalid_request", text: textExpired},
	{
		row: 8, name: "text in the past", spoil: claim("exp", "1000"), status: 400, code: "invalid_request",
		text: textExpired,
	},
	{row: 8, name: "null is 1970", spoil: claim("exp", nil), status: 400, code: "invalid_request", text: textExpired},
	{row: 8, name: "zero", spoil: claim("exp", 0), status: 400, code: "invalid_request", text: textExpired},

	{row: 9, name: "no kid", spoil: noHead("kid"), status: 400, code: "invalid_request", text: textNoKID},
	{row: 9, name: "empty kid", spoil: head("kid", ""), status: 400, code: "invalid_request", text: textNoKID},

	{row: 10, name: "no typ", spoil: noHead("typ"), status: 400, code: "invalid_request", text: textTyp},
	{row: 10, name: "null", spoil: head("typ", nil), status: 400, code: "invalid_request", text: textTyp},
	{
		row: 10, name: "not text", spoil: head("typ", []string{"JWT"}), status: 400, code: "invalid_request",
		text: textTyp,
	},
	{row: 10, name: "at+jwt", spoil: head("typ", "at+jwt"), status: 400, code: "invalid_request", text: textTyp},

	{row: 11, name: "no exp", spoil: noClaim("exp"), status: 400, code: "invalid_request", text: textNoExp},

	{row: 12, name: "text in the future", spoil: exp(func(now time.Time) any {
		return fmt.Sprint(now.Unix() + 150)
	}), status: 400, code: "invalid_request", text: textExpType},
	{row: 12, name: "words", spoil: claim("exp", "soon"), status: 400, code: "invalid_request", text: textExpType},
	{
		row: 12, name: "an object", spoil: claim("exp", map[string]any{}), status: 400, code: "invalid_request",
		text: textExpType,
	},

	{row: 13, name: "no iss", spoil: noClaim("iss"), status: 400, code: "invalid_request", text: textIssuer},
	{row: 13, name: "no sub", spoil: noClaim("sub"), status: 400, code: "invalid_request", text: textIssuer},
	{row: 13, name: "both empty", spoil: issuer("", ""), status: 400, code: "invalid_request", text: textIssuer},
	{
		row: 13, name: "not the same", spoil: issuer(apiKey, apiKey+" "), status: 400, code: "invalid_request",
		text: textIssuer,
	},
	{
		row: 13, name: "objects", spoil: issuer(map[string]any{}, map[string]any{}), status: 400,
		code: "invalid_request",
		text: textIssuer,
	},

	{row: 14, name: "no jti", spoil: noClaim("jti"), status: 400, code: "invalid_request", text: textNoJTI},
	{row: 14, name: "empty", spoil: claim("jti", ""), status: 400, code: "invalid_request", text: textNoJTI},
	{row: 14, name: "zero", spoil: claim("jti", 0), status: 400, code: "invalid_request", text: textNoJTI},

	{row: 15, name: "a number", spoil: claim("jti", 12), status: 400, code: "invalid_request", text: textJTIType},
	{
		row: 15, name: "a list", spoil: claim("jti", []string{"a"}), status: 400, code: "invalid_request",
		text: textJTIType,
	},

	{
		row: 17, name: "311 s ahead", spoil: exp(func(now time.Time) any { return now.Unix() + 311 }), status: 400,
		code: "invalid_request", text: textExpFar,
	},
	{row: 17, name: "forever", spoil: claim("exp", 1e300), status: 400, code: "invalid_request", text: textExpFar},

	{row: 18, name: "unknown API key", spoil: issuer("wrong", "wrong"), status: 401, code: "invalid_request", text: textAPIKey, burns: true},
	{row: 18, name: "a number, with every API key accepted", spoil: issuer(12, 12), config: func(c *simulator.Config) { c.APIKey = "" }, status: 401, code: "invalid_request", text: textAPIKey, burns: true},
	{row: 18, name: "a number", spoil: issuer(12, 12), status: 401, code: "invalid_request", text: textAPIKey, burns: true},

	{
		row: 20, name: "no key set", config: registered(nil), status: 403, code: "public_key error",
		text:  textNoPublicKey,
		burns: true,
	},
	{
		row: 20, name: "no file", config: registered(noKeys), status: 403, code: "public_key error",
		text:  textNoPublicKey,
		burns: true,
	},
	{
		row: 20, name: "empty file", config: document(" \n"), status: 403, code: "public_key error",
		text:  textNoPublicKey,
		burns: true,
	},

	{row: 21, name: "unreachable", config: registered(func() ([]byte, error) {
		return nil, errors.New("no route to host")
	}), status: 403, code: "public_key error", text: textUnreachable, burns: true},
	{
		row: 21, name: "not JSON", config: document(`<html>`), status: 403, code: "public_key error",
		text: textUnreachable, burns: true,
	},
	{
		row: 21, name: "no key set", config: document(`{}`), status: 403, code: "public_key error",
		text:  textUnreachable,
		burns: true,
	},

	{
		row: 22, name: "another kid", spoil: head("kid", "test-2"), status: 401, code: "invalid_request",
		text: textUnknownKID, burns: true,
	},
	{
		row: 22, name: "kid is case sensitive", spoil: head("kid", "TEST-1"), status: 401, code: "invalid_request",
		text: textUnknownKID, burns: true,
	},
	{
		row: 22, name: "kid a number", spoil: head("kid", 1), status: 401, code: "invalid_request",
		text:  textUnknownKID,
		burns: true,
	},
	{
		row: 22, name: "no keys", config: document(`{"keys":[]}`), status: 401, code: "invalid_request",
		text: textUnknownKID, burns: true,
	},
	{
		row: 22, name: "key for encryption", config: changedKey("use", "enc"), status: 401, code: "invalid_request",
		text: textUnknownKID, burns: true,
	},
	{
		row: 22, name: "key for RS256", config: changedKey("alg", "RS256"), status: 401, code: "invalid_request",
		text: textUnknownKID, burns: true,
	},
	{
		row: 22, name: "empty modulus", config: changedKey("n", ""), status: 401, code: "invalid_request",
		text: textUnknownKID, burns: true,
	},

	{row: 23, name: "another key", spoil: func(d *draft, _ time.Time) {
		d.key = otherKey()
	}, status: 401, code: "public_key error", text: textSignature, burns: true},
	{
		row: 23, name: "no signature", spoil: spoilJWT(replace(2, "")), status: 401, code: "public_key error",
		text: textSignature, burns: true,
	},
	{
		row: 23, name: "not base64url", spoil: spoilJWT(replace(2, "+/=")), status: 401, code: "public_key error",
		text: textSignature, burns: true,
	},
	{row: 23, name: "padded", spoil: spoilJWT(func(s string) string {
		return s + "=="
	}), status: 401, code: "public_key error", text: textSignature, burns: true},

	{
		row: 24, name: "no aud", spoil: noClaim("aud"), status: 401, code: "invalid_request", text: textAudience,
		burns: true,
	},
	{
		row: 24, name: "another host", spoil: claim("aud", "https://other.example.test/oauth2/token"), status: 401,
		code: "invalid_request", text: textAudience, burns: true,
	},
	{
		row: 24, name: "no scheme", spoil: claim("aud", "apim.example.test/oauth2/token"), status: 401,
		code: "invalid_request", text: textAudience, burns: true,
	},
	{
		row: 24, name: "trailing slash", spoil: claim("aud", tokenURL+"/"), status: 401, code: "invalid_request",
		text: textAudience, burns: true,
	},
	{
		row: 24, name: "stray space", spoil: claim("aud", tokenURL+" "), status: 401, code: "invalid_request",
		text: textAudience, burns: true,
	},
	{
		row: 24, name: "a list", spoil: claim("aud", []string{tokenURL}), status: 401, code: "invalid_request",
		text: textAudience, burns: true,
	},
	{
		row: 24, name: "a query that aud lacks", spoil: func(d *draft, _ time.Time) { d.url += "?a=b" },
		status: 401, code: "invalid_request", text: textAudience, burns: true,
	},

	{row: 25, name: "no product", config: func(c *simulator.Config) {
		c.NoProduct = true
	}, status: 401, code: "unauthorized_client", text: textNoProduct, burns: true},
}

// changedKey registers the right key with one member changed.
func changedKey(name, value string) func(*simulator.Config) {
	return func(c *simulator.Config) {
		k := jwk(kid, &rsaKey().PublicKey)
		k[name] = value
		c.JWKS = jwks(k)
	}
}

var messageID = regexp.MustCompile(`^rrt-\d{19}-a-geu2-\d{7}-\d{7}-1$`)

func TestConformance(t *testing.T) {
	t.Parallel()
	for _, tt := range conformances {
		t.Run(fmt.Sprintf("row%02d %s", tt.row, tt.name), func(t *testing.T) {
			t.Parallel()
			c := newClock()
			s := newSimulator(c, tt.config)
			good := newDraft(c.Now())
			bad := good.copy()
			if tt.spoil != nil {
				tt.spoil(bad, c.Now())
			}
			wantRefusal(t, bad.send(s), tt.status, tt.code, tt.text)
			if n := s.Minted(); n != 0 {
				t.Errorf("%d tokens after a refusal", n)
			}

			// The jti is stored per sub, so the replay uses the sub of the request that used it up.
			replay := good.copy()
			replay.claims["iss"], replay.claims["sub"] = bad.claims["iss"], bad.claims["sub"]
			if !tt.burns {
				wantStatus(t, good.send(s), 200)
				return
			}
			wantRefusal(t, replay.send(s), 400, "invalid_request", textReplay)
		})
	}
}

func wantRefusal(t *testing.T, got reply, status int, code, text string) {
	t.Helper()
	type refusal struct {
		Status                    int
		ContentType, Error, Descr string
	}
	want := refusal{status, "application/json", code, text}
	have := refusal{got.status, got.header.Get("Content-Type"), got.field("error"), got.field("error_description")}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Fatalf("refusal (-want +got):\n%s%s", diff, got.body)
	}
	if id := got.field("message_id"); !messageID.MatchString(id) {
		t.Errorf("message_id %q is not like APIM's", id)
	}
}

// TestEveryRow: the table has every row but the replay and the quota, which need more than one request.
func TestEveryRow(t *testing.T) {
	t.Parallel()
	for n := 1; n <= 25; n++ {
		in := slices.ContainsFunc(conformances, func(c conformance) bool { return c.row == n })
		if in == (n == 16 || n == 19) {
			t.Errorf("row %d: in the table: %t", n, in)
		}
	}
}

// TestOrder breaks two rules at once, for every pair that can be broken at once: the earlier row answers.
func TestOrder(t *testing.T) {
	t.Parallel()
	first := map[int]conformance{}
	for _, c := range conformances {
		if _, ok := first[c.row]; !ok {
			first[c.row] = c
		}
	}
	both := func(c *simulator.Config, a, b conformance) {
		for _, f := range []func(*simulator.Config){b.config, a.config} { // the earlier row's key set stays
			if f != nil {
				f(c)
			}
		}
	}
	for early := 1; early <= 25; early++ {
		for late := early + 1; late <= 25; late++ {
			a, okA := first[early]
			b, okB := first[late]
			clash := early == 5 || early == 6 || // no assertion, so nothing in it is wrong
				late == 6 && early == 5 ||
				(early == 8 || early == 11 || early == 12) && (late == 11 || late == 12 || late == 17) || // one exp
				early == 14 && late == 15 || early == 13 && late == 18 // one jti, one iss
			if !okA || !okB || clash {
				continue
			}
			t.Run(fmt.Sprintf("%02d before %02d", early, late), func(t *testing.T) {
				t.Parallel()
				c := newClock()
				s := newSimulator(c, func(cfg *simulator.Config) { both(cfg, a, b) })
				d := newDraft(c.Now())
				for _, spoil := range []func(*draft, time.Time){b.spoil, a.spoil} {
					if spoil != nil {
						spoil(d, c.Now())
					}
				}
				wantRefusal(t, d.send(s), a.status, a.code, a.text)
			})
		}
	}
}
