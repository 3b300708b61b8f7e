package simulator

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
)

// answer is a whole response before it is sent.
type answer struct {
	status  int
	headers [][2]string
	body    []byte
	content *content // a file instead of body, of which the client may have a range; nil: body
	problem string   // for the log; empty: none
	minted  bool     // it carries a token
}

func (a *answer) header(name, value string) { a.headers = append(a.headers, [2]string{name, value}) }

// jsonAnswer returns an answer with v as JSON.
func jsonAnswer(status int, contentType string, v any) answer {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // v is always a struct or a map of strings from this package
	}
	a := answer{status: status, body: bytes.TrimSuffix(b.Bytes(), []byte("\n"))}
	a.header("Content-Type", contentType)
	return a
}

// oauthError returns an answer in the identity service's own format.
func oauthError(status int, code, description string) answer {
	a := jsonAnswer(status, "application/json", struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
		MessageID   string `json:"message_id"`
	}{code, description, messageID()})
	a.problem = code + ": " + description
	return a
}

// apigeeFault returns an answer in the format of Apigee, on which APIM runs.
func apigeeFault(status int, faultString, errorCode string) answer {
	type detail struct {
		ErrorCode string `json:"errorcode"`
	}
	type fault struct {
		FaultString string `json:"faultstring"`
		Detail      detail `json:"detail"`
	}
	a := jsonAnswer(status, "application/json", struct {
		Fault fault `json:"fault"`
	}{fault{faultString, detail{errorCode}}})
	a.problem = errorCode + ": " + faultString
	return a
}

// page returns an answer with any text, such as a proxy's page.
func page(status int, contentType, body, problem string) answer {
	a := answer{status: status, body: []byte(body), problem: problem}
	a.header("Content-Type", contentType)
	return a
}

// ping returns the answer to /_ping, which needs no credential on any API.
func ping() answer {
	return jsonAnswer(http.StatusOK, "application/json", struct {
		Version   string `json:"version"`
		Revision  string `json:"revision"`
		ReleaseID string `json:"releaseId"`
		CommitID  string `json:"commitId"`
	}{"simulated", "1", "simulated", "0000000000000000000000000000000000000000"})
}

// messageID returns a random ID such as rrt-5733186035035051424-a-geu2-1852433-7579831-1.
func messageID() string {
	return fmt.Sprintf("rrt-%s-a-geu2-%s-%s-1", digits(19), digits(7), digits(7))
}

// digits returns a random decimal number of n digits.
func digits(n int64) string {
	first := new(big.Int).Exp(big.NewInt(10), big.NewInt(n-1), nil)
	span := new(big.Int).Mul(first, big.NewInt(9))
	k, err := rand.Int(rand.Reader, span)
	if err != nil {
		panic(err) // crypto/rand.Reader never fails
	}
	return k.Add(k, first).String()
}
