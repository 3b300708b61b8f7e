package doctor

import (
	"strings"
	"testing"

	"cgp-cred/keystore/disk"
)

func testScrubber(t testing.TB) *scrubber {
	t.Helper()
	t.Setenv("HOME", "/srv/people/alice")
	t.Setenv("USERPROFILE", "/srv/people/alice") // Windows
	return newScrubber(disk.Folders{
		Config: "/data/settings/cgp-cred", State: "/srv/people/alice/.local/state/cgp-cred",
		Runtime: "/run/user/1000/cgp-cred",
	})
}

func TestScrub(t *testing.T) {
	s := testScrubber(t)
	for _, c := range []struct{ name, in, want string }{
		{"nothing to hide", `status 401, at 2026-10-07T10:11:12Z, 9m59s`, `status 401, at 2026-10-07T10:11:12Z, 9m59s`},
		{"a URL", "https://int.api.service.nhs.uk/oauth2/token", "https://int.api.service.nhs.uk/oauth2/token"},
		{"user information", "via http://alice:hunter22@proxy.trust.nhs.uk:8080 now", "via http://proxy.trust.nhs.uk:8080 now"},
		{"only a user", "http://alice@proxy:1/x", "http://proxy:1/x"},
		{"at signs in it", "http://al@ice:hunt@er22@proxy/", "http://proxy/"},
		{"a slash in it", "http://alice:hunter/22@proxy:80/x", "http://proxy:80/x"},
		{"a question mark in it", "http://alice:hunter?22@proxy", "http://proxy"},
		{"without scheme", "alice:hunter22@proxy:8080", "proxy:8080"},
		{"percent-encoded", "socks5://alice:h%75nter22@proxy", "socks5://proxy"},
		{"cut short", "http://alice:hunter2...", "http://[host]"},
		{"cut shorter", "http://alic...", "http://[host]"},
		{"a query", "https://h/p?nhs-number=9000000009#x", "https://h/p"},
		{"a fragment", "https://h/p#9000000009", "https://h/p"},
		{"a query without URL", "/p?nhs-number=9000000009 gone", "/p?[query] gone"},
		{"a query of one letter", "/p?x, gone", "/p?[query] gone"},
		{"a question", `which profile? there are: int, "dev"? (what?), or none?`, `which profile? there are: int, "dev"? (what?), or none?`},
		{"IPv4", "10.1.2.3, 10.1.2.3:443 (192.168.0.254)", "[address], [address]:443 ([address])"},
		{"IPv4 in a URL", "http://127.0.0.1:8080/oauth2/_ping", "http://[address]:8080/oauth2/_ping"},
		{
			"IPv6", "is fe80::1ff:fe23:4567:890a%eth0, ::1 and 2001:db8:0:1:2:3:4:5",
			"is [address], [address] and [address]",
		},
		{"IPv6 with a port", "[2001:db8::1]:443", "[[address]]:443"},
		{"IPv6 in a URL", "http://[::1]:8080/x", "http://[[address]]:8080/x"},
		{"IPv4 in IPv6", "::ffff:10.1.2.3", "[address]"},
		{"hardware", "aa:bb:cc:dd:ee:0f", "[address]"},
		{"our folders", "/data/settings/cgp-cred/profiles/int.yaml", "[config]/profiles/int.yaml"},
		{"our folder at home", "/srv/people/alice/.local/state/cgp-cred/seal.key", "[state]/seal.key"},
		{"this home", `"/srv/people/alice/ca.pem"`, `"~/ca.pem"`},
		{"any home", "/home/bob/x /Users/carol/y", "~/x ~/y"},
		{"Windows' homes", `C:\Users\Dave\x c:/users/erin/y "C:\\Users\\Frank\\z"`, `~\x ~/y "~\\z"`},
		{"a kid like a mail address", `{"kid":"me@trust.nhs.uk"}`, `{"kid":"me@trust.nhs.uk"}`},
	} {
		if got := s.line(c.in); got != c.want {
			t.Errorf("%s: %q became %q, want %q", c.name, c.in, got, c.want)
		}
	}
}

// A password, an address, a query and a home folder are removed from any text around them.
func FuzzScrub(f *testing.F) {
	s := testScrubber(f)
	for _, seed := range []string{"", "http://", "a@", "::", `C:\Users\`, "?", "http://x:y", "[", "%", "..."} {
		f.Add(seed, seed)
	}
	secrets := []string{"hunter22", "10.1.2.3", "9000000009", "zebedee"}
	f.Fuzz(func(t *testing.T, before, after string) {
		for _, secret := range secrets {
			if strings.Contains(before+after, secret) {
				return // it is in the text around it too
			}
		}
		got := s.line(before + " http://alice:hunter22@10.1.2.3/p?n=9000000009 /home/zebedee/x " + after)
		for _, secret := range secrets {
			if strings.Contains(got, secret) {
				t.Errorf("%q is left in %q", secret, got)
			}
		}
	})
}
