package keystore_test

import (
	"testing"
	"time"

	"cgp-cred/keystore"
	"cgp-cred/keystore/fault"
)

func TestTimeoutOddities(t *testing.T) {
	for given, want := range map[string]time.Duration{"": time.Minute, "5m\r": 5 * time.Minute, "'90'": 90 * time.Second, " \n": time.Minute} {
		t.Setenv(keystore.TimeoutName, given)
		if got, err := keystore.Timeout(time.Minute); err != nil || got != want {
			t.Errorf("%q: %v, %v", given, got, err)
		}
	}
	for _, given := range []string{"${LIMIT}", "5\u2013m", "9\u00a0m", "soon"} {
		t.Setenv(keystore.TimeoutName, given)
		if _, err := keystore.Timeout(time.Minute); fault.ClassOf(err) != fault.Usage {
			t.Errorf("%q: %v", given, err)
		}
	}
}
