package apim

import (
	"net/http"
	"strings"

	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/printable"
)

// cause is one reason why the token endpoint refuses a request: how to recognise its reply, and what fixes it. The
// texts name the profile's values: {profile} {host} {kid} {key} {url} {skew}.
type cause struct {
	status  int         // HTTP status; 0: any
	code    string      // part of "error" or a fault's errorcode; empty: any
	keyword string      // part of the description, in lower case: sentences change, key words rarely do; empty: any
	class   fault.Class // zero: Refused
	means   meaning     // for the code that tries again
	why     string      // the likely cause
	hint    string      // the next steps, one a line
}

// meaning says what may help after a refusal, beyond what a user does.
type meaning int

const (
	_          meaning = iota
	usedJTI            // a new assertion
	wrongClock         // an assertion with a corrected date
	wrongKey           // another key of the profile, or the same one later
	noKeys             // the same key later
)

// faultClass returns the class of an error with this cause.
func (c *cause) faultClass() fault.Class {
	if c.class == 0 {
		return fault.Refused
	}
	return c.class
}

// Texts about the quota of token requests.
const (
	whyQuota     = "too many token requests: APIM allows 300 a minute for an application"
	hintPatience = "or wait longer: add --timeout 5m"
	hintQuota    = "wait a minute, then run the command again\n" + hintPatience + "\n" +
		"many machines at once? let fewer of them request tokens: a machine shares its token among its processes\n" +
		"is one cached here? cgp-cred status {profile}"
)

const hintServer = "run the command again in a minute"

const whyLarge = "a server on the way takes no requests of this size"

// StoreAPIKey is the end of a hint to put an API key into a profile.
const StoreAPIKey = "cgp-cred store {profile}\n" +
	"without a terminal: cgp-cred store {profile} --api-key-file FILE"

// ClockHint says how to fix a wrong clock.
var ClockHint = "set the clock (" + printable.SetClock() + "), then run the command again"

const (
	hintMiddle = "a proxy or a sign-in page may be between this machine and {host}: check {proxy}"
	hintMock   = "a server of your own must answer 200 with JSON: " +
		`{"access_token":"...","token_type":"Bearer","expires_in":599}`
	hintProxy  = "put the proxy's user name into {proxy-variable}, or name {host} in NO_PROXY if no proxy is needed"
	hintSignIn = "sign in to the network (open any http page in a browser), or use another one, " +
		"then run the command again"
	hintBug   = "a proxy that changes requests can cause this; without a proxy, report it as a bug of cgp-cred"
	hintUser  = "is the API user-restricted (CIS2, NHS login)? cgp-cred is only for application-restricted ones"
	hintAgain = "run the command again: each try signs a new assertion"
)

// Texts for refusals that APIM and Keycloak share.
const (
	whySlow       = "the assertion had expired when it arrived: {skew}"
	whyFast       = "the assertion's expiry is too far in the future: {skew}"
	whySignature  = `the public key registered as "{kid}" is not the one this profile signs with`
	hintSignature = "compare n with the registered key set: cgp-cred jwks {profile}\n" +
		"or store the key that is registered: cgp-cred store {profile} --private-key FILE --kid KID --force"
)

// Causes that the code compares with, not only their texts.
var (
	causeQuota = cause{ // Apigee's own code: the status may be any
		code: "policies.ratelimit", class: fault.Temporary,
		why: whyQuota, hint: hintQuota,
	}
	causeUnknown = cause{
		why: "cgp-cred does not know this answer", hint: "ask API Management support, and give them the message_id",
	}
)

// causeForeign is a refusal that may not be API Management's.
var causeForeign = cause{
	why:  "cgp-cred does not know this answer",
	hint: "check the profile's host and token URL: cgp-cred status {profile}\n" + hintMock + "\n" + hintMiddle,
}

