package record

import (
	"slices"
)

// Keys returns the record's keys in the order in which cgp-cred tries them: the next one, the current and the previous
// one.
func (r *Record) Keys() []*Key {
	return slices.DeleteFunc([]*Key{r.Next, r.Key, r.Previous}, func(k *Key) bool { return k == nil })
}

// APIKeyLabel returns the API key's first and last four characters, which tell it from others; "" if it is shorter than
// 24.
func (r *Record) APIKeyLabel() string {
	k := string(r.APIKey.Reveal())
	if len(k) < 24 {
		return ""
	}
	return k[:4] + "..." + k[len(k)-4:]
}
