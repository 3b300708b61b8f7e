package apim

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
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

	client, err := c.http()
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
	body, err := io.ReadAll(io.LimitReader(res.Body, maxReply+1))
	skew := skewOf(res.Header.Get("Date"), start, c.now())
	if err == nil && len(body) > maxReply {
		err = errTooLong
	}
	if err != nil {
		return Token{}, networkError(tokenURL, p.stage(), sent, err)
	}
	if res.StatusCode != http.StatusOK {
		return Token{}, refusal(tokenURL, res, body, c.now(), skew, sent)
	}
	token, err := ParseToken(body, start)
	if err != nil {
		return Token{}, strangeReply(tokenURL, res, skew)
	}
	token.Skew = skew
	return token, nil
}

var errTooLong = errors.New("the reply is over 64 KiB")

// seconds reads 599 and "599": APIM sends expires_in as a string (RFC 6749 section 5.1 has a number).
type seconds int64

func (s *seconds) UnmarshalJSON(b []byte) error {
	var n json.Number
	if err := json.Unmarshal(bytes.Trim(b, `"`), &n); err != nil {
		return errors.New("expires_in is not a number")
	}
	v, err := n.Int64()
	if err != nil {
		return errors.New("expires_in is not a whole number")
	}
	*s = seconds(v)
	return nil
}

// ParseToken reads the body of a 200 (RFC 6749 section 5.1). The token's life counts from start. issued_at is ignored:
// it is sometimes missing, and it is in milliseconds of another clock. No error quotes the body.
func ParseToken(body []byte, start time.Time) (Token, error) {
	var reply struct {
		AccessToken string  `json:"access_token"`
		TokenType   string  `json:"token_type"`
		ExpiresIn   seconds `json:"expires_in"`
	}
	if err := json.Unmarshal(body, &reply); err != nil {
		return Token{}, errors.New("the reply is not a token in JSON")
	}
	value := keystore.NewSecret([]byte(reply.AccessToken))
	switch {
	case keystore.CheckToken(reply.AccessToken) != nil:
		return Token{}, errors.New("the reply has no usable access_token")
	case reply.TokenType != "" && !strings.EqualFold(reply.TokenType, "Bearer"):
		return Token{}, errors.New("the reply's token_type is not Bearer")
	case reply.ExpiresIn < 1:
		return Token{}, errors.New("the reply's expires_in is not positive")
	}
	life := maxLife
	if reply.ExpiresIn < seconds(maxLife/time.Second) {
		life = time.Duration(reply.ExpiresIn) * time.Second
	}
	return Token{Value: value, FetchedAt: start, Expiry: start.Add(life)}, nil
}

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

// defaultHTTP is for a Client whose HTTP is nil.
var defaultHTTP = sync.OnceValues(func() (*http.Client, error) { return NewHTTP() })

func (c *Client) http() (*http.Client, error) {
	if c.HTTP != nil {
		return c.HTTP, nil
	}
	return defaultHTTP()
}