// causes is searched from the top; the first match wins.
var causes = []*cause{
	{
		status: http.StatusTooManyRequests, class: fault.Temporary,
		why: whyQuota, hint: hintQuota,
	},
	&causeQuota,
	{
		status: http.StatusRequestTimeout, class: fault.Temporary,
		why: "the server did not get the whole request in time", hint: hintServer,
	},
	{
		status: http.StatusTooEarly, class: fault.Temporary,
		why: "the server does not take early requests", hint: hintServer,
	},
	{
		status: http.StatusRequestEntityTooLarge, class: fault.Network, why: whyLarge, hint: hintMiddle,
	},
	{
		status: http.StatusRequestURITooLong, class: fault.Network, why: whyLarge, hint: hintMiddle,
	},
	{
		status: http.StatusRequestHeaderFieldsTooLarge, class: fault.Network, why: whyLarge, hint: hintMiddle,
	},
	{
		status: http.StatusUnsupportedMediaType,
		why:    "the request's content type was changed on the way", hint: hintBug,
	},
	{
		status: http.StatusMethodNotAllowed,
		why:    "{url} is not a token endpoint, or the request was changed on the way",
		hint:   "check the profile's token URL: cgp-cred status {profile}",
	},
	{
		status: http.StatusNotFound, why: "there is no token endpoint at {url}",
		hint: "check the profile's host and token URL: cgp-cred status {profile}",
	},
	// Keycloak's, which signs in the machine users of API producers. Older versions say more, with the same words.
	{
		keyword: "token audience",
		why:     "the assertion's audience is not the realm's own URL",
		hint: "set it: cgp-cred store {profile} --audience {realm} --force\n" +
			"or is it another environment's realm? cgp-cred status {profile}",
	},
	{
		keyword: "unable to load public key", means: wrongKey,
		why: `no public key with kid "{kid}" is registered for the client ID {key}`,
		hint: "compare with the registered key set: cgp-cred jwks {profile}\n" +
			"is it registered with another kid? cgp-cred store {profile} --kid KID",
	},
	{keyword: "signature on jwt token failed", means: wrongKey, why: whySignature, hint: hintSignature},
	{keyword: "token is not active", means: wrongClock, why: whySlow, hint: ClockHint},
	{keyword: "token expiration is too far", means: wrongClock, why: whyFast, hint: ClockHint},
	{keyword: "token reuse detected", means: usedJTI, why: "Keycloak has seen this assertion before", hint: hintAgain},
	{
		code: "invalid_client", keyword: "invalid client credentials",
		why: "the client ID {key} is not known in this realm, or it is disabled",
		hint: "client IDs belong to one environment: is this one of {realm}?\n" +
			"put the right client ID in (it takes the place of the API key): " + StoreAPIKey,
	},
	{
		status: http.StatusBadRequest, keyword: "jwt has expired", means: wrongClock,
		why: whySlow, hint: ClockHint,
	},
	{
		status: http.StatusBadRequest, keyword: "more than 5 minutes in future", means: wrongClock,
		why: whyFast, hint: ClockHint,
	},
	{
		status: http.StatusBadRequest, keyword: "non-unique 'jti'", means: usedJTI,
		why: "APIM has seen this assertion before", hint: hintAgain,
	},
	{
		status: http.StatusUnauthorized, keyword: "no matching public key", means: wrongKey,
		why: `no public key with kid "{kid}" is registered for API key {key}, or APIM hasn't seen it yet`,
		hint: "compare with the registered key set: cgp-cred jwks {profile}\n" +
			"just uploaded? APIM keeps the old key set for up to an hour",
	},
	{
		keyword: "signature verification failed", means: wrongKey, why: whySignature, hint: hintSignature,
	},
	{
		keyword: "invalid 'alg'", why: "the assertion was not signed with RS512", hint: hintBug,
	},
	{
		keyword: "missing 'kid'", why: "the profile's kid is empty or was lost on the way",
		hint: "set it again: cgp-cred store {profile} --kid KID",
	},
	{
		status: http.StatusUnauthorized, keyword: "'iss'/'sub'",
		why: "API key {key} is not known on {host}",
		hint: "API keys belong to one environment: is this application's environment {host}?\n" +
			"put the right key in: " + StoreAPIKey,
	},
	{
		keyword: "'iss'/'sub'", why: "the API key was empty or was lost on the way",
		hint: "store it again: " + StoreAPIKey,
	},
	{
		status: http.StatusForbidden, keyword: "register a public key", means: noKeys,
		why: "no public key is registered for API key {key} on {host}",
		hint: "print the key set: cgp-cred jwks {profile}\n" +
			"upload it in the Developer Hub: your application, then manage public key",
	},
	{
		status: http.StatusForbidden, keyword: "jwks endpoint", class: fault.Temporary,
		why: "APIM can't reach the JWKS URL that is registered for API key {key}",
		hint: "check that the URL answers from the internet, with a publicly trusted certificate and a path\n" +
			"then run the command again",
	},
	{
		keyword: "'aud'", why: "the audience is not the URL that APIM was called with: {url}",
		hint: "the profile's token URL or audience is of another environment: cgp-cred status {profile}",
	},
	{
		code: "unauthorized_client", keyword: "service account",
		why:  "the client ID {key} may not get tokens of its own: it has no service account",
		hint: "ask the API platform team whether this client ID is a machine user's",
	},
	{
		code: "unauthorized_client",
		why:  "API key {key} has no product with signed-JWT access: the API-key flavour of an API gives no tokens",
		hint: "subscribe the application to the signed-JWT (application-restricted) product in the Developer Hub\n" +
			"or use the API key itself: cgp-cred store {profile} --auth apikey\n" + hintUser,
	},
	{
		code: "access_denied", why: "API key {key} is revoked, not approved, or not subscribed to this API on {host}",
		hint: "look at the application in the Developer Hub of this environment",
	},
	{
		code: "InvalidClientIdentifier", why: "API key {key} is not known on {host}",
		hint: "API keys belong to one environment: is this application's environment {host}?\n" +
			"put the right key in: " + StoreAPIKey,
	},
	{code: "invalid_request", why: "the request was malformed", hint: hintBug},
	{code: "unsupported_grant_type", why: "the request was malformed", hint: hintBug},
}

// causeServer is any 5xx that no other cause explains.
var causeServer = cause{
	class: fault.Temporary,
	why:   "APIM or a server in front of it is failing", hint: hintServer,
}

// causeOf returns the cause of a refusal.
func causeOf(status int, code, description string) *cause {
	text := strings.ToLower(description)
	for _, c := range causes {
		sameStatus := c.status == 0 || c.status == status || status == http.StatusOK && c.keyword != ""
		if sameStatus && strings.Contains(code, c.code) && strings.Contains(text, c.keyword) {
			return c
		}
	}
	if status >= http.StatusInternalServerError {
		return &causeServer
	}
	return &causeUnknown
}
