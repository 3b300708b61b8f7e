package upstream

import (
	"bytes"
	"path/filepath"
	"strings"

	"cgp-cred/keystore"
)

// PEM is where a private key is: in a file, or, as some paste it, in the value itself. The zero value is none.
type PEM struct {
	Path string
	Text keystore.Secret
}

// maxPath is the longest value that is taken for a path: a key that lost its first line must not become one, and be
// named in a message.
const maxPath = 512

func newPEM(value string) PEM {
	if strings.Contains(value, "-----BEGIN") || strings.ContainsAny(value, "\r\n") || len(value) > maxPath {
		return PEM{Text: keystore.NewSecret([]byte(value))}
	}
	return PEM{Path: value}
}

// IsZero reports that there is none.
func (p PEM) IsZero() bool { return p.Path == "" && p.Text.IsZero() }

// equal reports that two are written alike.
func (p PEM) equal(q PEM) bool {
	return p.Path == q.Path && bytes.Equal(p.Text.Reveal(), q.Text.Reveal())
}

// File is the path to open: what the client's scripts would, relative to the current folder, and ~ for home as well.
func (p PEM) File(home string) string {
	rest, ok := strings.CutPrefix(filepath.ToSlash(p.Path), "~/")
	if !ok || home == "" {
		return p.Path
	}
	return filepath.Join(home, rest)
}
