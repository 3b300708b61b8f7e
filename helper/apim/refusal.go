package apim

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"time"

	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/printable"
)

// refusal returns the error for a reply that has no token. problem says what is wrong with it, if its status is 200.
func refusal(
	tokenURL string, res *http.Response, body []byte, problem error, now time.Time, skew time.Duration, sent redactor,
) *Error {
	e := parseRefusal(res.StatusCode, body, sent)
	e.TokenURL, e.Skew = tokenURL, skew
	e.RetryAfter = retryAfter(res.Header, now)
	switch {
	case byNetwork(e, res):
	case e.Code == "" && e.Description == "":
		return silentRefusal(e, res, body, problem)
	}
	return e
}

// byNetwork completes the error for a status that only a server on the way sends, and reports whether it is one.
func byNetwork(e *Error, res *http.Response) bool {
	switch res.StatusCode {
	case http.StatusProxyAuthRequired:
		e.what, e.hint = "a proxy answered 407: it wants a user name and password", hintProxy
		if p := (&proxyError{status: res.StatusCode, offers: challenges(res.Header)}); p.foreignSignIn() {
			e.what, e.hint = "a proxy answered 407: "+p.wants(), hintLocalProxy
		}
	case http.StatusNetworkAuthenticationRequired:
		e.what, e.hint = "the network answered 511: it wants you to sign in before it lets requests through", hintSignIn
	default:
		return false
	}
	e.Class, e.cause, e.proxy = fault.Network, &causeUnknown, res.StatusCode == http.StatusProxyAuthRequired
	return true
}

// silentRefusal completes the error for a reply that has no readable text: it names only the status and the type.
func silentRefusal(e *Error, res *http.Response, body []byte, problem error) *Error {
	switch status := res.StatusCode; {
	case e.cause != &causeUnknown:
		return e
	case slices.Contains([]int{301, 302, 303, 307, 308}, status):
		e.what = fmt.Sprintf("the token endpoint answered %d, a redirect: it is not followed, "+
			"because it would send the assertion to another server", status)
		e.hint = hintMiddle
	case status == http.StatusNoContent, status == http.StatusResetContent:
		return strangeReply(e.TokenURL, res, e.Skew, errStrange("it has no content, and a token comes with 200"))
	case status == http.StatusNonAuthoritativeInfo:
		return strangeReply(e.TokenURL, res, e.Skew, errStrange("a server on the way changed it"))
	case status == http.StatusNotModified:
		return strangeReply(e.TokenURL, res, e.Skew, errStrange("a cache answered, and a token is never cached"))
	case status > http.StatusOK && status < 300:
		return strangeReply(e.TokenURL, res, e.Skew, errStrange("a token comes with 200"))
	default:
		if problem == nil && len(body) == 0 {
			problem = errStrange("it is empty")
		}
		return strangeReply(e.TokenURL, res, e.Skew, problem)
	}
	e.Class = fault.Network
	return e
}

// strangeReply returns the error for a reply that is not APIM's: it names the status, the content type and the problem,
// and quotes nothing of the body.
func strangeReply(tokenURL string, res *http.Response, skew time.Duration, problem error) *Error {
	kind, _, err := mime.ParseMediaType(res.Header.Get("Content-Type"))
	if err != nil {
		kind = "unknown type"
	}
	what := fmt.Sprintf("an answer that isn't APIM's: status %d, %s", res.StatusCode, printable.Text(kind))
	if problem != nil && kind != "text/html" { // its type says enough
		what += ": " + problem.Error()
	}
	return &Error{
		Class: fault.Network, Status: res.StatusCode, TokenURL: tokenURL, Skew: skew,
		cause: &causeUnknown, hint: hintMiddle + "\n" + hintMock, what: what,
	}
}

// ParseRefusal reads the body of a refusal: OAuth's error object (RFC 6749 section 5.2, as APIM extends it), Apigee's
// fault object, a problem (RFC 9457) or a FHIR OperationOutcome. It keeps nothing of any other body. It never fails.
func ParseRefusal(status int, body []byte) *Error { return parseRefusal(status, body, redactor{}) }

