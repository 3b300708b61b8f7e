package record_test

import (
	"strings"
	"testing"

	"cgp-cred/keystore"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/record"
)

func TestCheckKID(t *testing.T) {
	t.Parallel()
	const long = "Api0Key1That2Is3Secret"
	for _, c := range []struct {
		name, kid, key string
		bad            bool
	}{
		{"a name", "int-1", long, false},
		{"no API key yet", long, "", false},
		{"neither", "", "", false},
		{"the API key", long, long, true},
		{"with spaces around it", " \t" + long + "\n", long, true},
		{"in quotes", `"` + long + `"`, long, true},
		{"with a label before it", "apikey:" + long, long, true},
		{"with a number after it", long + "-1", long, true},
		{"in a URL", "https://int.api.service.nhs.uk/?apikey=" + long + "&x", long, true},
		{"a part of it", long[:8], long, false},
		{"a short one", "k", "k", true},
		{"a short one within a word", "key-1", "k", false},
		{"another case", strings.ToLower(long), long, false},
	} {
		key := keystore.NewSecret([]byte(c.key))
		err := record.CheckKID(c.kid, key)
		if c.bad != (fault.ClassOf(err) == fault.Usage) ||
			c.bad && (strings.Contains(err.Error()+fault.HintOf(err, ""), c.key) && len(c.key) > 1) {
			t.Errorf("%s: %v", c.name, err)
		}
		if c.kid == "" {
			continue
		}
		r := &record.Record{APIKey: key, Key: &record.Key{KID: "a"}, Next: &record.Key{KID: c.kid}}
		if shown := r.ShownKID(r.Next); c.bad != (shown != c.kid) || c.bad != (r.CheckKIDs() != nil) {
			t.Errorf("%s: shown as %q", c.name, shown)
		}
	}
}
