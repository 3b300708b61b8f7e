package apim_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"cgp-cred/helper/apim"
	"cgp-cred/keystore/fault"
)

// Each answer without a usable token is named by its member, status or content, with what to do: for a server of one's
// own team, and for a proxy.
func TestUnusableAnswers(t *testing.T) {
	t.Parallel()
	const (
		plain    = "application/json"
		isnt     = "an answer that isn't APIM's: status 200, application/json: "
		mock     = `must answer 200 with JSON: {"access_token":"...","token_type":"Bearer","expires_in":599}`
		middle   = "a proxy or a sign-in page"
		strangeC = fault.Network
		outcome  = `{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"CODE","diagnostics":"some text"}]}`
	)
	member := func(s string) string { return `{"access_token":"t0k3n","token_type":"Bearer","expires_in":` + s + `}` }
	token := func(s string) string { return `{"access_token":` + s + `,"token_type":"Bearer","expires_in":599}` }
	issue := func(code string) string { return strings.Replace(outcome, "CODE", code, 1) }
	for _, c := range []struct {
		name, kind string
		status     int
		body       string
		class      fault.Class
		says, hint string
	}{
		{"no expires_in", plain, 200, `{"access_token":"t0k3n","token_type":"Bearer"}`, strangeC, isnt + "it has no expires_in", mock},
		{"null expires_in", plain, 200, member("null"), strangeC, isnt + "it has no expires_in", mock},
		{"expiresIn", plain, 200, `{"access_token":"t0k3n","expiresIn":599}`, strangeC, isnt + "it has no expires_in", mock},
		{"a truth value", plain, 200, member("true"), strangeC, isnt + "its expires_in is a truth value, not a number", mock},
		{"an object", plain, 200, member("{}"), strangeC, isnt + "its expires_in is an object, not a number", mock},
		{"an array", plain, 200, member("[599]"), strangeC, isnt + "its expires_in is an array, not a number", mock},
		{"a fraction", plain, 200, member("599.5"), strangeC, isnt + "its expires_in is not a whole number", mock},
		{"a fraction in words", plain, 200, member(`"599.0"`), strangeC, isnt + "its expires_in is not a whole number", mock},
		{"zero", plain, 200, member("0"), strangeC, isnt + "its expires_in is not positive", mock},
		{"negative", plain, 200, member(`"-1"`), strangeC, isnt + "its expires_in is not positive", mock},
		{"huge", plain, 200, member("99999999999999999999"), strangeC, isnt + "its expires_in is not a whole number of seconds, or too large", mock},
		{"a unit", plain, 200, member(`"599s"`), strangeC, isnt + "its expires_in is not a number", mock},
		{"a date", plain, 200, member(`"2026-01-01T00:00:00Z"`), strangeC, isnt + "its expires_in is not a number", mock},
		{"an empty life", plain, 200, member(`""`), strangeC, isnt + "its expires_in is not a number", mock},
		{"no access_token", plain, 200, `{"token_type":"Bearer","expires_in":599}`, strangeC, isnt + "it has no access_token", mock},
		{"accessToken", plain, 200, `{"accessToken":"t0k3n","expires_in":599}`, strangeC, isnt + "it has no access_token", mock},
		{"id_token", plain, 200, `{"id_token":"t0k3n","expires_in":599}`, strangeC, isnt + "it has no access_token", mock},
		{"an empty object", plain, 200, `{}`, strangeC, isnt + "it has no access_token", mock},
		{"null token", plain, 200, token("null"), strangeC, isnt + "it has no access_token", mock},
		{"a number as token", plain, 200, token("12345"), strangeC, isnt + "its access_token is a number, not a string", mock},
		{"an object as token", plain, 200, token(`{"t0k3n":1}`), strangeC, isnt + "its access_token is an object, not a string", mock},
		{"an empty token", plain, 200, token(`""`), strangeC, isnt + "its access_token is empty", mock},
		{"a space", plain, 200, token(`"t0k3n x"`), strangeC, isnt + "its access_token has a space in it", mock},
		{"a line break at its end", plain, 200, token(`"t0k3n\n"`), strangeC, isnt + "its access_token has a space or a line break", mock},
		{"a line break within", plain, 200, token(`"t0k3n\r\nX: y"`), strangeC, isnt + "its access_token has a", mock},
		{"a control character", plain, 200, token(`"t0k3n\u0000x"`), strangeC, isnt + "its access_token has a control character", mock},
		{"a letter beyond ASCII", plain, 200, token(`"t0k3né"`), strangeC, isnt + "its access_token has a character that no token has", mock},
		{"Bearer before it", plain, 200, token(`"Bearer t0k3n"`), strangeC, isnt + "its access_token begins with Bearer", mock},
		{"another type", plain, 200, `{"access_token":"t0k3n","token_type":"DPoP","expires_in":599}`, strangeC, isnt + "its token_type is not Bearer", mock},
		{"a number as type", plain, 200, `{"access_token":"t0k3n","token_type":1,"expires_in":599}`, strangeC, isnt + "its token_type is a number, not a string", mock},

		{"empty", plain, 200, "", strangeC, isnt + "it is empty", mock},
		{"spaces", plain, 200, " \r\n", strangeC, isnt + "it is empty", mock},
		{"cut short", plain, 200, `{"access_token":"t0k3n","tok`, strangeC, isnt + "its JSON is cut short", middle},
		{"not JSON", plain, 200, `{access_token:"t0k3n"}`, strangeC, isnt + "it is not JSON", mock},
		{"Python", plain, 200, `{'access_token': 't0k3n'}`, strangeC, isnt + "it is not JSON", mock},
		{"a bare token", "text/plain", 200, `t0k3n`, strangeC, "status 200, text/plain: it is not JSON", mock},
		{"a form", "text/plain", 200, `access_token=t0k3n&expires_in=599`, strangeC, "it is form-encoded, not JSON", mock},
		{"an array round it", plain, 200, "[" + goodReply + "]", strangeC, isnt + "it is JSON, but an array instead of an object", mock},
		{"a string", plain, 200, `"t0k3n"`, strangeC, isnt + "it is JSON, but a string instead of an object", mock},
		{"null", plain, 200, `null`, strangeC, isnt + "it is JSON, but a null instead of an object", mock},
		{"two of them", plain, 200, goodReply + goodReply, strangeC, isnt + "it has more text after the JSON", mock},
		{"a byte order mark", plain, 200, "\ufeff" + goodReply, strangeC, isnt + "it begins with a byte order mark", mock},
		{"UTF-16", plain, 200, "\xff\xfe{\x00}\x00", strangeC, isnt + "it is in UTF-16", mock},
		{"UTF-16, no mark", plain, 200, "{\x00\"\x00", strangeC, isnt + "it is in UTF-16", mock},
		{"gzip unsaid", plain, 200, "\x1f\x8b\x08\x00xx", strangeC, isnt + "it is compressed, and no header says so", middle},
		{"gzip", "gzip", 200, goodReply, strangeC, "status 200, application/json: it says that it is gzip, and can't be unpacked", middle},
		{"brotli", "br", 200, "\x01\x02", strangeC, "compressed in a way that was not asked for", middle},
		{"a page", "text/html; charset=utf-8", 200, "<html>", strangeC, "status 200, text/html", middle},
		{"a page that is called JSON", plain, 200, "<!DOCTYPE html>", strangeC, isnt + "it is a page or XML, not JSON", middle},
		{"no type", "none", 200, "<html>", strangeC, "status 200, unknown type: it is a page or XML", middle},

		{"an OAuth error under 200", plain, 200, `{"error":"invalid_client","error_description":"some text"}`, fault.Refused, `APIM answered 200 with a refusal, invalid_client: "some text"`, mock},
		{"APIM's own words under 200", plain, 200, `{"error":"invalid_request","error_description":"Invalid 'iss'/'sub' claims in client_assertion JWT"}`, fault.Refused, "is not known on", "cgp-cred store"},
		{"a fault under 200", plain, 200, `{"fault":{"faultstring":"x","detail":{"errorcode":"policies.ratelimit.QuotaViolation"}}}`, fault.Temporary, "300 a minute", "wait"},
		{"a problem under 200", "application/problem+json", 200, `{"title":"Unauthorized","status":401,"detail":"some text"}`, fault.Refused, `APIM answered 200 with a problem, Unauthorized: "some text"`, mock},
		{"a failing server under 200", "application/problem+json", 200, `{"title":"Busy","status":503}`, fault.Temporary, "200 with a problem, Busy: APIM or a server in front", "minute"},
		{"FHIR under 200", "application/fhir+json", 200, issue("forbidden"), fault.Refused, `APIM answered 200 with a FHIR OperationOutcome, forbidden: "some text"`, mock},
		{"FHIR that passes", "application/fhir+json", 200, issue("throttled"), fault.Temporary, "FHIR OperationOutcome, throttled", "minute"},
		{"FHIR without an issue", plain, 200, `{"resourceType":"OperationOutcome"}`, fault.Refused, "FHIR OperationOutcome, unknown", mock},
		{"an error object under 200", plain, 200, `{"error":{"code":"InvalidKey","message":"some text"}}`, fault.Refused, `InvalidKey: "some text"`, mock},

		{"201 with a token", plain, 201, goodReply, strangeC, "status 201, application/json: a token comes with 200", mock},
		{"202", plain, 202, "", strangeC, "status 202, application/json: a token comes with 200", mock},
		{"203", plain, 203, goodReply, strangeC, "status 203, application/json: a server on the way changed it", middle},
		{"204", plain, 204, "", strangeC, "status 204, application/json: it has no content", mock},
		{"206", plain, 206, goodReply, strangeC, "status 206, application/json: a token comes with 200", mock},
		{"300", plain, 300, "", strangeC, "status 300, application/json: it is empty", middle},
		{"302", plain, 302, "", strangeC, "answered 302, a redirect: it is not followed", middle},
		{"304", plain, 304, "", strangeC, "a cache answered, and a token is never cached", middle},
		{"401 without a word", plain, 401, "", strangeC, "status 401, application/json: it is empty", middle},
		{"407", plain, 407, `{"error":"proxy"}`, strangeC, "a proxy answered 407: it wants a user name and password", "HTTPS_PROXY"},
		{"407 NTLM", "ntlm", 407, "", strangeC, "a proxy answered 407: it wants a sign-in by NTLM, and cgp-cred speaks only Basic", "px"},
		{"408", plain, 408, "", fault.Temporary, "APIM answered 408: the server did not get the whole request in time", "minute"},
		{"408 as a page", "text/html", 408, "<html>", fault.Temporary, "APIM answered 408: ", "minute"},
		{"413", "text/html", 413, "<html>", strangeC, "APIM answered 413: a server on the way takes no requests of this size", middle},
		{"414", "text/html", 414, "<html>", strangeC, "APIM answered 414: a server on the way takes no", middle},
		{"425", plain, 425, "", fault.Temporary, "APIM answered 425: ", "minute"},
		{"431", plain, 431, "", strangeC, "APIM answered 431: a server on the way takes no requests of this size", middle},
		{"451", "text/html", 451, "<html>", strangeC, "status 451, text/html", middle},
		{"511", "text/html", 511, "<html>", strangeC, "the network answered 511: it wants you to sign in", "sign in to the network"},
		{"511 in JSON", plain, 511, `{"error":"portal"}`, strangeC, "the network answered 511: it wants you to sign in", "sign in to the network"},
		{"500 as a page", "text/html", 500, "<html>", fault.Temporary, "APIM answered 500: APIM or a server in front", "minute"},
		{"502 as a problem", "application/problem+json", 502, `{"title":"Bad Gateway","detail":"some text"}`, fault.Temporary, `502 with a problem, Bad Gateway: "some text"`, "minute"},
		{"503 as FHIR", plain, 503, issue("exception"), fault.Temporary, `503 with a FHIR OperationOutcome, exception: "some text"`, "minute"},
		{"401 as FHIR", plain, 401, issue("login"), fault.Refused, `401 with a FHIR OperationOutcome, login: "some text"`, mock},
		{"403 as a problem", plain, 403, `{"type":"urn:x","title":"Forbidden","status":403}`, fault.Refused, "403 with a problem, Forbidden: cgp-cred does not know", mock},
		{"404 as FHIR", plain, 404, issue("not-found"), fault.Refused, "there is no token endpoint", "status"},
		{"401 of a framework", plain, 401, `{"status":401,"error":"Unauthorized","message":"some text","path":"/oauth2/token"}`, fault.Refused, `401 Unauthorized: "some text"`, mock},
		{"503 of a framework", plain, 503, `{"message":"no healthy upstream"}`, fault.Temporary, "APIM answered 503", "minute"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			e := refusedBy(t, c.kind, c.status, c.body)
			if e.Class != c.class || !strings.Contains(e.Error(), c.says) || strings.ContainsAny(e.Error(), "\r\n") {
				t.Errorf("class %v: %q, want class %v and %q", e.Class, e, c.class, c.says)
			}
			if hint := strings.Join(e.FaultHints(), "\n"); !strings.Contains(hint, c.hint) || strings.Contains(hint, "{p") {
				t.Errorf("hint %q, want %q", hint, c.hint)
			}
			if strings.Contains(e.Error(), "t0k3n") {
				t.Errorf("%q repeats the token", e)
			}
			if again := e.Class == fault.Temporary && c.status != 200; e.Retryable() != again && c.name != "a fault under 200" {
				t.Errorf("retryable %t, want %t", e.Retryable(), again)
			}
		})
	}
}

