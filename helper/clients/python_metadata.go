package clients

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"path"
	"strings"
)

// metadata is the content of pyproject.toml as core metadata 2.1, for the version %s.
const metadata = `Metadata-Version: 2.1
Name: cgp-cred
Version: %s
Summary: Credentials for NHS API Management from cgp-cred, for Python's HTTP libraries, cgpclient and HTTPie
License: MIT
Requires-Python: >=3.9
Provides-Extra: requests
Requires-Dist: requests>=2.28; extra == "requests"
Provides-Extra: httpx
Requires-Dist: httpx>=0.23; extra == "httpx"
Provides-Extra: aiohttp
Requires-Dist: aiohttp>=3.8; extra == "aiohttp"
Provides-Extra: fsspec
Requires-Dist: fsspec[http]>=2022.11; extra == "fsspec"
`

const wheel = "Wheel-Version: 1.0\nGenerator: cgp-cred\nRoot-Is-Purelib: true\nTag: py3-none-any\n"

const entryPoints = "[httpie.plugins.auth.v1]\ncgp = httpie_cgp:CGPAuthPlugin\n"

// withMetadata adds the dist-info: INSTALLER, METADATA, WHEEL, entry_points.txt and then RECORD.
func (p Package) withMetadata(files []file) []file {
	files = append(
		files,
		file{p.distInfo("INSTALLER"), []byte(Installer + "\n")},
		file{p.distInfo("METADATA"), fmt.Appendf(nil, metadata, p.pythonVersion())},
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

// pythonVersion returns the package's version in the form of PEP 440: 1.2.3, or 1.2.3.post4+gabc for the fourth commit
// after it.
func (p Package) pythonVersion() string {
	version, commits, hash := p.release()
	if commits == "" {
		return version
	}
	return version + ".post" + commits + "+" + hash
}

// distInfo returns the path of a file in the folder that describes the package to Python's packaging.
func (p Package) distInfo(name string) string {
	return path.Join("cgp_cred-"+p.pythonVersion()+".dist-info", name)
}
