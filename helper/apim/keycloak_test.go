package apim_test

import (
	"encoding/json"
	"strings"
	"testing"

	"cgp-cred/helper/apim"
)

// Keycloak's refusals, in the words of its versions from 7 to 26: what is wrong, the next command, and what the code may
// try itself.
func TestKeycloakRefusals(t *testing.T) {
	t.Parallel()
	const (
		realm = "https://identity.prod.api.platform.nhs.uk/realms/api-producers"
		jwt   = "Client authentication with signed JWT failed: "
		again = "run the command again"
	)
	type may struct{ Key, Clock, JTI bool }
	for _, tt := range []struct {
		name, code, text string
		status           int
		says, hint       string
		may              may
	}{
		{"audience", "invalid_client", "Invalid token audience", 400, "is not the realm's own URL", "cgp-cred store prod --audience " + realm + " --force", may{}},
		{"audience 22", "invalid_client", jwt + "Token audience doesn't match domain. Expected audiences are any of [x] but audience from token is '[y]'", 400, "is not the realm's own URL", "--audience " + realm, may{}},
		{"audience 7", "unauthorized_client", jwt + "Token audience doesn't match domain. Realm issuer is 'x' but audience from token is '[y]'", 400, "is not the realm's own URL", "--audience " + realm, may{}},
		{"client", "invalid_client", "Invalid client or Invalid client credentials", 401, "the client ID abcd...wxyz is not known in this realm", "cgp-cred store prod", may{}},
		{"client 18", "invalid_client", "Invalid client credentials", 400, "is not known in this realm", "cgp-cred store prod", may{}},
		{"kid", "invalid_client", "Unable to load public key", 400, `no public key with kid "key-1"`, "cgp-cred store prod --kid KID", may{Key: true}},
		{"kid 7", "unauthorized_client", "Unable to load public key", 400, `no public key with kid "key-1"`, "cgp-cred jwks prod", may{Key: true}},
		{"signature", "invalid_client", jwt + "Signature on JWT token failed validation", 400, `registered as "key-1" is not the one`, "cgp-cred jwks prod", may{Key: true}},
		{"expired", "invalid_client", "Token is not active", 400, "had expired when it arrived", "set the clock", may{Clock: true}},
		{"expired 7", "unauthorized_client", jwt + "Token is not active", 400, "had expired when it arrived", "set the clock", may{Clock: true}},
		{"too far", "invalid_client", "Token expiration is too far in the future and iat claim not present in token", 400, "too far in the future", "set the clock", may{Clock: true}},
		{"reuse", "invalid_client", "Token reuse detected", 400, "has seen this assertion before", again, may{JTI: true}},
		{"no service account", "unauthorized_client", "Client not enabled to retrieve service account", 401, "has no service account", "machine user", may{}},
		{"realm", "Realm does not exist", "For more on this error consult the server log.", 404, "no token endpoint at " + realm, "cgp-cred status prod", may{}},
		{"another", "invalid_grant", "Session not active", 400, "does not know this answer", "cgp-cred status prod", may{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			body, err := json.Marshal(map[string]string{"error": tt.code, "error_description": tt.text})
			if err != nil {
				t.Fatal(err)
			}
			e := apim.ParseRefusal(tt.status, body)
			e.TokenURL = realm + "/protocol/openid-connect/token"
			e.About = apim.Subject{Profile: "prod", Host: "proxygen.prod.api.platform.nhs.uk", KID: "key-1", APIKey: "abcd...wxyz"}
			if text := e.Error(); !strings.HasPrefix(text, "Keycloak answered ") || !strings.Contains(text, tt.says) {
				t.Errorf("%q, want %q", text, tt.says)
			}
			if hint := strings.Join(e.FaultHints(), "\n"); !strings.Contains(hint, tt.hint) || strings.Contains(hint, "{") &&
				tt.name != "another" {
				t.Errorf("hint %q, want %q", hint, tt.hint)
			}
			if got := (may{e.KeyRefused(), e.ClockWrong(), e.JTIReused()}); got != tt.may {
				t.Errorf("may try %+v, want %+v", got, tt.may)
			}
		})
	}
}