// refusedBy returns the error for one answer of a server. kind is its type, or an encoding of JSON, or "none", or "ntlm".
func refusedBy(t *testing.T, kind string, status int, body string) *apim.Error {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h.Set("Content-Type", kind)
		switch kind {
		case "gzip", "br":
			h.Set("Content-Type", "application/json")
			h.Set("Content-Encoding", kind)
		case "none":
			h["Content-Type"] = nil
		case "ntlm":
			h.Set("Proxy-Authenticate", "NTLM")
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body) // some statuses have no body
	}))
	t.Cleanup(srv.Close)
	_, err := exchange(t.Context(), srv.URL+"/oauth2/token")
	var e *apim.Error
	if !errors.As(err, &e) {
		t.Fatalf("error %v, want an apim.Error", err)
	}
	return e
}

// What people's mock servers send, and is no reason to refuse a token.
func TestUsableAnswers(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		goodReply,
		" \r\n" + goodReply + "\r\n",
		`{"access_token":"t","expires_in":599}`,
		`{"access_token":"t","token_type":null,"expires_in":599}`,
		`{"access_token":"t","token_type":"","expires_in":599}`,
		`{"access_token":"t","token_type":"BEARER","expires_in":"599","error":null,"scope":["a"]}`,
		`{"access_token":"a.b-c_d~e+f/g==","expires_in":3600000}`,
	} {
		if _, err := apim.ParseToken([]byte(body), now); err != nil {
			t.Errorf("%s: %v", body, err)
		}
	}
}
