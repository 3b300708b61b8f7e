package simulator

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// The realm of Keycloak that signs in the machine users of Proxygen, NHS England's service for API producers.
const (
	realmPath      = "/realms/api-producers"
	realmTokenPath = realmPath + "/protocol/openid-connect/token"
)

// Keycloak's limits. An exp of 300 s ahead is what proxygen itself sends; the realm's own limit is not public.
const (
	realmTokenLife = 300 * time.Second // Keycloak's default
	realmMaxAhead  = 300 * time.Second
	realmSkew      = 15 * time.Second
)

// Keycloak's words, as of its version 26. Several faults have the same ones.
const (
	badRealmClient    = "Invalid client or Invalid client credentials"
	badRealmAssertion = "Client authentication with signed JWT failed: "
	badRealmSignature = badRealmAssertion + "Signature on JWT token failed validation"
	badRealmJWT       = badRealmAssertion + "java.lang.IllegalArgumentException: Parsing error"
)

// realmError is a refusal of Keycloak's token endpoint.
func realmError(status int, code, description string) answer {
	a := jsonAnswer(status, "application/json", struct {
		Error       string `json:"error"`
		Description string `json:"error_description,omitempty"`
	}{code, description})
	a.header("Cache-Control", "no-store")
	if a.problem = code; description != "" {
		a.problem += ": " + description
	}
	return a
}

// badClient is a refusal of the client's assertion.
func badClient(description string) answer {
	return realmError(http.StatusBadRequest, "invalid_client", description)
}

// serveRealm answers a request to the realm's token endpoint, with the faults that apply to it.
func (s *Simulator) serveRealm(w http.ResponseWriter, r *http.Request) (answer, faults) {
	if r.Method != http.MethodPost {
		a := realmError(http.StatusMethodNotAllowed, "HTTP 405 Method Not Allowed", "")
		a.header("Allow", "OPTIONS, POST")
		return a, faults{}
	}
	p := s.faults.next(tokenSide)
	if p.intercept != nil {
		return p.instead, p
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != formType {
		return realmError(http.StatusUnsupportedMediaType, "HTTP 415 Unsupported Media Type", ""), p
	}
	form, refused := readForm(w, r)
	if refused != nil {
		return *refused, p
	}
	client, refused := s.admitRealm(r, form)
	if refused != nil {
		return *refused, p
	}
	return s.mintRealm(r, client), p
}

// admitRealm makes Keycloak's checks in its order: the grant, the client, its key, its signature, its claims. It
// returns the client's ID, or a refusal.
func (s *Simulator) admitRealm(r *http.Request, form url.Values) (client string, refused *answer) {
	refuse := func(a answer) (string, *answer) { return "", &a }
	kind, text := form.Get("client_assertion_type"), form.Get("client_assertion")
	switch {
	case form.Get("grant_type") == "":
		return refuse(realmError(http.StatusBadRequest, "invalid_request", "Missing form parameter: grant_type"))
	case form.Get("grant_type") != "client_credentials":
		return refuse(realmError(http.StatusBadRequest, "unsupported_grant_type", "Unsupported grant_type"))
	case text == "":
		return refuse(realmError(http.StatusUnauthorized, "invalid_client", badRealmClient))
	}
	a, ok := decode(text)
	switch {
	case !ok:
		return refuse(badClient(badRealmJWT))
	case kind == "":
		return refuse(badClient("Parameter client_assertion_type is missing"))
	case kind != assertionType:
		return refuse(badClient(
			"Parameter client_assertion_type has value '" + kind + "' but expected is '" + assertionType + "'"))
	case a.subject() == "":
		return refuse(badClient("Token sub claim is required"))
	case form.Get("client_id") != "" && form.Get("client_id") != a.subject():
		return refuse(badClient("client_id parameter does not match sub claim"))
	case !a.issuerIsSubject(), s.config.APIKey != "" && a.subject() != s.config.APIKey:
		return refuse(realmError(http.StatusUnauthorized, "invalid_client", badRealmClient))
	case a.head["alg"] != any("RS512"): // Keycloak takes what the client is registered for, and that is not public
		return refuse(badClient("Invalid signature algorithm"))
	}
	now := s.config.Now()
	set, _ := s.keys.get(now)
	keys := set[a.head.text("kid")]
	switch {
	case len(keys) == 0:
		return refuse(badClient("Unable to load public key"))
	case !a.signedByOne(keys):
		return refuse(badClient(badRealmSignature))
	}
	if problem := s.realmClaims(r, a, now); problem != "" {
		return refuse(badClient(problem))
	}
	return a.subject(), nil
}

// realmClaims returns what Keycloak says of the claims of an assertion whose signature is right, or nothing.
func (s *Simulator) realmClaims(r *http.Request, a *assertion, now time.Time) string {
	audience, several := a.audience()
	exp, isNumber := a.claims["exp"].(json.Number)
	nbf, _ := a.claims["nbf"].(json.Number)
	ahead := time.Duration(number(exp)*1000-millis(now)) * time.Millisecond
	switch {
	case !slices.Contains(audience, s.origin(r)+realmPath):
		return "Invalid token audience"
	case several:
		return "Multiple audiences not allowed"
	case !isNumber:
		return "Token exp claim is required"
	case ahead <= -realmSkew, nbf != "" && number(nbf)*1000 > millis(now.Add(realmSkew)):
		return "Token is not active"
	case ahead > realmMaxAhead && a.claims.missing("iat"):
		return "Token expiration is too far in the future and iat claim not present in token"
	case a.claims.text("jti") == "":
		return "Token jti claim is required"
	case s.seen.use(a, now, false) == replayedJTI:
		return "Token reuse detected"
	}
	return ""
}

// audience returns aud, which may be a text or a list, and whether it has more than one.
func (a *assertion) audience() (all []string, several bool) {
	switch aud := a.claims["aud"].(type) {
	case string:
		return []string{aud}, false
	case []any:
		for _, one := range aud {
			if text, ok := one.(string); ok {
				all = append(all, text)
			}
		}
		return all, len(aud) > 1
	}
	return nil, false
}

// mintRealm issues a token as Keycloak does: a JWT, with numbers as numbers, and without issued_at.
func (s *Simulator) mintRealm(r *http.Request, client string) answer {
	now, life := s.config.Now(), s.config.TokenLife
	token := realmToken(s.origin(r)+realmPath, client, now, life)
	s.issued.put(token, now, life)
	a := jsonAnswer(http.StatusOK, "application/json", struct {
		AccessToken      string `json:"access_token"`
		ExpiresIn        int64  `json:"expires_in"`
		RefreshExpiresIn int64  `json:"refresh_expires_in"`
		TokenType        string `json:"token_type"`
		NotBefore        int64  `json:"not-before-policy"`
		Scope            string `json:"scope"`
	}{token, int64(life / time.Second), 0, "Bearer", 0, "email profile"})
	a.header("Cache-Control", "no-store")
	a.minted = true
	return a
}

// realmToken returns an access token in Keycloak's form. Its signature is random: only the simulator verifies it, and
// it knows the tokens that it issued.
func realmToken(issuer, client string, now time.Time, life time.Duration) string {
	part := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			panic(err) // v is a map of texts and numbers
		}
		return base64.RawURLEncoding.EncodeToString(b)
	}
	signature := make([]byte, 256)
	rand.Read(signature)
	return strings.Join([]string{
		part(map[string]any{"alg": "RS256", "typ": "JWT", "kid": "simulated"}),
		part(map[string]any{
			"exp": now.Add(life).Unix(), "iat": now.Unix(), "jti": opaque(), "iss": issuer, "aud": "account",
			"sub": "00000000-0000-4000-8000-000000000000", "typ": "Bearer", "azp": client, "client_id": client,
			"preferred_username": "service-account-" + client, "scope": "email profile", "acr": "1",
		}),
		base64.RawURLEncoding.EncodeToString(signature),
	}, ".")
}

