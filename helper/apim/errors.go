package apim

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/printable"
)

// Subject holds the values of a profile that the hints of an error name. No field is secret.
type Subject struct {
	Profile string
	Host    string
	KID     string
	APIKey  string // first and last four characters of a long API key, or empty

	Variables bool // the credential is in environment variables
}

// withVariables returns a hint for a credential that is in environment variables: no command stores another one.
func withVariables(hint string) string {
	return strings.NewReplacer(
		StoreAPIKey, "set CGP_CRED_API_KEY, or CGP_CRED_BUNDLE again",
		"cgp-cred store {profile} --private-key FILE --kid KID --force",
		"set CGP_CRED_PRIVATE_KEY and CGP_CRED_KID again",
		"cgp-cred store {profile} --kid KID", "set CGP_CRED_KID",
		"set it: cgp-cred store {profile} --audience {realm} --force", "set CGP_CRED_AUDIENCE={realm}",
		"cgp-cred store {profile} --auth apikey", "unset CGP_CRED_PRIVATE_KEY and CGP_CRED_KID",
		"the profile's host", "CGP_CRED_HOST", "the profile's token URL", "CGP_CRED_TOKEN_URL",
	).Replace(hint)
}

// Error says why there is no token: APIM refused it, or did not answer.
type Error struct {
	Class       fault.Class   // Refused, Network or Temporary
	Status      int           // HTTP status; 0: there was no reply
	Code        string        // "error" of the reply, or a fault's errorcode; may have a space: "public_key error"
	Description string        // "error_description" or faultstring: text from the server
	Form        string        `json:",omitempty"` // what the reply is, unless it is what APIM sends
	ID          string        // "message_id", which API Management support asks for; may be empty
	TokenURL    string        // what was called
	Skew        time.Duration // this machine's clock minus the server's; 0: unknown or none
	RetryAfter  time.Duration // what the server asked for; 0: nothing
	About       Subject       // set by the caller, who knows the profile
	OneMore     bool          `json:"-"` // one more attempt would fix it, but none was left; set by helper/mint
	Waited      time.Duration `json:"-"` // how long this caller has waited for the quota; set by the caller

	cause   *cause
	meant   int  // the status that a problem under status 200 names; 0: none
	passing bool // a FHIR issue that says "try again"

	what  string // for a network error: what happened; text from the network is escaped
	hint  string
	retry bool // failed on the way, before a whole reply, and may not fail again
	proxy bool // by a proxy, or on the way to it
	err   error
}

// UnmarshalJSON restores a refusal that was stored as JSON. It derives the cause from the fields again.
func (e *Error) UnmarshalJSON(raw []byte) error {
	type facts Error
	if err := json.Unmarshal(raw, (*facts)(e)); err != nil {
		return fmt.Errorf("reading a refusal: %w", err)
	}
	if !plainID(e.ID) {
		e.ID = ""
	}
	e.setCause()
	return nil
}

func (e *Error) Error() string {
	if e.what != "" {
		return e.what
	}
	text := fmt.Sprintf("%s answered %d", serverOf(e.TokenURL), e.Status)
	if e.Form != "" {
		text += " with a " + printable.Text(e.Form) + ","
	}
	if e.Code != "" {
		text += " " + printable.Text(e.Code)
	}
	if e.Description != "" {
		text += `: "` + printable.Text(e.Description) + `"`
	}
	text += ": " + e.fill(e.cause.why)
	if e.Waited >= time.Second {
		text += fmt.Sprintf("; cgp-cred has waited %v", e.Waited.Round(time.Second))
	}
	return text
}

func (e *Error) Unwrap() error { return e.err }

// FaultClass returns the class.
func (e *Error) FaultClass() fault.Class { return e.Class }

// FaultHints returns what to do next, naming the profile's own values.
func (e *Error) FaultHints() []string {
	hint := e.hint
	if hint == "" {
		hint = e.cause.hint
	}
	if e.RetryAfter > 0 && e.Retryable() {
		hint = fmt.Sprintf("wait %v, as the server asks, then run the command again", e.RetryAfter)
		if e.Throttled() && e.RetryAfter <= longWait {
			hint += "\n" + hintPatience
		}
	}
	if e.Status != 0 && e.Skew.Abs() > NoticeSkew && !e.ClockWrong() {
		hint += "\n{skew}: " + ClockHint
	}
	if e.About.Variables {
		hint = withVariables(hint)
	}
	return fault.Lines(e.fill(hint))
}

// NoticeSkew is how wrong a clock may be without any effect: an assertion lives for 150 s. A larger skew is mentioned
// next to another cause.
const NoticeSkew = 30 * time.Second

// MessageID returns the ID that API Management support asks for, or nothing.
func (e *Error) MessageID() string { return e.ID }

// means reports whether the cause of a refusal has this meaning. A network error has no cause.
func (e *Error) means(m meaning) bool { return e.cause != nil && e.cause.means == m }

