package clients

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"regexp"
	"strings"
)

// Installer is the text of INSTALLER in the packages that cgp-cred writes. pip does not change them, and cgp-cred does
// not change pip's.
const Installer = "cgp-cred"

// metadata is the content of pyproject.toml as core metadata 2.1, for the version %s.
const metadata = `Metadata-Version: 2.1
Name: cgp-cred
Version: %s
Summary: Credentials for NHS API Management from cgp-cred, for requests, httpx, cgpclient and HTTPie
License: MIT
Requires-Python: >=3.9
Provides-Extra: requests
Requires-Dist: requests>=2.28; extra == "requests"
Provides-Extra: httpx
Requires-Dist: httpx>=0.23; extra == "httpx"
`

const wheel = "Wheel-Version: 1.0\nGenerator: cgp-cred\nRoot-Is-Purelib: true\nTag: py3-none-any\n"

const entryPoints = "[httpie.plugins.auth.v1]\ncgp = httpie_cgp:CGPAuthPlugin\n"

// withMetadata adds the dist-info: INSTALLER, METADATA, WHEEL, entry_points.txt and then RECORD.
func (p Package) withMetadata(files []file) []file {
	files = append(
		files,
		file{p.distInfo("INSTALLER"), []byte(Installer + "\n")},
		file{p.distInfo("METADATA"), fmt.Appendf(nil, metadata, p.version())},
		file{p.distInfo("WHEEL"), []byte(wheel)},
		file{p.distInfo("entry_points.txt"), []byte(entryPoints)},
	)
	var record strings.Builder
	for _, f := range files {
		sum := sha256.Sum256(f.data)
		fmt.Fprintf(&record, "%s,sha256=%s,%d\n", f.path, base64.RawURLEncoding.EncodeToString(sum[:]), len(f.data))
	}
	name := p.distInfo("RECORD")
	fmt.Fprintf(&record, "%s,,\n", name)
	return append(files, file{name, []byte(record.String())})
}

// version returns the package's version in the form of PEP 440: 1.2.3, or 1.2.3.post4+gabc for the fourth commit after
// it. It is 0.0.0 for a build without a version.
func (p Package) version() string {
	described := regexp.MustCompile(`^v?([0-9]+\.[0-9]+\.[0-9]+)(?:-([0-9]+)-(g[0-9a-f]+))?(?:-dirty)?$`)
	m := described.FindStringSubmatch(p.Version)
	switch {
	case m == nil:
		return "0.0.0"
	case m[2] == "":
		return m[1]
	}
	return m[1] + ".post" + m[2] + "+" + m[3]
}
