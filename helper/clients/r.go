package clients

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/printable"
)

//go:embed r/cgpcred/DESCRIPTION r/cgpcred/LICENSE r/cgpcred/NAMESPACE r/cgpcred/R/*.R r/cgpcred/man/*.Rd
var rSource embed.FS

//go:embed where.R
var whereR string

const rPackage = "cgpcred"

// oldestR is the first R that the package runs on.
var oldestR = []int{4, 0}

// buildTime limits how long R may take to install the package.
const buildTime = 10 * time.Minute

// R is what an R says about itself.
type R struct {
	Version string
	Program string // R itself, which installs packages
	Library string // the folder for packages: the conda environment's, otherwise the user's; empty: no such library
}

// FindR runs Rscript and returns what it says. name is a path or a name on PATH; empty: Rscript. It reads no profile,
// so it runs no code from the home or the current folder.
func FindR(ctx context.Context, name string) (R, error) {
	if name == "" {
		name = "Rscript"
	}
	program, err := exec.LookPath(name)
	if err != nil {
		return R{}, badR(name, "it is not on PATH")
	}
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, "--no-init-file", "--no-site-file", "-") //nolint:gosec // the user's R
	cmd.Stdin = strings.NewReader(whereR)
	cmd.Dir = os.TempDir()
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	if err != nil {
		return R{}, badR(program, fmt.Sprintf("it did not report its library: %v", err))
	}
	lines := strings.Split(strings.ReplaceAll(string(out), "\r\n", "\n"), "\n")
	if len(lines) != 5 || lines[0] != "cgp-cred" || !filepath.IsAbs(lines[2]) {
		return R{}, badR(program, "it did not report its library in the expected form")
	}
	r := R{Version: lines[1], Program: lines[2], Library: lines[3]}
	if slices.Compare(numbers(r.Version), oldestR) < 0 {
		return R{}, badR(program, "it is R "+r.Version)
	}
	return r, nil
}

// numbers returns the numbers of a version.
func numbers(version string) []int {
	var out []int
	for part := range strings.SplitSeq(version, ".") {
		n, err := strconv.Atoi(part)
		if err != nil {
			return out
		}
		out = append(out, n)
	}
	return out
}

// InstallR lets R install the R package into a library, which is created if it is missing. An older package that
// cgp-cred installed is replaced; one of another installer is an error. After an error the library holds what it held
// before.
func (p Package) InstallR(ctx context.Context, r R, library string) error {
	files, err := p.rFiles()
	if err != nil {
		return err
	}
	return installFolder(library, rPackage, func(work string) error {
		source, err := os.MkdirTemp("", besides)
		if err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(source) }()
		if err := writeFiles(filepath.Join(source, rPackage), files); err != nil {
			return err
		}
		return r.install(ctx, source, work)
	})
}

// UninstallR removes the R package from a library. It reports whether cgp-cred had installed one.
func UninstallR(library string) (bool, error) { return uninstallFolder(library, rPackage) }

// install runs R CMD INSTALL.
func (r R) install(ctx context.Context, source, library string) error {
	ctx, cancel := context.WithTimeout(ctx, buildTime)
	defer cancel()
	//nolint:gosec // the user's R
	cmd := exec.CommandContext(ctx, r.Program, "CMD", "INSTALL", "--no-multiarch", "--library="+library, rPackage)
	cmd.Dir = source
	cmd.Env = append(os.Environ(), "R_PROFILE_USER="+filepath.Join(source, "none")) // no code from the home folder
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	if err != nil {
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		said := printable.Text(strings.Join(lines[max(0, len(lines)-5):], "; "))
		return fault.New(fault.Usage, "its output may say why: R CMD INSTALL needs a temporary folder, and make",
			"R %s could not install the package (%v): %s", r.Version, err, said)
	}
	return nil
}

func (p Package) rFiles() ([]file, error) {
	files, err := sources(rSource, "r/"+rPackage)
	if err != nil {
		return nil, err
	}
	program, err := p.program()
	if err != nil {
		return nil, err
	}
	version, commits, _ := p.release()
	if commits != "" {
		version += "." + commits
	}
	return files, errors.Join(
		fill(files, "DESCRIPTION", "\nVersion: 0.0.0\n", "\nVersion: "+version+"\n"),
		fill(files, "R/installed.R", `PROGRAM <- ""`, "PROGRAM <- "+program),
		fill(files, "R/installed.R", `VERSION <- "0.0.0"`, fmt.Sprintf("VERSION <- %q", version)),
	)
}

// writeFiles writes a package's files below a new folder.
func writeFiles(folder string, files []file) error {
	for _, f := range files {
		name := filepath.Join(folder, filepath.FromSlash(f.path))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil { //nolint:gosec // other users may read it
			return err
		}
		if err := os.WriteFile(name, f.data, 0o644); err != nil { //nolint:gosec // as above
			return err
		}
	}
	return nil
}
