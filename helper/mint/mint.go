// Package mint exchanges an assertion for a token. It tries each key of a record, as often as the mint's time and
// attempts allow.
package mint

import (
	"context"
	"errors"
	"time"

	"cgp-cred/helper/apim"
	"cgp-cred/helper/records"
	"cgp-cred/helper/report"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/record"
	"cgp-cred/keystore/signer"
)

const (
	// Timeout is how long all requests of one mint may take.
	Timeout = 25 * time.Second

	maxAttempts = 3

	// WaitingAfter is when a user at a terminal is told what cgp-cred waits for.
	WaitingAfter = 2 * time.Second
)

// Minter says how tokens are minted.
type Minter struct {
	APIM    func() (*apim.Client, error) // made only when a token is minted
	Timeout time.Duration                // of all requests of one mint; 0: Timeout
	// of one mint, shared by its keys, without those that APIM throttles; 0: three
	Attempts uint
	Patience time.Duration // of all requests of one mint while APIM throttles; 0: as Timeout
	Window   time.Duration // within which a throttled mint asks again, if APIM does not say when; 0: 30 s
	Hurry    bool          // do not wait while APIM throttles: the caller has another token
	Quota    Quota         // what the caller knows about the quota
	Now      func() time.Time
	// called if a key outside the record has not signed for [WaitingAfter]; nil: not
	WaitingFor func(where string)
	Throttled  func(e *apim.Error, wait time.Duration) // called before each wait for the quota; nil: not
	Report     report.To
}

// RequestTime returns how long all requests of one mint may take.
func (m Minter) RequestTime() time.Duration {
	if m.Timeout > 0 {
		return m.Timeout
	}
	return Timeout
}

// Token exchanges an assertion for a token, and returns the key that obtained it. It tries the record's next key
// first, then the current and the previous one, as long as APIM says that it does not know a key, or the key can't
// sign. profile is for messages. All requests share one deadline, which does not run while the user is asked to let a
// key sign.
func (m Minter) Token(ctx context.Context, profile string, r *record.Record) (apim.Token, *record.Key, error) {
	s, err := m.begin(profile, r)
	if err != nil {
		return apim.Token{}, nil, err
	}
	if e := m.Quota.Refused; e != nil {
		e.About = s.about
		if !s.pause(ctx, e, m.Quota.Wait) {
			return apim.Token{}, nil, s.told(e)
		}
	}
	keys := r.Keys()
	var first error
	for i, key := range keys {
		t, signed, err := s.try(ctx, key)
		if err == nil {
			return t, key, nil
		}
		if first == nil || key == r.Key {
			first = err // the current key's error says most
		}
		if i == len(keys)-1 || signed && !keyRefused(err) {
			break
		}
		s.warnOfKey(key, keys[i+1], signed, err)
	}
	return apim.Token{}, nil, s.told(first)
}

// begin checks that a record can mint, and begins one mint with it.
func (m Minter) begin(profile string, r *record.Record) (*session, error) {
	switch {
	case r.Key == nil:
		return nil, records.Incomplete(profile, "private key")
	case r.APIKey.IsZero():
		return nil, records.Incomplete(profile, "API key")
	}
	endpoint := records.TokenURL(r)
	audience := r.Audience
	if audience == "" {
		audience = endpoint
	}
	if err := apim.CheckListener(apim.HostOf(endpoint)); err != nil {
		return nil, err
	}
	client, err := m.APIM()
	if err != nil {
		return nil, err
	}
	if err := client.Ready(endpoint); err != nil {
		return nil, err
	}
	attempts := m.Attempts
	if attempts == 0 {
		attempts = maxAttempts
	}
	return &session{
		Minter: m, client: client, record: r, tokenURL: endpoint, audience: audience,
		left: m.RequestTime(), attempts: attempts, quota: newQuota(m),
		about: apim.Subject{Profile: profile, Host: r.Host, APIKey: r.APIKeyLabel(), Variables: r.Variables},
	}, nil
}

// warnOfKey warns that another key is tried.
func (s *session) warnOfKey(key, next *record.Key, signed bool, err error) {
	kid, other := s.record.ShownKID(key), s.record.ShownKID(next)
	switch {
	case !signed:
		text := err.Error()
		if errors.Is(err, signer.ErrNotGiven) {
			text += "; " + fault.HintOf(err, "")
		}
		s.Report.Warn("the key %q can't sign now, so %q is tried: %s", kid, other, text)
	case key == s.record.Next:
		s.Report.Warn("APIM does not know the next key %q yet, so the current one is tried: "+
			"after an upload it can take an hour", kid)
	}
}

// keyRefused reports whether another key of the same application may be accepted.
func keyRefused(err error) bool {
	var refused *apim.Error
	return errors.As(err, &refused) && refused.KeyRefused()
}
