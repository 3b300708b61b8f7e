package simulator

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"cgp-cred/keystore/fault"
)

// FaultNames lists the faults that [ParseFault] knows, for a help text.
const FaultNames = "row01 to row25, 429[:SECONDS], 502[:html], html, " +
	"delay:DUR, drip:DUR, reset, truncate, redirect[:URL]"

// Fault is a simulated failure. [ParseFault] makes it; the zero value does nothing.
type Fault struct {
	text     string
	side     side
	count    int // how many requests it applies to; 0: all
	kind     string
	row      row
	duration time.Duration
	argument string
}

type side int

const (
	tokenSide side = iota
	apiSide
	bucketSide
)

// String returns the fault as ParseFault read it.
func (f Fault) String() string { return f.text }

// Row reports whether the fault is a refusal by its place in APIM's order.
func (f Fault) Row() bool { return f.kind == "row" }

// badFault returns the error for a fault that can't be read.
func badFault(text, problem string) error {
	const hint = "give NAME or NAME=COUNT, with NAME one of " + FaultNames
	return fault.New(fault.Usage, hint, "--fault %s: %s", strconv.QuoteToASCII(text), problem)
}

// ParseFault reads NAME or NAME=COUNT. A fault applies to the first COUNT requests (COUNT is 1 or more), or to all
// without COUNT. If several faults could answer a request, the first one does; delay and drip combine with any other. A
// fault applies to the token endpoints. If NAME begins with "api:", it applies to the APIs behind APIM, and if it
// begins with "bucket:", to the second host; neither has rows. The names:
//
//	row01 to row25  that refusal of the token endpoint. From row 18 on it uses up the assertion's jti, as APIM does
//	429[:N]         too many requests; with N, a Retry-After of N seconds. Uses up the jti
//	502[:html]      a bad gateway in Apigee's JSON, or as a load balancer's page. Uses up the jti
//	html            a proxy's login page, status 200. APIM never sees the request
//	redirect[:URL]  status 307 to another token endpoint (API: path) of this server, or to URL. APIM never sees the
//	                request
//	reset           the connection is reset (TCP RST) instead of an answer. Uses up the jti
//	truncate        the right answer, cut after half of the body
//	delay:DUR       the answer comes DUR later
//	drip:DUR        the answer's body comes byte by byte, over DUR in total
//
// DUR is a Go duration such as 500ms, or a number of seconds. A URL that ends in =DIGITS needs a COUNT.
func ParseFault(s string) (Fault, error) {
	f := Fault{text: s}
	name := s
	if i := strings.LastIndexByte(s, '='); i >= 0 && (isDigits(s[i+1:]) || !strings.Contains(s, "://")) {
		n, err := strconv.ParseUint(s[i+1:], 10, 31)
		if err != nil || n == 0 {
			return Fault{}, badFault(s, "COUNT is not a number of 1 or more")
		}
		f.count, name = int(n), s[:i]
	}
	if rest, ok := strings.CutPrefix(name, "api:"); ok {
		f.side, name = apiSide, rest
	} else if rest, ok := strings.CutPrefix(name, "bucket:"); ok {
		f.side, name = bucketSide, rest
	}
	var hasArgument bool
	f.kind, f.argument, hasArgument = strings.Cut(name, ":")
	if problem := f.fill(hasArgument); problem != "" {
		return Fault{}, badFault(s, problem)
	}
	return f, nil
}

// maxDuration is the longest duration of a fault.
const maxDuration = 24 * time.Hour

func isDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// fill reads the argument for the fault's kind, and returns what is wrong with it, or nothing.
func (f *Fault) fill(hasArgument bool) string {
	if n, ok := strings.CutPrefix(f.kind, "row"); ok && f.side == tokenSide && !hasArgument {
		i, err := strconv.Atoi(n)
		if err != nil || len(n) != 2 || !isDigits(n) || i < 1 || i > int(lastRow) {
			return "there is no such row"
		}
		f.kind, f.row = "row", row(i)
		return ""
	}
	switch f.kind {
	case "delay", "drip":
		d, err := time.ParseDuration(f.argument)
		if isDigits(f.argument) {
			d, err = time.ParseDuration(f.argument + "s")
		}
		if f.duration = d; err != nil || d < 0 || d > maxDuration {
			return "DUR is not a duration from 0s to 24h, such as 2s"
		}
		return ""
	case "429":
		if hasArgument && !isDigits(f.argument) {
			return "SECONDS is not a number"
		}
		return ""
	case "502":
		if hasArgument && f.argument != "html" {
			return `after "502:" only "html" may follow`
		}
		return ""
	case "redirect":
		if u, err := url.Parse(f.argument); hasArgument && (err != nil || u.Host == "") {
			return "URL is not an absolute URL"
		}
		return ""
	case "html", "reset", "truncate":
		if hasArgument {
			return "takes no argument"
		}
		return ""
	}
	return "there is no such fault"
}
