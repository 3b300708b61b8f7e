package profile

import (
	"regexp"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"cgp-cred/keystore/fault"
)

// FuzzFile: a profile with any values comes back as it was written, and so does whatever is read from a text. What is
// written is YAML, and what is read means the same in YAML.
func FuzzFile(f *testing.F) {
	for _, text := range append(written,
		"default: int\n", "default: [int]\n", "default: int\ndefault: prod\n", "# nothing\n", "{}\n",
		"\ufeff---\napi_host: h\r\nauth: 'no''ne' # why\r\nkeystore : \"file\"\r\n",
		"a: &a [*a]\n", "auth: jwt\n---\nauth: none\n", "keystore_command:\n- a\n-\n- - b\n",
		"moving_from:\n  - rev: r\n    keystore_command:\n    - /a\n  - {}\n",
	) {
		f.Add([]byte(text), "/k", "--x")
	}
	for _, value := range []string{
		"", "-", "--a", "a b", "a: b", "a:", "a #b", "null", "~", "1e5", "#", "'", `"\"`, "\n", "\u2028", "\xff", "😀",
	} {
		f.Add([]byte(nil), value, value)
	}
	f.Fuzz(func(t *testing.T, text []byte, identity, word string) {
		comesBack(t, &Profile{
			Host: word, APIName: identity, Auth: JWT, Rev: identity, Identity: identity,
			Command: []string{identity, word}, Seal: word, ChangingTo: word, SignerSeal: word,
			MovingFrom: []Copy{
				{
					Location: Location{Kind: word, Identity: identity, Command: []string{word}, Seal: word}, Rev: word,
					Replaced: true,
				},
				{Rev: identity},
			},
		})
		p := &Profile{Keystore: Keychain}
		if err := parse("int.yaml", text, p.rows()); err != nil {
			isFileError(t, err)
		} else {
			library := inYAML{Keystore: Keychain}
			if yaml.Unmarshal(text, &library) == nil {
				same(t, text, library.profile(), p)
			}
			comesBack(t, p)
		}
		var s, again settings
		if err := parse("config.yaml", text, s.rows()); err != nil {
			isFileError(t, err)
		} else if raw := encode(s.rows(), 0); parse("config.yaml", []byte(raw), again.rows()) != nil || again != s {
			t.Fatalf("%q comes back as %+v", text, again)
		}
	})
}

func comesBack(t *testing.T, p *Profile) {
	t.Helper()
	raw := []byte(encode(p.rows(), 0))
	var again Profile
	if err := parse("int.yaml", raw, again.rows()); err != nil {
		t.Fatalf("%q is written, and can't be read: %v", raw, err)
	}
	same(t, raw, p, &again)
	if !utf8.Valid([]byte(p.Identity)) || !utf8.ValidString(p.Host) {
		return
	}
	var library inYAML
	if err := yaml.Unmarshal(raw, &library); err != nil {
		t.Fatalf("%q is not YAML: %v", raw, err)
	}
	same(t, raw, p, library.profile())
}

func same(t *testing.T, text []byte, want, got *Profile) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("%q: %s", text, diff)
	}
}

// isFileError reports whether an error names the file and says what to do.
func isFileError(t *testing.T, err error) {
	t.Helper()
	if fault.ClassOf(err) != fault.Usage || !atLine.MatchString(err.Error()) || fault.HintOf(err, "") == "" {
		t.Fatalf("%v (%T) names no file and line, or has no hint", err, err)
	}
}

var atLine = regexp.MustCompile(`^\w+\.yaml:[1-9][0-9]*: .`)
