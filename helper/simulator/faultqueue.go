package simulator

import (
	"net/http"
	"sync"
	"time"
)

// faultQueue decides which faults apply to each request.
type faultQueue struct {
	mu   *sync.Mutex
	all  []Fault
	left []int // per fault; negative: no end
}

func newFaultQueue(faults []Fault) faultQueue {
	q := faultQueue{mu: new(sync.Mutex), all: append([]Fault(nil), faults...)}
	for _, f := range faults {
		n := f.count
		if n == 0 {
			n = -1
		}
		q.left = append(q.left, n)
	}
	return q
}

// faults holds the faults that apply to one request.
type faults struct {
	delay, drip time.Duration
	intercept   *Fault // answers instead of APIM; nil: APIM answers
	instead     answer // its answer
	inFront     bool   // it answers before APIM sees the request
	spareJTI    bool   // APIM refuses before it stores the jti
	reset       bool
	truncate    bool
}

// next returns the faults that apply to the next request on a side.
func (q *faultQueue) next(on side) faults {
	q.mu.Lock()
	defer q.mu.Unlock()
	var p faults
	for i := range q.all {
		f := &q.all[i]
		if f.side != on || q.left[i] == 0 || f.kind == "" {
			continue
		}
		switch f.kind {
		case "delay":
			p.delay += f.duration
		case "drip":
			p.drip += f.duration
		default:
			if p.intercept != nil || p.truncate {
				continue // another fault answers this request
			}
			p.take(f)
		}
		if q.left[i] > 0 {
			q.left[i]--
		}
	}
	return p
}

// take makes f answer the request.
func (p *faults) take(f *Fault) {
	if f.kind == "truncate" {
		p.truncate = true
		return
	}
	p.intercept = f
	switch f.kind {
	case "row":
		p.instead = refuse(f.row)
		p.spareJTI = f.row <= expTooFar
	case "429":
		p.instead = throttled(f.argument)
	case "502":
		p.instead = badGateway(f.argument == "html")
	case "html":
		p.instead, p.inFront = loginPage(), true
	case "redirect":
		p.instead, p.inFront = redirect(f.argument, f.side), true
	case "reset":
		p.instead, p.reset = answer{problem: "connection reset"}, true
	}
}

func badGateway(html bool) answer {
	if html {
		return page(http.StatusBadGateway, "text/html", "<html><head><title>502 Bad Gateway</title></head>\r\n"+
			"<body><center><h1>502 Bad Gateway</h1></center></body></html>\r\n", "bad gateway")
	}
	return apigeeFault(http.StatusBadGateway,
		"Unexpected EOF at target", "messaging.adaptors.http.flow.UnexpectedEOFAtTarget")
}

func loginPage() answer {
	return page(http.StatusOK, "text/html; charset=utf-8",
		"<!DOCTYPE html>\n<html><head><title>Sign in to the network</title></head>"+
			`<body><form method="post" action="/login">`+
			`<input name="user"><input name="password" type="password"></form></body></html>`+"\n",
		"a proxy's login page")
}

// redirect sends the client to another URL with its body, which a client must not do with an assertion. The default is
// another token endpoint of this server, so that Requests counts a client that follows.
func redirect(to string, on side) answer {
	switch {
	case to == "" && on == tokenSide:
		to = "/oauth2-elsewhere/token"
	case to == "":
		to = "/elsewhere"
	}
	a := page(http.StatusTemporaryRedirect, "text/plain", "", "redirected")
	a.header("Location", to)
	return a
}
