package clients

import (
	"embed"
	"fmt"
)

//go:embed python/cgp_cred/*.py python/cgp_cred/py.typed python/httpie_cgp.py
var python embed.FS

// installed is the module that names cgp-cred's path and version; the one in the source tree has no path.
const installed = "cgp_cred/_installed.py"

// pythonFiles returns all files of the Python package. The last one is RECORD.
func (p Package) pythonFiles() ([]file, error) {
	out, err := sources(python, "python")
	if err != nil {
		return nil, err
	}
	program, err := p.program()
	if err != nil {
		return nil, err
	}
	const module = "\"\"\"Written by cgp-cred clients install python.\"\"\"\n\nPROGRAM = %s\nVERSION = %q\n"
	for i := range out {
		if out[i].path == installed {
			out[i].data = fmt.Appendf(nil, module, program, p.pythonVersion())
		}
	}
	return p.withMetadata(out), nil
}
