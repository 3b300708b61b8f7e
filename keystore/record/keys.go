package record

import (
	"slices"
)

// Keys returns the record's keys in the order in which they are tried: the next one, the current and the previous one.
func (r *Record) Keys() []*Key {
	return slices.DeleteFunc([]*Key{r.Next, r.Key, r.Previous}, func(k *Key) bool { return k == nil })
}

// APIKeyLabel returns the API key's first and last four characters, to tell it from others; nothing of one shorter than
// 24.
func (r *Record) APIKeyLabel() string {
	k := string(r.APIKey.Reveal())
	if len(k) < 24 {
		return ""
	}
	return k[:4] + "..." + k[len(k)-4:]
}
