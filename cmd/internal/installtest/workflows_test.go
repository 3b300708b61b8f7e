//go:build unix

package installtest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// github is the folder of what GitHub reads.
const github = "../../../.github"

func readGitHub(t *testing.T, name string, into any) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(github, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return string(text)
}

// A person who can move a tag of an action could run code in CI. So each action is named by its commit, with the
// version for people and Dependabot. Workflows may read the repository and nothing else; the job that publishes a
// release runs nothing from the repository.
func TestWorkflows(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(github, "workflows", "*.yml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d workflows, %v", len(files), err)
	}
	pinned := regexp.MustCompile(`^[a-z-]+/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$`)
	for _, file := range files {
		var workflow struct {
			Permissions map[string]string
			Jobs        map[string]struct {
				Permissions map[string]string
				Timeout     int `yaml:"timeout-minutes"`
			}
		}
		text := readGitHub(t, "workflows/"+filepath.Base(file), &workflow)
		if len(workflow.Permissions) != 1 || workflow.Permissions["contents"] != "read" {
			t.Errorf("%s: permissions %v", file, workflow.Permissions)
		}
		for name, job := range workflow.Jobs {
			publishes := filepath.Base(file) == "release.yml" && name == "publish" && !strings.Contains(
				text[strings.Index(text, "  publish:"):], "checkout")
			if job.Permissions != nil && !publishes || job.Timeout == 0 {
				t.Errorf("%s: job %s has permissions %v and %d minutes", file, name, job.Permissions, job.Timeout)
			}
		}
		for _, m := range regexp.MustCompile(`(?m)uses: +(.*)$`).FindAllStringSubmatch(text, -1) {
			if !strings.HasPrefix(m[1], "./") && !pinned.MatchString(m[1]) {
				t.Errorf("%s: %s is not pinned", file, m[1])
			}
		}
	}
	var config struct {
		Updates []struct {
			Ecosystem string `yaml:"package-ecosystem"`
		}
	}
	readGitHub(t, "dependabot.yml", &config)
	if len(config.Updates) != 2 || config.Updates[0].Ecosystem != "gomod" || config.Updates[1].Ecosystem != "github-actions" {
		t.Errorf("dependabot.yml: %v", config.Updates)
	}
}

// The forms are ones that GitHub shows, and a bug report asks for what a maintainer needs.
func TestIssueForms(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"bug.yml", "feature.yml"} {
		var form struct {
			Name, Description string
			Body              []struct {
				Type, ID   string
				Attributes struct{ Label, Value string }
			}
		}
		text := readGitHub(t, "ISSUE_TEMPLATE/"+name, &form)
		if form.Name == "" || form.Description == "" || len(form.Body) == 0 {
			t.Errorf("%s: %+v", name, form)
		}
		ids := map[string]bool{}
		for _, part := range form.Body {
			if markdown := part.Type == "markdown"; markdown == (part.Attributes.Label != "") || !markdown && (part.ID == "" || ids[part.ID]) {
				t.Errorf("%s: %+v", name, part)
			}
			ids[part.ID] = true
		}
		if name == "bug.yml" && (!strings.Contains(text, "cgp-cred doctor --report") || !strings.Contains(text, "SECURITY.md")) {
			t.Errorf("%s does not ask for the report, or does not name SECURITY.md", name)
		}
	}
}
