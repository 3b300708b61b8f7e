package keystoretest

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// places records the state of files and folders that are the user's: a line for each path.
type places struct {
	home, runtime string
	seen          map[string]string
}

// usersPlaces looks at the files that tests must not touch. Call it before [private].
func usersPlaces() *places {
	home, err := os.UserHomeDir()
	if err != nil {
		home = ""
	}
	p := &places{home: home, runtime: fmt.Sprintf("/run/user/%d", os.Getuid())}
	p.seen = p.look()
	return p
}

// look describes cgp-cred's folders in full. For other folders, which the user's programs change at any time, it only
// says whether they exist.
func (p *places) look() map[string]string {
	seen := make(map[string]string)
	for folder, lists := range map[string]struct{ whole, names []string }{
		p.home: {
			[]string{".config/cgp-cred", ".local/state/cgp-cred", ".local/share/cgp-cred"},
			[]string{
				".cgpclient", ".config/git", ".config/httpie", ".config/rclone", ".gitconfig", ".gnupg", ".java",
				".local/share/keyrings",
				".netrc", ".password-store", ".ssh", ".dbus", "igv",
			},
		},
		p.runtime: {[]string{"cgp-cred"}, []string{"bus", "dbus-1", "gcr", "gnupg", "keyring"}},
	} {
		if folder == "" {
			continue
		}
		for _, name := range lists.names {
			seen[filepath.Join(folder, name)] = fmt.Sprint("exists: ", exists(filepath.Join(folder, name)))
		}
		for _, name := range lists.whole {
			_ = filepath.WalkDir(filepath.Join(folder, name), func(path string, d fs.DirEntry, _ error) error {
				seen[path] = "absent"
				if d == nil {
					return nil
				}
				if info, err := d.Info(); err == nil {
					seen[path] = fmt.Sprint(info.Mode(), " ", info.ModTime().Format("15:04:05.000000"))
				}
				return nil
			})
		}
	}
	return seen
}

// changes returns the differences between then and now.
func (p *places) changes() (changes []string) {
	now := p.look()
	all := maps.Clone(now)
	maps.Copy(all, p.seen)
	for _, path := range slices.Sorted(maps.Keys(all)) {
		was, is := p.seen[path], now[path]
		if was != is {
			changes = append(changes, fmt.Sprintf("%s: was %q, is %q", path, was, is))
		}
	}
	return changes
}