// serveProxygen answers for Proxygen's API, which is small here: its status, and what is deployed of an API.
func (s *Simulator) serveProxygen(r *http.Request, path string) answer {
	name, ok := strings.CutPrefix(strings.TrimSuffix(path, "/environments"), "/apis/")
	switch {
	case path == "/_status" && reads(r):
		return jsonAnswer(http.StatusOK, "application/json", map[string]any{
			"status": "pass", "proxygen_cli": map[string]string{"min_version": "2.0.0"},
		})
	case strings.HasPrefix(path, "/realms/"):
		return realmError(http.StatusNotFound, "Realm does not exist", "For more on this error consult the server log.")
	case !ok || name == "":
		return jsonProblem(http.StatusNotFound, "Not Found")
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || s.issued.state(token, s.config.Now()) != liveToken {
		return jsonProblem(http.StatusUnauthorized, "Unauthorized")
	}
	if !reads(r) || strings.Contains(name, "/") || !strings.HasSuffix(path, "/environments") {
		return jsonProblem(http.StatusNotFound, "Not Found")
	}
	return jsonAnswer(http.StatusOK, "application/json", []map[string]string{{
		"environment": "internal-dev", "type": "instance", "name": name, "last_modified": "2026-01-02T03:04:05+00:00",
	}})
}

// jsonProblem returns an error of Proxygen's API. Its real words are not public.
func jsonProblem(status int, message string) answer {
	a := jsonAnswer(status, "application/json", map[string]string{"message": message})
	a.problem = message
	return a
}
