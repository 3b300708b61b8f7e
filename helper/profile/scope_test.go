package profile_test

import (
	"os"
	"path/filepath"
	"testing"

	"cgp-cred/helper/profile"
)

func TestScope(t *testing.T) {
	t.Parallel()
	one := config(t, "int int.api.service.nhs.uk", "prod api.service.nhs.uk")
	deep := config(t, "int int.api.service.nhs.uk a/b")
	rivals := config(t, "all int.api.service.nhs.uk", "some int.api.service.nhs.uk a", "prod api.service.nhs.uk")
	broken := config(t, "int int.api.service.nhs.uk")
	if err := os.WriteFile(filepath.Join(broken.Folder, "profiles", "x.yaml"), []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	const host = "https://int.api.service.nhs.uk"
	tests := []struct {
		name   string
		config profile.Config
		ask    profile.Ask
		want   string
	}{
		{"a whole host", one, profile.Ask{URL: host + "/a/b/c?q=1"}, host},
		{"a capital scheme", one, profile.Ask{URL: "HTTPS://int.api.service.nhs.uk/"}, host},
		{"the default port", one, profile.Ask{URL: host + ":443/a"}, host},
		{"below an api_name", deep, profile.Ask{URL: host + "/a/b/c"}, host + "/a/b"},
		{"only a host", deep, profile.Ask{URL: host + "/", HostOnly: true}, host + "/a/b"},
		{"named, among rivals", rivals, profile.Ask{Name: "all", URL: host + "/a/b"}, host},
		{"chosen among rivals", rivals, profile.Ask{URL: host + "/b"}, ""},
		{
			"the only one for its host", rivals,
			profile.Ask{URL: "https://api.service.nhs.uk/a"},
			"https://api.service.nhs.uk",
		},
		{"named, next to a broken one", broken, profile.Ask{Name: "int", URL: host + "/"}, host},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, _, err := tt.config.Resolve(tt.ask)
			if err != nil {
				t.Fatal(err)
			}
			if got := tt.config.Scope(tt.ask, p); got != tt.want {
				t.Errorf("scope %q, want %q", got, tt.want)
			}
		})
	}
	p, err := broken.Load("int")
	if err != nil {
		t.Fatal(err)
	}
	if got := broken.Scope(profile.Ask{URL: host + "/"}, p); got != "" {
		t.Errorf("scope %q next to a profile that can't be read, want none", got)
	}
}
