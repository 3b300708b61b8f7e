//go:build clients

package redirects

import "testing"

// Each client does what the table says; with -update, the table says what each client does.
func TestClientsRedirects(t *testing.T) {
	t.Parallel()
	playAll(t, Clients, Origin, Port, Host, Netrc)
}
