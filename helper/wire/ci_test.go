package wire_test

import (
	"strings"
	"testing"

	"cgp-cred/helper/wire"
)

// values could break out of a command, a block or a line.
var values = []string{
	"plain", "100%", "%25", "a::b", "::set-env name=X::y", "##vso[task.x]y", "two\nlines", "two\r\nlines",
	"x\nEOF\nEVIL=1", "a]b;c", "50%AZP25",
}

// runner acts as GitHub's runner: it remembers the masked values, and shows the rest of stdout with the masks applied.
func runner(stdout string) (masks []string, shown string) {
	unescape := strings.NewReplacer("%0D", "\r", "%0A", "\n", "%25", "%")
	for line := range strings.SplitSeq(stdout, "\n") {
		if value, ok := strings.CutPrefix(line, "::add-mask::"); ok {
			masks = append(masks, unescape.Replace(value))
			continue
		}
		for _, m := range masks {
			line = strings.ReplaceAll(line, m, "***")
		}
		shown += line
	}
	return masks, shown
}

// variables reads GITHUB_ENV's file as the runner does.
func variables(t *testing.T, file string) map[string]string {
	t.Helper()
	out := map[string]string{}
	lines := strings.Split(strings.TrimSuffix(file, "\n"), "\n")
	for i := 0; i < len(lines); i++ {
		name, delimiter, ok := strings.Cut(lines[i], "<<")
		if !ok {
			t.Fatalf("line %q is no block", lines[i])
		}
		var block []string
		for i++; i < len(lines) && lines[i] != delimiter; i++ {
			block = append(block, lines[i])
		}
		out[name] = strings.Join(block, "\n")
	}
	return out
}

func TestGitHub(t *testing.T) {
	t.Parallel()
	for _, value := range values {
		stdout, file := wire.GitHub("CGP_TOKEN", value, "the-api-key")
		masks, shown := runner(stdout)
		if len(masks) < 2 || masks[0] != "the-api-key" || masks[1] != value || shown != "" {
			t.Errorf("%q: masks %q, shown %q", value, masks, shown)
		}
		got := variables(t, file)
		if len(got) != 1 || got["CGP_TOKEN"] != value {
			t.Errorf("%q: the job's variables are %q", value, got)
		}
	}
	_, a := wire.GitHub("X", "v")
	_, b := wire.GitHub("X", "v")
	if a == b {
		t.Error("two delimiters are the same")
	}
}

func TestAzure(t *testing.T) {
	t.Parallel()
	unescape := strings.NewReplacer("%0D", "\r", "%0A", "\n", "%AZP25", "%")
	for _, value := range values {
		lines := strings.Split(strings.TrimSuffix(wire.Azure("CGP_TOKEN", value, "the-api-key"), "\n"), "\n")
		if len(lines) != 3 {
			t.Errorf("%q: %d lines", value, len(lines))
			continue
		}
		secret, hidden := strings.CutPrefix(lines[1], "##vso[task.setsecret]")
		set, isSet := strings.CutPrefix(lines[2], "##vso[task.setvariable variable=CGP_TOKEN;issecret=true]")
		if lines[0] != "##vso[task.setsecret]the-api-key" || !hidden || unescape.Replace(secret) != value || !isSet ||
			unescape.Replace(set) != value {
			t.Errorf("%q: %q", value, lines)
		}
	}
}
