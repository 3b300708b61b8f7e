package simulator

import (
	"net/http"
	"strings"
)

const fhirJSON = "application/fhir+json"

// serveAPI answers for the APIs behind the simulated APIM.
func (s *Simulator) serveAPI(r *http.Request, path string) answer {
	api, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if api != "hello-world" && api != genomicAPI {
		return apigeeFault(http.StatusNotFound, "Unable to identify proxy for host: default and url: "+path,
			"messaging.adaptors.http.flow.ApplicationNotFound")
	}
	if rest == "_ping" && reads(r) {
		return ping()
	}
	if refused := s.credential(r); refused != nil {
		return *refused
	}
	switch {
	case r.Method == http.MethodOptions: // there is no CORS on the platform
	case api == genomicAPI:
		return s.genomic(r, rest)
	case reads(r) && rest == "hello/application":
		return jsonAnswer(http.StatusOK, "application/json", map[string]string{"message": "Hello Application!"})
	}
	return notFound()
}

// credential refuses a request without a live Bearer token or the right API key, in Apigee's words.
func (s *Simulator) credential(r *http.Request) *answer {
	apiKey := r.Header.Get("apikey")
	keyIsRight := s.config.APIKey != "" && apiKey == s.config.APIKey
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	switch {
	case keyIsRight:
		return nil
	case r.Header.Get("Authorization") == "" && apiKey != "":
		a := apigeeFault(http.StatusUnauthorized, "Invalid ApiKey", "oauth.v2.InvalidApiKey")
		return &a
	case !strings.EqualFold(scheme, "Bearer") || token == "":
		return badToken("Invalid access token", "oauth.v2.InvalidAccessToken")
	}
	switch s.issued.state(token, s.config.Now()) {
	case liveToken:
		return nil
	case expiredToken:
		return badToken("Access Token expired", "keymanagement.service.access_token_expired")
	}
	return badToken("Invalid Access Token", "keymanagement.service.invalid_access_token")
}

func badToken(faultString, errorCode string) *answer {
	a := apigeeFault(http.StatusUnauthorized, faultString, errorCode)
	a.header("WWW-Authenticate",
		`Bearer realm="null",error="invalid_token",error_description="`+errorCode+": "+faultString+`"`)
	return &a
}

// notFound returns a FHIR API's answer to a path that it does not have.
func notFound() answer {
	return outcome(http.StatusNotFound, "not-found", "RESOURCE_NOT_FOUND", "The simulated API has no such resource")
}

// outcome returns an error of a FHIR API: code is FHIR's own, and spine NHS England's.
func outcome(status int, code, spine, diagnostics string) answer {
	type coding struct {
		System string `json:"system"`
		Code   string `json:"code"`
	}
	type issue struct {
		Severity    string              `json:"severity"`
		Code        string              `json:"code"`
		Details     map[string][]coding `json:"details"`
		Diagnostics string              `json:"diagnostics"`
	}
	const system = "https://fhir.nhs.uk/R4/CodeSystem/Spine-ErrorOrWarningCode"
	a := jsonAnswer(status, fhirJSON, struct {
		ResourceType string  `json:"resourceType"`
		Issue        []issue `json:"issue"`
	}{"OperationOutcome", []issue{{
		Severity:    "error",
		Code:        code,
		Details:     map[string][]coding{"coding": {{system, spine}}},
		Diagnostics: diagnostics,
	}}})
	if a.problem = code; status != http.StatusNotFound {
		a.problem += ": " + diagnostics
	}
	return a
}
