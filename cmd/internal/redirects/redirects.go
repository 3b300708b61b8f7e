// Package redirects plays redirects with the clients of the documents, and keeps the table of docs/clients.md that says
// what each of them does with a token and with an API key.
//
// Three servers on this machine note which request had which header, so a result is what they saw: the first request
// with the header, and the next ones with it or without it. A client that sends nothing, or that follows no redirect,
// does not pass for one that keeps a header back.
//
// To add a client, add it to clients.go, and run make redirects.
package redirects

import (
	"fmt"
	"slices"
)

// Outcome is what became of a header.
type Outcome string

// The outcomes, as the table has them.
const (
	Sent        Outcome = "sent"
	KeptBack    Outcome = "kept back"
	NotFollowed Outcome = "not followed"
	NotPossible Outcome = "-" // the client can't send this header

	HeaderSent   Outcome = "ignored" // ~/.netrc
	PasswordSent Outcome = "replaces the token"
)

// Result is what a client did with its headers.
type Result struct {
	Origin Outcome // the token, to the same host and port
	Port   Outcome // the token, to another port
	Host   Outcome // the token, to another host
	Key    Outcome // the API key, to another host
	Netrc  Outcome // what ~/.netrc does
}

// outcome says what the servers saw of one header.
func outcome(hits []hit, has func(hit) bool) (Outcome, error) {
	first := slices.DeleteFunc(slices.Clone(hits), func(h hit) bool { return h.hop != 0 })
	later := slices.DeleteFunc(slices.Clone(hits), func(h hit) bool { return h.hop == 0 })
	switch {
	case len(first) == 0:
		return "", fmt.Errorf("no request came")
	case !slices.ContainsFunc(first, has):
		return "", fmt.Errorf("the first request did not have the header")
	case len(later) == 0:
		return NotFollowed, nil
	case slices.ContainsFunc(later, has):
		return Sent, nil
	case !slices.ContainsFunc(later, func(h hit) bool { return h.hop == lastHop }):
		return "", fmt.Errorf("the client stopped at the second redirect")
	}
	return KeptBack, nil
}

// agrees reports whether r says nothing else than other, as far as it goes.
func (r Result) agrees(other Result) bool {
	same := func(a, b Outcome) bool { return a == "" || a == b }
	return same(r.Origin, other.Origin) && same(r.Port, other.Port) && same(r.Host, other.Host) &&
		same(r.Key, other.Key) && same(r.Netrc, other.Netrc)
}

func hasToken(h hit) bool { return h.token }
func hasKey(h hit) bool   { return h.key }

// result says what a client did in a run of each case. Of a case that was not played it says nothing.
func result(hits map[Case][]hit, tokenOnly bool) (Result, error) {
	var r Result
	for _, part := range []struct {
		to  *Outcome
		of  Case
		has func(hit) bool
	}{{&r.Origin, Origin, hasToken}, {&r.Port, Port, hasToken}, {&r.Host, Host, hasToken}, {&r.Key, Host, hasKey}} {
		of, played := hits[part.of]
		if !played {
			continue
		}
		if part.to == &r.Key && tokenOnly {
			r.Key = NotPossible
			continue
		}
		var err error
		if *part.to, err = outcome(of, part.has); err != nil {
			return r, fmt.Errorf("redirect to the %s: %w", part.of, err)
		}
	}
	if hits, played := hits[Netrc]; played {
		var err error
		if r.Netrc, err = netrc(hits); err != nil {
			return r, fmt.Errorf("with a ~/.netrc: %w", err)
		}
	}
	return r, nil
}

// netrc says whether a password of ~/.netrc took the place of the token.
func netrc(hits []hit) (Outcome, error) {
	switch {
	case slices.ContainsFunc(hits, func(h hit) bool { return h.password }):
		return PasswordSent, nil
	case slices.ContainsFunc(hits, hasToken):
		return HeaderSent, nil
	}
	return "", fmt.Errorf("no request had a credential")
}
