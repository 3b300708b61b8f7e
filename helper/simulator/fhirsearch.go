package simulator

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// parameters returns the search parameters of a type that is served, and where in a resource each looks. It returns
// false for any other type.
func parameters(kind string) (map[string][]string, bool) {
	all := map[string][]string{
		"_id":          {"id"},
		"_lastUpdated": {"meta", "lastUpdated"},
		"_tag":         {"meta", "tag"},
		"identifier":   {"identifier"},
	}
	subject := []string{"subject", "identifier"}
	switch kind {
	case "ServiceRequest":
		all["subject:identifier"], all["patient:identifier"] = subject, subject
		all["performer:identifier"] = []string{"performer", "identifier"}
		all["status"] = []string{"status"}
	case "DocumentReference":
		all["subject:identifier"], all["patient:identifier"] = subject, subject
		all["author:identifier"] = []string{"author", "identifier"}
		all["related:identifier"] = []string{"context", "related", "identifier"}
		all["category"] = []string{"category", "coding"}
		all["contenttype"] = []string{"content", "attachment", "contentType"}
		all["status"] = []string{"status"}
	case "RelatedPerson":
		all["patient:identifier"] = []string{"patient", "identifier"}
	case "Specimen", "Procedure":
		all["subject:identifier"] = subject
	case "Task":
		all["performer:identifier"] = []string{"performer", "identifier"}
	case "Composition", "Provenance", "Device":
	default:
		return nil, false
	}
	return all, true
}

const (
	pageSize = 100
	// backendURL is the address of the database in the links of a searchset. On the platform too it is one that clients
	// can't call: they keep their own and take the rest from the link.
	backendURL = "https://healthlake.simulated.invalid/datastore/simulated/r4/"
)

// search answers a FHIR search. Like FHIR servers by default it ignores a parameter that it does not know, unless the
// client wants to be told (Prefer: handling=strict).
func (s *Simulator) search(r *http.Request, kind string) answer {
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return outcome(http.StatusBadRequest, "invalid", "INVALID_PARAMETER", "The query can't be read")
	}
	all, err := s.resources(r, kind)
	if err != nil {
		return outcome(http.StatusInternalServerError, "exception", "INTERNAL_SERVER_ERROR",
			"The files can't be listed")
	}
	strict := strings.Contains(r.Header.Get("Prefer"), "handling=strict")
	known, _ := parameters(kind)
	for name, values := range q {
		where, ok := known[name]
		switch {
		case ok:
		case name == "_count" || name == "_page" || !strict:
			continue
		default:
			return outcome(http.StatusBadRequest, "not-supported", "INVALID_PARAMETER",
				"There is no search parameter "+strconv.QuoteToASCII(name))
		}
		for _, value := range values {
			match, err := matcher(name, value, where)
			if err != nil {
				return outcome(http.StatusBadRequest, "invalid", "INVALID_PARAMETER", err.Error())
			}
			all = slices.DeleteFunc(all, func(one resource) bool { return !match(one) })
		}
	}
	return searchset(kind, q, all)
}

// searchset returns one page of the resources that were found.
func searchset(kind string, q url.Values, all []resource) answer {
	count, from := pageSize, 0
	for name, n := range map[string]*int{"_count": &count, "_page": &from} {
		if !q.Has(name) {
			continue
		}
		v, err := strconv.ParseUint(q.Get(name), 10, 31)
		if err != nil {
			return outcome(http.StatusBadRequest, "invalid", "INVALID_PARAMETER", name+" is not a number")
		}
		*n = int(v)
	}
	from = min(from, len(all))
	to := from + min(count, pageSize, len(all)-from)
	link := resource{"relation": "self", "url": backendURL + kind}
	if to < len(all) && to > from { // as on the platform, this is then the only link
		next := url.Values{}
		for name, values := range q {
			next[name] = values
		}
		next.Set("_page", strconv.Itoa(to))
		link = resource{"relation": "next", "url": backendURL + kind + "?" + next.Encode()}
	}
	bundle := resource{
		"resourceType": "Bundle", "id": randomUUID(), "type": "searchset", "total": len(all), "link": []any{link},
	}
	var entries []any
	for _, one := range all[from:to] {
		entries = append(entries, resource{
			"fullUrl": fmt.Sprintf("%s%s/%v", backendURL, kind, one["id"]), "resource": one,
			"search": resource{"mode": "match"},
		})
	}
	if entries != nil { // FHIR has no empty lists
		bundle["entry"] = entries
	}
	return jsonAnswer(http.StatusOK, fhirJSON, bundle)
}

