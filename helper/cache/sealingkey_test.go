//go:build unix

package cache_test

import (
	"os"
	"strings"
	"testing"

	"cgp-cred/helper/cache"
)

func TestUnsafeSealingKey(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		spoil func(o *cache.Options) error
		want  string // in the warning
	}{
		{name: "readable by others", spoil: func(o *cache.Options) error {
			return os.Chmod(o.State+"/seal.key", 0o644)
		}, want: "chmod go= "},
		{name: "folder written by everybody", spoil: func(o *cache.Options) error {
			return os.Chmod(o.State, 0o777)
		}, want: "chmod go-w "},
		{name: "hard link", spoil: func(o *cache.Options) error {
			return os.Link(o.State+"/seal.key", o.State+"/other")
		}, want: "2 names"},
		{name: "cut", spoil: func(o *cache.Options) error {
			return os.Truncate(o.State+"/seal.key", 31)
		}, want: "remove it"},
		{name: "too long", spoil: func(o *cache.Options) error {
			return os.Truncate(o.State+"/seal.key", 33)
		}, want: "over 32 bytes"},
		{name: "a link", spoil: func(o *cache.Options) error {
			if err := os.Rename(o.State+"/seal.key", o.State+"/real"); err != nil {
				return err
			}
			return os.Symlink("real", o.State+"/seal.key")
		}, want: "symbolic link"},
		{name: "no state folder", spoil: func(o *cache.Options) error { o.State = ""; return nil }, want: "set HOME"},
		{name: "relative state folder", spoil: func(o *cache.Options) error {
			o.State = "cgp-cred"
			return nil
		}, want: "not an absolute path"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o, warnings := options(t)
			name := cache.Open(o).Name() // makes the key
			o.Keychain = refusing{t}
			if err := tt.spoil(&o); err != nil {
				t.Fatal(err)
			}
			c := cache.Open(o)
			if len(*warnings) != 1 || !strings.HasPrefix((*warnings)[0], "the token is not cached: ") ||
				!strings.Contains((*warnings)[0], tt.want) {
				t.Errorf("warnings %q, want %q", *warnings, tt.want)
			}
			if got := c.Backend(t.Context()); got != "none" {
				t.Errorf("backend %q", got)
			}
			if err := c.Set(t.Context(), entry("token")); err != nil {
				t.Error(err)
			}
			wantMiss(t, "no sealing key", c)
			if c.Name() == name || len(c.Name()) != 43 {
				t.Errorf("name %q", c.Name())
			}
		})
	}
}
