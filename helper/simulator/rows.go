package simulator

import "net/http"

// row is one refusal of the token endpoint. The endpoint makes its checks in the order of the numbers.
type row int

// The refusals. The first ones do not use up the assertion's jti.
const (
	admitted row = iota
	badContentType
	noGrantType
	badGrantType
	badAssertionType
	noAssertion
	malformedJWT
	badAlg
	expired
	noKID
	badTyp
	noExp
	badExp
	badIssuer
	noJTI
	badJTI
	replayedJTI
	expTooFar // the jti is stored after this check
	unknownAPIKey
	overQuota
	noPublicKey
	keySetUnreachable
	unknownKID
	badSignature
	badAudience
	noProduct
)

const lastRow = noProduct

// refusals holds the answers of the token endpoint, word for word (NHSDigital/identity-service-api).
var refusals = [lastRow + 1]struct {
	status            int
	code, description string
}{
	badContentType: {
		http.StatusUnsupportedMediaType, "invalid_request",
		"Content-Type header must be application/x-www-form-urlencoded",
	},
	noGrantType: {
		http.StatusBadRequest, "invalid_request",
		"grant_type is missing",
	},
	badGrantType: {
		http.StatusBadRequest, "unsupported_grant_type",
		"grant_type is invalid",
	},
	badAssertionType: {
		http.StatusBadRequest, "invalid_request",
		"Missing or invalid client_assertion_type - must be '" + assertionType + "'",
	},
	noAssertion: {
		http.StatusBadRequest, "invalid_request",
		"Missing client_assertion",
	},
	malformedJWT: {
		http.StatusBadRequest, "invalid_request",
		"Malformed JWT in client_assertion",
	},
	badAlg: {
		http.StatusBadRequest, "invalid_request",
		"Invalid 'alg' header in client_assertion JWT - unsupported JWT algorithm - must be 'RS512'",
	},
	expired: {
		http.StatusBadRequest, "invalid_request",
		"Invalid 'exp' claim in client_assertion JWT - JWT has expired",
	},
	noKID: {
		http.StatusBadRequest, "invalid_request",
		"Missing 'kid' header in client_assertion JWT",
	},
	badTyp: {
		http.StatusBadRequest, "invalid_request",
		"Invalid 'typ' header in client_assertion JWT - must be 'JWT'",
	},
	noExp: {
		http.StatusBadRequest, "invalid_request",
		"Missing 'exp' claim in client_assertion JWT",
	},
	badExp: {
		http.StatusBadRequest, "invalid_request",
		"Invalid 'exp' claim in client_assertion JWT - must be an integer",
	},
	badIssuer: {
		http.StatusBadRequest, "invalid_request",
		"Missing or non-matching 'iss'/'sub' claims in client_assertion JWT",
	},
	noJTI: {
		http.StatusBadRequest, "invalid_request",
		"Missing 'jti' claim in client_assertion JWT",
	},
	badJTI: {
		http.StatusBadRequest, "invalid_request",
		"Invalid 'jti' claim in client_assertion JWT - must be a unique string value such as a GUID",
	},
	replayedJTI: {
		http.StatusBadRequest, "invalid_request",
		"Non-unique 'jti' claim in client_assertion JWT",
	},
	expTooFar: {
		http.StatusBadRequest, "invalid_request",
		"Invalid 'exp' claim in client_assertion JWT - more than 5 minutes in future",
	},
	unknownAPIKey: {
		http.StatusUnauthorized, "invalid_request",
		"Invalid 'iss'/'sub' claims in client_assertion JWT",
	},
	noPublicKey: {
		http.StatusForbidden, "public_key error",
		"You need to register a public key to use this authentication method - please contact support to configure",
	},
	keySetUnreachable: {
		http.StatusForbidden, "public_key error",
		"The JWKS endpoint, for your client_assertion can't be reached",
	},
	unknownKID: {
		http.StatusUnauthorized, "invalid_request",
		"Invalid 'kid' header in client_assertion JWT - no matching public key",
	},
	badSignature: {
		http.StatusUnauthorized, "public_key error",
		"JWT signature verification failed",
	},
	badAudience: {
		http.StatusUnauthorized, "invalid_request",
		"Missing or invalid 'aud' claim in client_assertion JWT",
	},
	noProduct: {
		http.StatusUnauthorized, "unauthorized_client",
		"you have tried to request authorization but your application is not configured " +
			"to use this authorization grant type",
	},
}

// refuse returns the answer for a row.
func refuse(n row) answer {
	if n == overQuota {
		return throttled("")
	}
	r := refusals[n]
	return oauthError(r.status, r.code, r.description)
}

// throttled returns the answer to too many requests. The status is certain. The body, Apigee's own fault, is a guess:
// the identity service has no text for this case. APIM has never been seen to send a Retry-After; retryAfter simulates
// one.
func throttled(retryAfter string) answer {
	a := apigeeFault(http.StatusTooManyRequests,
		"Rate limit quota violation. Quota limit  exceeded. Identifier : _default", "policies.ratelimit.QuotaViolation")
	if retryAfter != "" {
		a.header("Retry-After", retryAfter)
	}
	return a
}

// unknownError returns the identity service's answer to a problem for which it has no other text.
func unknownError(status int) answer {
	return oauthError(status, "unknown_error",
		"An unknown error occurred processing this request. Contact us for assistance diagnosing "+
			"this issue: https://digital.nhs.uk/developer/help-and-support quoting Message ID")
}
