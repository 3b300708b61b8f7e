package upstream

import (
	"bytes"
	"path/filepath"
	"strings"

	"cgp-cred/keystore"
)

// PEM says where a private key is: in a file, or in the value itself, where some users paste it. The zero value is no
// key.
type PEM struct {
	Path string
	Text keystore.Secret
}

// maxPath is the longest value that is read as a path. A key that lost its first line must not be read as a path,
// because messages show paths.
const maxPath = 512

func newPEM(value string) PEM {
	if strings.Contains(value, "PRIVATE KEY") || strings.Contains(value, "-----BEGIN") ||
		strings.ContainsAny(value, "\r\n") || len(value) > maxPath {
		return PEM{Text: keystore.NewSecret([]byte(value))}
	}
	return PEM{Path: value}
}

// IsZero reports whether there is no private key.
func (p PEM) IsZero() bool { return p.Path == "" && p.Text.IsZero() }

// equal reports whether two values are written alike.
func (p PEM) equal(q PEM) bool {
	return p.Path == q.Path && bytes.Equal(p.Text.Reveal(), q.Text.Reveal())
}

// File returns the path to open. It is relative to the current folder, as in the client's scripts, and may begin with
// ~/.
func (p PEM) File(home string) string {
	rest, ok := strings.CutPrefix(filepath.ToSlash(p.Path), "~/")
	if !ok || home == "" {
		return p.Path
	}
	return filepath.Join(home, rest)
}
