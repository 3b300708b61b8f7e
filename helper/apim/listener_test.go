package apim_test

import (
	"net"
	"testing"

	"cgp-cred/helper/apim"
)

// This user's own listener passes, and so does a port without one. Another user's is in anotheruser.txtar.
func TestCheckListener(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	host := l.Addr().String()
	for range 2 {
		for _, h := range []string{host, "localhost", "[::1]", "int.api.service.nhs.uk"} {
			if err := apim.CheckListener(h); err != nil {
				t.Errorf("%s: %v", h, err)
			}
		}
		_ = l.Close()
	}
	if err := apim.CheckListener("127.0.0.1:x"); err == nil {
		t.Error("a port that is no number passes")
	}
}
