package apim

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"cgp-cred/keystore"
)

// maxReply limits how much of a reply is read; APIM's replies are under 1 KiB.
const maxReply = 64 << 10

// maxLife limits expires_in: APIM's own default is an hour.
const maxLife = time.Hour

// assertionType is RFC 7523 section 2.2's name for a JWT as client authentication.
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// Token is an access token and what its reply said.
type Token struct {
	Value     keystore.Secret
	FetchedAt time.Time     // when the request began, by this machine's clock
	Expiry    time.Time     // FetchedAt + expires_in: the server's clock is not trusted
	Skew      time.Duration // this machine's clock minus the server's Date header; zero without one
}

// Exchange sends one assertion to tokenURL (RFC 6749 section 4.4.2) and returns the token. It returns an [Error] for a
// refusal and for a network failure. It never sends an assertion twice and follows no redirect.
func (c *Client) Exchange(ctx context.Context, tokenURL string, assertion keystore.Secret) (Token, error) {
	form := url.Values{
		"grant_type":            {"client_credentials"},
		"client_assertion_type": {assertionType},
		"client_assertion":      {string(assertion.Reveal())},
	}
	var p progress
	req, err := http.NewRequestWithContext(p.watch(ctx), http.MethodPost, tokenURL, strings.NewReader(form.Encode()))
	if err != nil {
		return Token{}, badTokenURL(errNoURL.Error())
	}
	req.GetBody = nil // the transport must not send it again on another connection: the jti may be used up
	// APIM compares the type with this exact text: it answers 415 to one with a charset.
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "cgp-cred")

	client, err := c.http(tokenURL)
	if err != nil {
		return Token{}, err
	}
	sent := redactor{assertion}
	start := c.now()
	res, err := client.Do(req) // the URL comes only from the record
	if err != nil {
		return Token{}, networkError(tokenURL, p.stage(), sent, err)
	}
	defer res.Body.Close() //nolint:errcheck // nothing is lost: the body is read
	body, err := readBody(res)
	skew := skewOf(res.Header.Get("Date"), start, c.now())
	var token Token
	var problem errStrange
	switch {
	case errors.As(err, &problem):
		return Token{}, strangeReply(tokenURL, res, skew, problem)
	case err != nil:
		return Token{}, networkError(tokenURL, p.stage(), sent, err)
	case res.StatusCode == http.StatusOK:
		if token, err = ParseToken(body, start); err == nil {
			break
		}
		fallthrough
	default:
		return Token{}, refusal(tokenURL, res, body, err, c.now(), skew, sent)
	}
	token.Skew = skew
	return token, nil
}

var errTooLong = errors.New("the reply is over 64 KiB")

// skewOf compares this machine's clock with a reply's Date header, which counts whole seconds. It assumes that the
// server wrote the header halfway between start and end.
func skewOf(date string, start, end time.Time) time.Duration {
	server, err := http.ParseTime(date)
	if err != nil {
		return 0
	}
	return start.Add(end.Sub(start) / 2).Sub(server.Add(500 * time.Millisecond)).Round(time.Second)
}

func (c *Client) now() time.Time {
	if c.Now != nil {
		return c.Now()
	}
	return time.Now()
}
