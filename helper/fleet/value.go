package fleet

import (
	"encoding/json"
	"errors"
	"time"

	"cgp-cred/helper/apim"
	"cgp-cred/helper/cache"
	"cgp-cred/keystore"
)

// refusalLife is how long the machines of a fleet take a refusal for the answer to their own request. It covers an
// array of jobs whose nodes start one after the other.
const refusalLife = time.Minute

// throttledLife is how long none of them asks after a 429 without Retry-After.
const throttledLife = 10 * time.Second

// value is what the machines share, as JSON before it is sealed. Its times are durations: machines have different
// clocks.
type value struct {
	Version int           `json:"v"`
	Header  string        `json:"header,omitempty"`
	Token   string        `json:"token,omitempty"`
	Life    time.Duration `json:"life,omitempty"`    // of the token, from when it was fetched
	Age     time.Duration `json:"age,omitempty"`     // of the token, when this was published
	Refusal *apim.Error   `json:"refusal,omitempty"` // of a request for a newer token
}

const valueVersion = 1

var errValue = errors.New("it is not a value that this version shares")

// shared returns the value of a token.
func shared(e cache.Entry, now time.Time) value {
	return value{
		Version: valueVersion, Header: e.Header, Token: string(e.Token.Reveal()),
		Life: e.Expiry.Sub(e.FetchedAt), Age: max(now.Sub(e.FetchedAt), 0),
	}
}

func (v value) encode() ([]byte, error) {
	return json.Marshal(v) // #nosec G117 -- it is sealed before it leaves the process
}

func decode(plain []byte) (v value, err error) {
	if json.Unmarshal(plain, &v) != nil || v.Version != valueVersion || v.Life < 0 || v.Age < 0 {
		return value{}, errValue
	}
	return v, nil
}

// entry returns the token by this machine's clock; age is the time since it was published.
func (v value) entry(age time.Duration, now time.Time) (cache.Entry, bool) {
	if v.Token == "" {
		return cache.Entry{}, false
	}
	fetched := now.Add(-v.Age - age)
	return cache.Entry{
		Header: v.Header, Token: keystore.NewSecret([]byte(v.Token)), FetchedAt: fetched, Expiry: fetched.Add(v.Life),
	}, true
}

// refused returns the refusal, as long as it counts, or nil.
func (v value) refused(age time.Duration) *apim.Error {
	e := v.Refusal
	if e == nil || age >= lifeOf(e) {
		return nil
	}
	return e
}

// lifeOf returns how long a refusal counts.
func lifeOf(e *apim.Error) time.Duration {
	if e.Throttled() {
		return max(e.RetryAfter, throttledLife)
	}
	return refusalLife
}
