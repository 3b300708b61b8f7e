package clients

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"cgp-cred/keystore/fault"
)

//go:embed node/*.js node/*.d.ts node/package.json node/README.md
var node embed.FS

const (
	nodePackage = "cgp-cred" // the package's name, and its folder's
	oldestNode  = 20
)

// InstallNode writes the Node package into a folder of packages, such as node_modules, which is created if it is
// missing. An older package that cgp-cred installed is replaced; one of another installer is an error. After an error
// the folder holds what it held before.
func (p Package) InstallNode(folder string) error {
	files, err := p.nodeFiles()
	if err != nil {
		return err
	}
	return installFolder(folder, nodePackage, func(work string) error {
		return writeFiles(filepath.Join(work, nodePackage), files)
	})
}

// UninstallNode removes the Node package from a folder of packages. It reports whether cgp-cred had installed one.
func UninstallNode(folder string) (bool, error) { return uninstallFolder(folder, nodePackage) }

func (p Package) nodeFiles() ([]file, error) {
	files, err := sources(node, "node")
	if err != nil {
		return nil, err
	}
	program, err := p.program()
	if err != nil {
		return nil, err
	}
	// Semantic versioning has no fourth number: what comes after a plus sign does not count.
	version, commits, hash := p.release()
	if commits != "" {
		version += "+" + commits + "." + hash
	}
	return files, errors.Join(
		fill(files, "package.json", `"version": "0.0.0"`, fmt.Sprintf(`"version": %q`, version)),
		fill(files, "installed.js", "PROGRAM = ''", "PROGRAM = "+program),
		fill(files, "installed.js", "VERSION = '0.0.0'", fmt.Sprintf("VERSION = '%s'", version)),
	)
}

// NodeModules returns the folder of packages of the npm project that holds a folder: node_modules next to the nearest
// package.json.
func NodeModules(folder string) (string, error) {
	for at := folder; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, ".pnp.cjs")); err == nil {
			const hint = "cgp-cred clients install node --target vendor, then yarn add ./vendor/cgp-cred"
			return "", fault.New(fault.Usage, hint, "%q is a project of Yarn Plug'n'Play, without node_modules", at)
		}
		if _, err := os.Stat(filepath.Join(at, "package.json")); err == nil {
			return filepath.Join(at, "node_modules"), nil
		}
		if at == filepath.Dir(at) {
			const hint = "go to your project, or make one here: npm init -y\nor choose a folder: --target DIR"
			return "", fault.New(fault.Usage, hint, "there is no package.json in %q or above it", folder)
		}
	}
}

// CheckNode returns why the node on PATH can't run the package, or nothing. Another node may be meant to run it.
func CheckNode(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", "--version")
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		return fmt.Sprintf("node is not on PATH; the package needs Node %d or later", oldestNode)
	}
	m := regexp.MustCompile(`^v([0-9]+)\.`).FindSubmatch(out)
	if err != nil || m == nil {
		return fmt.Sprintf("node does not print its version; the package needs Node %d or later", oldestNode)
	}
	if major, err := strconv.Atoi(string(m[1])); err != nil || major < oldestNode {
		return fmt.Sprintf("the node on PATH is version %s; the package needs Node %d or later", m[1], oldestNode)
	}
	return ""
}
