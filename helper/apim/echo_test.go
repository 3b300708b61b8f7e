package apim_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"cgp-cred/helper/apim"
	"cgp-cred/keystore"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/signer"
)

// A server may quote what it was sent: whole, cut, or only the API key.
func TestRefusalQuotesNothingOfTheRequest(t *testing.T) {
	t.Parallel()
	const key = "echo-api-key/0123456789"
	assertion, err := apim.Assertion(signer.NewRSA(testKey()),
		apim.Claims{APIKey: keystore.NewSecret([]byte(key)), KID: "k", Audience: "a", Now: now})
	if err != nil {
		t.Fatal(err)
	}
	text := string(assertion.Reveal())
	part := strings.Split(text, ".")
	for _, quoted := range []string{
		text, text[:100], text[len(text)-100:], part[1], part[2], part[1][7:60], key,
		"client_assertion=" + text + "&x", strings.ReplaceAll(key, "/", `\/`),
	} {
		for _, body := range []string{
			`{"error":"invalid_request","error_description":"Malformed JWT in client_assertion: %s."}`,
			`{"error":"%s","error_description":"Malformed JWT in client_assertion"}`,
			`{"fault":{"faultstring":"Invalid ApiKey %s","detail":{"errorcode":"oauth.v2.InvalidApiKey"}}}`,
			`{"error":"invalid_request","error_description":"Malformed JWT in client_assertion","message_id":"%s"}`,
		} {
			url, _ := endpoint(t, 400, nil, fmt.Sprintf(body, quoted))
			_, err := (&apim.Client{}).Exchange(t.Context(), url, assertion)
			var refused *apim.Error
			if !errors.As(err, &refused) {
				t.Fatalf("%v is not a refusal", err)
			}
			said := fmt.Sprintln(refused, fault.HintOf(refused, ""), refused.Code, refused.Description, refused.ID)
			for _, secret := range []string{
				key, part[1][:20], part[1][10:30], part[2][:20],
				part[2][len(part[2])-20:],
			} {
				if strings.Contains(said, secret) {
					t.Errorf("%s came back: %s", secret, said)
				}
			}
			if strings.Contains(body, `description":"Malformed`) && !strings.Contains(said, "Malformed JWT") {
				t.Errorf("nothing is left of %s: %s", body, said)
			}
		}
	}
}
