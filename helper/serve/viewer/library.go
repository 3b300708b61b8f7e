package viewer

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/program"
)

// Library is igv.js. [FindLibrary] finds it.
type Library struct {
	Path   string
	code   []byte
	module bool // it is a module, and no plain script
}

// Bounds of looking for igv.js.
const (
	maxLibrary = 32 << 20
	npmWait    = 15 * time.Second
)

// FindLibrary reads igv.js: of a folder that the user named, if that is not empty, of an npm install in the current
// folder or one above it, or of a global one. It runs with the rights of the page, so no other user may have been able
// to write it.
func FindLibrary(ctx context.Context, folder string) (*Library, error) {
	var places []string
	if folder != "" {
		places = append(places, folder, filepath.Join(folder, "dist"), installed(folder))
	}
	if here, err := os.Getwd(); err == nil {
		for {
			places = append(places, installed(here))
			above := filepath.Dir(here)
			if above == here {
				break
			}
			here = above
		}
	}
	for _, place := range places {
		if l, err := read(place); l != nil || err != nil {
			return l, err
		}
	}
	if global := globalModules(ctx); global != "" {
		if l, err := read(filepath.Join(global, "igv", "dist")); l != nil || err != nil {
			return l, err
		}
	}
	return nil, fault.New(fault.Usage, "npm install igv", "igv.js is neither in --root DIR nor installed by npm")
}

// installed returns the place of igv.js in a folder with an npm install.
func installed(folder string) string { return filepath.Join(folder, "node_modules", "igv", "dist") }

// read reads igv.js in a folder. A folder without it is no error, and nil.
func read(folder string) (*Library, error) {
	for _, name := range []string{"igv.min.js", "igv.js", "igv.esm.min.js", "igv.esm.js"} {
		path := filepath.Join(folder, name)
		if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
			continue
		}
		code, err := disk.ReadTrusted(path, maxLibrary, func() (time.Duration, error) { return npmWait, nil })
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fault.Wrap(fault.Usage, fault.HintOf(err, ""), "reading igv.js", err)
		}
		return &Library{Path: path, code: code, module: strings.Contains(name, ".esm.")}, nil
	}
	return nil, nil
}

// globalModules asks npm for its folder of global packages. It returns nothing without npm.
func globalModules(ctx context.Context) string {
	npm, err := exec.LookPath("npm")
	if err != nil {
		return ""
	}
	ctx, stop := context.WithTimeout(ctx, npmWait)
	defer stop()
	cmd := exec.CommandContext(ctx, npm, "root", "--global") //nolint:gosec // the user's npm
	cmd.Dir = filepath.Dir(npm)                              // not the current folder, which may have settings for npm
	cmd.Env = program.Environment()
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	folder := strings.TrimSpace(string(out))
	if err != nil || !filepath.IsAbs(folder) {
		return ""
	}
	return folder
}
