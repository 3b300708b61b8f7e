//go:build clients

package clients_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"cgp-cred/keystore/keystoretest"
)

// R CMD check has no complaint, and runs all tests: with httr2, httr and curl too.
func TestClientsRPackage(t *testing.T) {
	t.Parallel()
	keystoretest.Need(t, "R", "r-base-core")
	for _, name := range []string{"httr2", "httr"} {
		if exec.CommandContext(t.Context(), "Rscript", "-e", "library("+name+")").Run() != nil {
			keystoretest.Missing(t, "R's "+name, "r-cran-"+name)
		}
	}
	source, err := filepath.Abs(filepath.Join("r", "cgpcred"))
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	for _, argv := range [][]string{{"build", source}, {"check", "--no-manual", "cgpcred_0.0.0.tar.gz"}} {
		cmd := exec.CommandContext(t.Context(), "R", append([]string{"CMD"}, argv...)...)
		cmd.Dir = folder
		cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "CGPCRED_RULES="+rules(t))
		out, err := cmd.CombinedOutput()
		if err != nil || argv[0] == "check" && !regexp.MustCompile(`(?m)^Status: OK$`).Match(out) {
			t.Fatalf("R CMD %s: %v\n%s", argv[0], err, out)
		}
	}
	for name, least := range map[string]int{"core": 350, "clients": 110} {
		out, err := os.ReadFile(filepath.Join(folder, "cgpcred.Rcheck", "tests", name+".Rout"))
		if err != nil {
			t.Fatal(err)
		}
		allRan(t, out, least)
	}
}
