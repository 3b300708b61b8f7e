package cache

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"cgp-cred/keystore"
)

// Entry is a cached token.
type Entry struct {
	Header    string          // name of the token's header: Authorization; printable ASCII, at most 255 bytes
	Token     keystore.Secret // printable ASCII without spaces
	FetchedAt time.Time       // when the request for it started, by the local clock; kept to the millisecond
	Expiry    time.Time       // when it expires, by the local clock; kept to the millisecond
}

// clockSlack is how far the clock may have gone back since the token was fetched. If it went back further, the
// token's age can't be known (WSL's clock after sleep).
const clockSlack = 5 * time.Second

// Fresh reports whether the token can be served at the time now. At least minValid must be left, or half of the token's
// life if that is less, and it must not have been fetched in the future.
func (e Entry) Fresh(now time.Time, minValid time.Duration) bool {
	margin := min(max(minValid, 0), e.Expiry.Sub(e.FetchedAt)/2)
	return now.Before(e.Expiry) && e.Expiry.Sub(now) >= margin && !now.Before(e.FetchedAt.Add(-clockSlack))
}

// An encoded entry is version (1 byte) | fetched-at (8) | expiry (8), both in milliseconds since 1970, big endian |
// length of the header (1) | header | token.
const (
	entryVersion = 1
	entryHead    = 1 + 8 + 8 + 1
	maxHeader    = 255
	maxToken     = 3500 // a token of APIM has 28 characters; with the seal it must fit the keyring's 4096
)

var errEntry = errors.New("not a cache entry that can be kept")

func encode(e Entry) ([]byte, error) {
	token := e.Token.Reveal()
	if len(token) > maxToken {
		return nil, fmt.Errorf("it has %d characters, and the cache keeps at most %d: each call asks for a new one",
			len(token), maxToken)
	}
	if len(e.Header) > maxHeader {
		return nil, errEntry
	}
	b := make([]byte, 0, entryHead+len(e.Header)+len(token))
	b = append(b, entryVersion)
	b = binary.BigEndian.AppendUint64(b, uint64(e.FetchedAt.UnixMilli()))
	b = binary.BigEndian.AppendUint64(b, uint64(e.Expiry.UnixMilli()))
	b = append(b, byte(len(e.Header))) //nolint:gosec // at most maxHeader
	b = append(b, e.Header...)
	b = append(b, token...)
	if _, err := decode(b); err != nil { // what can't be read back is not written
		return nil, err
	}
	return b, nil
}

func decode(b []byte) (Entry, error) {
	if len(b) < entryHead || b[0] != entryVersion {
		return Entry{}, errEntry
	}
	n := int(b[entryHead-1])
	text := b[entryHead:]
	if len(text) <= n || len(text)-n > maxToken || !printable(text[:n]) || !printable(text[n:]) {
		return Entry{}, errEntry
	}
	e := Entry{
		Header:    string(text[:n]),
		Token:     keystore.NewSecret(text[n:]),
		FetchedAt: time.UnixMilli(int64(binary.BigEndian.Uint64(b[1:]))).UTC(), //nolint:gosec // as above
		Expiry:    time.UnixMilli(int64(binary.BigEndian.Uint64(b[9:]))).UTC(), //nolint:gosec // as above
	}
	if !e.FetchedAt.Before(e.Expiry) {
		return Entry{}, errEntry
	}
	return e, nil
}

// printable reports whether b has only characters that can't end or split a header's line.
func printable(b []byte) bool {
	for _, c := range b {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return true
}