// parseRefusal does as ParseRefusal, and redacts what was sent.
func parseRefusal(status int, body []byte, sent redactor) *Error {
	e := &Error{Status: status}
	var reply map[string]any
	if json.Unmarshal(body, &reply) == nil {
		e.readForm(reply)
		e.ID = textAt(reply, "message_id")
	}
	e.Code, e.Description, e.ID = sent.hide(e.Code), sent.hide(e.Description), sent.hide(e.ID)
	if !plainID(e.ID) {
		e.ID = ""
	}
	e.setCause()
	e.Class = e.cause.faultClass()
	return e
}

// The forms of a refusal that are named in its message.
const (
	formRefusal = "refusal" // OAuth's or Apigee's, under status 200
	formProblem = "problem"
	formFHIR    = "FHIR OperationOutcome"
)

// readForm finds code and description of a refusal.
func (e *Error) readForm(reply map[string]any) {
	issue, _ := at(reply, "issue", "0").(map[string]any)
	switch {
	case textAt(reply, "error") != "":
		e.Code = textAt(reply, "error")
		e.Description = first(textAt(reply, "error_description"), textAt(reply, "message"))
	case textAt(reply, "fault", "detail", "errorcode") != "", textAt(reply, "fault", "faultstring") != "":
		e.Code, e.Description = textAt(reply, "fault", "detail", "errorcode"), textAt(reply, "fault", "faultstring")
	case textAt(reply, "error", "message") != "":
		e.Code = first(textAt(reply, "error", "code"), textAt(reply, "error", "status"))
		e.Description = textAt(reply, "error", "message")
	case textAt(reply, "resourceType") == "OperationOutcome":
		e.Form = formFHIR
		e.Code = first(textAt(issue, "details", "coding", "0", "code"), textAt(issue, "code"), "unknown")
		e.Description = first(textAt(issue, "diagnostics"), textAt(issue, "details", "text"),
			textAt(issue, "details", "coding", "0", "display"))
		e.passing = slices.Contains(passingIssues, textAt(issue, "code"))
	case textAt(reply, "title") != "" && (reply["status"] != nil || reply["detail"] != nil || reply["type"] != nil):
		e.Form = formProblem
		e.Code, e.Description = textAt(reply, "title"), textAt(reply, "detail")
		if status, ok := reply["status"].(float64); ok && e.Status == http.StatusOK && status >= 400 && status < 600 {
			e.meant = int(status)
		}
	}
	if e.Status == http.StatusOK && e.Form == "" && e.Code+e.Description != "" {
		e.Form = formRefusal
	}
}

// passingIssues are the codes of a FHIR issue that says "try again".
var passingIssues = []string{"transient", "lock-error", "no-store", "timeout", "throttled", "incomplete", "exception"}

// at returns a member of a member; "0" is the first element of an array.
func at(value any, path ...string) any {
	for _, name := range path {
		switch v := value.(type) {
		case map[string]any:
			value = v[name]
		case []any:
			if name != "0" || len(v) == 0 {
				return nil
			}
			value = v[0]
		default:
			return nil
		}
	}
	return value
}

// textAt returns a member of a member, if it is a string.
func textAt(value any, path ...string) string {
	text, _ := at(value, path...).(string)
	return text
}

// first returns the first text that is not empty.
func first(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

// setCause finds the cause of a refusal. Under status 200 the body says what is meant.
func (e *Error) setCause() {
	status := e.Status
	if e.meant != 0 {
		status = e.meant
	}
	e.cause = causeOf(status, e.Code, e.Description)
	switch {
	case e.cause != &causeUnknown:
	case e.passing:
		e.cause = &causeServer
	case e.Code+e.Description != "" && e.ID == "": // API Management sends a message_id with each refusal
		e.cause = &causeForeign
	}
}