// JTIReused reports whether the assertion's jti had been used before; a new assertion may succeed.
func (e *Error) JTIReused() bool { return e.means(usedJTI) }

// ClockWrong reports whether the assertion's exp was refused; one made with a corrected clock may succeed.
func (e *Error) ClockWrong() bool { return e.means(wrongClock) }

// KeyRefused reports whether the registered key set has no key with this kid, or a different one; another key of the
// profile may succeed.
func (e *Error) KeyRefused() bool { return e.means(wrongKey) }

// NotYet reports whether err is a refusal that ends when a key set that was just registered is known.
func NotYet(err error) bool {
	var refused *Error
	return errors.As(err, &refused) && (refused.KeyRefused() || refused.means(noKeys))
}

// AtProxy reports whether a proxy refused the request or could not be reached.
func (e *Error) AtProxy() bool { return e.proxy }

// Retryable reports whether the same request may succeed shortly: after throttling, a failing server, or a connection
// that failed before a whole reply.
func (e *Error) Retryable() bool {
	failing := e.Status == http.StatusTooManyRequests || e.Status == http.StatusRequestTimeout ||
		e.Status == http.StatusTooEarly || e.Status >= http.StatusInternalServerError
	return e.retry || e.cause == &causeQuota || e.Class == fault.Temporary && failing
}

// Throttled reports whether the application has used up its quota of token requests: a later one may succeed.
func (e *Error) Throttled() bool {
	return e.Class == fault.Temporary && (e.Status == http.StatusTooManyRequests || e.cause == &causeQuota)
}

// fill puts the profile's values into a text from the table of causes.
func (e *Error) fill(text string) string {
	key := e.About.APIKey
	if key == "" {
		key = "of this profile"
	}
	host := e.About.Host
	if host == "" {
		host = HostOf(e.TokenURL)
	}
	return strings.NewReplacer(
		"{profile}", e.About.Profile, "{host}", printable.Text(host),
		"{kid}", printable.Text(e.About.KID), "{key}", key,
		"{url}", printable.Text(e.TokenURL), "{realm}", printable.Text(realmOf(e.TokenURL)), "{skew}", SkewText(e.Skew),
		"{proxy}", proxyVariable()+" and NO_PROXY", "{proxy-variable}", proxyVariable(),
	).Replace(text)
}

// keycloakPath is the end of the token URL of each realm of Keycloak.
const keycloakPath = "/protocol/openid-connect/token"

// serverOf names the kind of server that answers at a token URL.
func serverOf(tokenURL string) string {
	if strings.HasSuffix(tokenURL, keycloakPath) {
		return "Keycloak"
	}
	return "APIM"
}

// realmOf returns the URL of the realm that a token URL of Keycloak belongs to. It is the audience of assertions.
func realmOf(tokenURL string) string { return strings.TrimSuffix(tokenURL, keycloakPath) }

// longWait is the longest Retry-After for which a hint offers to wait.
const longWait = 4 * time.Minute

// MaxCorrection is the largest correction of an assertion's date for a wrong clock. The server that answers for the
// token endpoint tells the time, and a hostile one could keep an assertion that is dated for later.
const MaxCorrection = time.Hour

// Correctable reports whether an assertion is still in time if its date is corrected by at most [MaxCorrection]: the
// rest of the skew may be as large as one that needs no correction.
func Correctable(skew time.Duration) bool { return skew.Abs() <= MaxCorrection+NoticeSkew }

// SkewText says in words how wrong this machine's clock is.
func SkewText(skew time.Duration) string {
	switch {
	case skew > 0:
		return "this machine's clock is " + skew.String() + " ahead of APIM's"
	case skew < 0:
		return "this machine's clock is " + (-skew).String() + " behind APIM's"
	}
	return "this machine's clock may be wrong"
}

// plainID reports whether s looks like a message ID; any other text is not printed.
func plainID(s string) bool {
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("._:-", r) {
			return false
		}
	}
	return s != "" && len(s) <= 128
}

// maxRetryAfter limits how long a server may ask to wait: more than a day is a mistake of the server.
const maxRetryAfter = 24 * time.Hour

// retryAfter returns how long a server asks to wait (RFC 9110 section 10.2.3): seconds, or a date. A date is compared
// with the reply's Date header, as this machine's clock may be wrong. Any other text, or a date in the past, counts as
// zero.
func retryAfter(h http.Header, now time.Time) time.Duration {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if text != "" && strings.Trim(text, "0123456789") == "" {
		n, err := strconv.ParseUint(text, 10, 32)
		if err != nil {
			return maxRetryAfter
		}
		return min(time.Duration(n)*time.Second, maxRetryAfter)
	}
	until, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	if server, err := http.ParseTime(h.Get("Date")); err == nil {
		now = server
	}
	return min(max(until.Sub(now).Round(time.Second), 0), maxRetryAfter)
}

// HostOf returns the host of a token URL, with its port.
func HostOf(rawURL string) string {
	u, err := url.Parse(rawURL)
	if err != nil {
		return "the token endpoint"
	}
	return u.Host
}
