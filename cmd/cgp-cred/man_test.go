package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"cgp-cred/keystore/keystoretest"
)

// manPages writes the manual pages into a folder of the test, as man expects them, and returns the folder.
func manPages(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	cmd := exec.CommandContext(t.Context(), "go", "run", "-trimpath", "-buildvcs=false", "-tags", "man", ".",
		"man", filepath.Join(folder, "man1"))
	keystoretest.Need(t, "go", "golang-go")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "SOURCE_DATE_EPOCH=1760000000")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return folder
}

// Each command has a manual page, written from the command itself.
func TestManual(t *testing.T) {
	t.Parallel()
	folder := manPages(t)
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(folder, "man1", name+".1"))
		if err != nil {
			t.Error(err)
		}
		return strings.ReplaceAll(string(text), `\-`, "-")
	}
	root := rootCommand(&app{}, nil)
	for _, c := range allCommands(root) {
		name := strings.ReplaceAll(c.CommandPath(), " ", "-")
		page := read(name)
		for _, want := range []string{
			".TH \"" + strings.ToUpper(name) + "\" \"1\" \"2025-10-09\"", ".SH NAME\n" + name, ".SH SYNOPSIS\n",
			".SH EXIT STATUS\n", ".SH SEE ALSO\n",
		} {
			if !strings.Contains(page, want) {
				t.Errorf("the page of %s has no %q", name, want)
			}
		}
		c.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if !f.Hidden && f.Name != "help" && !strings.Contains(page, `\fB--`+f.Name+`\fR`) {
				t.Errorf("the page of %s has no --%s", name, f.Name)
			}
		})
	}
	exe := read("cgp-cred-exec")
	if !strings.Contains(exe, "CGP_CRED_*") || !strings.Contains(exe, `\fB--timeout\fR \fIDURATION\fR`) {
		t.Error("the page of exec has a name read as Markdown, or a flag not as users type it")
	}
	if page := read("git-credential-cgp"); page != ".so man1/cgp-cred-credential.1\n" {
		t.Errorf("the page of git-credential-cgp is %q", page)
	}
	page := read("cgp-cred")
	for _, want := range []string{
		".BR cgp-cred-get (1)\nPrint a credential", ".SH ENVIRONMENT\n", ".SH FILES\n", "CGP_CRED_PROFILE",
		"$XDG_CONFIG_HOME/cgp-cred/config.yaml", "temporary: 429",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the root page has no %q", want)
		}
	}
	checkWithMan(t, folder)
}

// allCommands returns a command and those below it that are in the help, without help itself.
func allCommands(cmd *cobra.Command) []*cobra.Command {
	found := []*cobra.Command{cmd}
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() && c.Name() != "help" {
			found = append(found, allCommands(c)...)
		}
	}
	return found
}

// checkWithMan reads each page with man, mandoc and git, in a home of the test.
func checkWithMan(t *testing.T, folder string) {
	t.Helper()
	if runtime.GOOS != "linux" {
		return
	}
	keystoretest.Need(t, "man", "man-db")
	pages, err := filepath.Glob(filepath.Join(folder, "man1", "*.1"))
	if err != nil || len(pages) < 20 {
		t.Fatalf("%d pages, %v", len(pages), err)
	}
	bin := t.TempDir()
	if err := os.Symlink("/bin/true", filepath.Join(bin, "git-credential-cgp")); err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) (stdout, stderr string) {
		cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
		cmd.Env = []string{
			"PATH=" + bin + ":" + os.Getenv("PATH"), "HOME=" + bin, "MANPATH=" + folder, "LC_ALL=C.UTF-8",
			"MANWIDTH=80", "GIT_CONFIG_NOSYSTEM=1",
		}
		var out, errs strings.Builder
		cmd.Stdout, cmd.Stderr = &out, &errs
		if err := cmd.Run(); err != nil {
			t.Errorf("%q: %v\n%s", args, err, errs.String())
		}
		return out.String(), errs.String()
	}
	for _, page := range pages {
		name := strings.TrimSuffix(filepath.Base(page), ".1")
		text, warnings := run("man", "--warnings", name)
		title := regexp.MustCompile(`^(\S+)\(1\) `).FindStringSubmatch(text)
		want := strings.ToUpper(strings.Replace(name, "git-credential-cgp", "cgp-cred-credential", 1))
		if warnings != "" || title == nil || title[1] != want {
			t.Errorf("%s: the title is %q, warnings: %s", name, title, warnings)
		}
		if strings.Contains(text, `\`+"f") || strings.Contains(text, `\(`) || strings.Contains(text, "`") {
			t.Errorf("%s has marks of roff or Markdown:\n%s", name, text)
		}
	}
	if text, _ := run("git", "help", "credential-cgp"); !strings.Contains(text, "git-credential-cgp") {
		t.Errorf("git help credential-cgp:\n%s", text)
	}
	if _, err := exec.LookPath("mandoc"); err == nil {
		plain := slices.DeleteFunc(pages, func(p string) bool { return strings.HasPrefix(filepath.Base(p), "git-") })
		if out, _ := run(append([]string{"mandoc", "-T", "lint", "-W", "warning"}, plain...)...); out != "" {
			t.Errorf("mandoc:\n%s", out)
		}
	}
}