// matcher returns a test for one search parameter. Values with commas between them are alternatives.
func matcher(name, value string, where []string) (func(resource) bool, error) {
	if name == "_lastUpdated" {
		return updated(value)
	}
	wanted := strings.Split(value, ",")
	return func(r resource) bool {
		for _, got := range dig(r, where) {
			for _, want := range wanted {
				if tokenMatches(want, got) {
					return true
				}
			}
		}
		return false
	}, nil
}

// tokenMatches compares a value of a search with an identifier, a coding or a text: VALUE, SYSTEM|VALUE, |VALUE without
// a system, or SYSTEM| with any value.
func tokenMatches(want string, got any) bool {
	system, value, both := strings.Cut(want, "|")
	if !both {
		value = want
	}
	switch got := got.(type) {
	case string:
		return !both && got == value
	case resource:
		of := got["value"]
		if of == nil {
			of = got["code"]
		}
		has, _ := got["system"].(string)
		return (value == "" && both || of == any(value)) && (!both || has == system)
	}
	return false
}

// dig returns what is at a path in a resource, through all lists.
func dig(v any, where []string) []any {
	switch v := v.(type) {
	case []any:
		var all []any
		for _, one := range v {
			all = append(all, dig(one, where)...)
		}
		return all
	case resource:
		if len(where) > 0 {
			return dig(v[where[0]], where[1:])
		}
		return []any{v}
	case nil:
		return nil
	}
	if len(where) > 0 {
		return nil
	}
	return []any{v}
}

// updated returns a test for _lastUpdated: a prefix such as ge, and a date of any precision, which stands for all of
// its day, month or year.
func updated(value string) (func(resource) bool, error) {
	prefix, date := "eq", value
	if len(value) > 2 && value[0] >= 'a' {
		prefix, date = value[:2], value[2:]
	}
	from, to, err := period(date)
	if err != nil {
		return nil, err
	}
	tests := map[string]func(t time.Time) bool{
		"eq": func(t time.Time) bool { return !t.Before(from) && t.Before(to) },
		"ne": func(t time.Time) bool { return t.Before(from) || !t.Before(to) },
		"ge": func(t time.Time) bool { return !t.Before(from) },
		"gt": func(t time.Time) bool { return !t.Before(to) },
		"le": func(t time.Time) bool { return t.Before(to) },
		"lt": func(t time.Time) bool { return t.Before(from) },
	}
	tests["sa"], tests["eb"] = tests["gt"], tests["lt"]
	test, ok := tests[prefix]
	if !ok {
		return nil, fmt.Errorf("_lastUpdated has no prefix %s", strconv.QuoteToASCII(prefix))
	}
	return func(r resource) bool {
		for _, v := range dig(r, []string{"meta", "lastUpdated"}) {
			text, _ := v.(string)
			if t, err := time.Parse(time.RFC3339, text); err == nil && test(t) {
				return true
			}
		}
		return false
	}, nil
}

// period returns the time that a date of FHIR stands for: its beginning, and the moment after it.
func period(date string) (from, to time.Time, err error) {
	for _, form := range []struct {
		layout string
		years  int
		months int
		days   int
		time.Duration
	}{
		{layout: "2006", years: 1},
		{layout: "2006-01", months: 1},
		{layout: "2006-01-02", days: 1},
		{layout: "2006-01-02T15:04Z07:00", Duration: time.Minute},
		{layout: "2006-01-02T15:04:05Z07:00", Duration: time.Second},
	} {
		if t, err := time.Parse(form.layout, date); err == nil {
			return t, t.AddDate(form.years, form.months, form.days).Add(form.Duration), nil
		}
	}
	return from, to, fmt.Errorf("%s is not a date", strconv.QuoteToASCII(date))
}
