package profile

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"cgp-cred/keystore/record"
)

// written is what the versions that used the YAML library wrote.
var written = []string{`api_host: int.api.service.nhs.uk
auth: jwt
keystore: keychain
rev: 0Jl_x-9
`, `api_host: 127.0.0.1:8080
api_name: a/b-c
auth: apikey
keystore: file
rev: "12e34"
keystore_identity: /home/u/my key.txt
`, `api_host: h.example
auth: jwt
keystore: exec
rev: --a
keystore_command:
    - /bin/x
    - --x
    - a:b
    - '#'
    - "null"
    - "~"
keystore_seal: AXc-x_9
changing_to: -x
signer_seal: _9
`, `api_host: h.example
auth: none
keystore: keychain
rev: ""
moving_from:
    - keystore: exec
      keystore_command:
        - /bin/x
        - '''x'
      keystore_seal: s
      rev: r
      replaced: true
    - keystore: keychain
      rev: ""
`}

// inYAML is a profile as those versions passed it to the YAML library.
type inYAML struct {
	Host       string       `yaml:"api_host"`
	APIName    string       `yaml:"api_name,omitempty"`
	Auth       string       `yaml:"auth"`
	Keystore   string       `yaml:"keystore"`
	Rev        string       `yaml:"rev"`
	Identity   string       `yaml:"keystore_identity,omitempty"`
	Command    []string     `yaml:"keystore_command,omitempty"`
	Seal       string       `yaml:"keystore_seal,omitempty"`
	MovingFrom []copyInYAML `yaml:"moving_from,omitempty"`
	ChangingTo string       `yaml:"changing_to,omitempty"`
	SignerSeal string       `yaml:"signer_seal,omitempty"`
}

type copyInYAML struct {
	Kind     string   `yaml:"keystore"`
	Identity string   `yaml:"keystore_identity,omitempty"`
	Command  []string `yaml:"keystore_command,omitempty"`
	Seal     string   `yaml:"keystore_seal,omitempty"`
	Rev      string   `yaml:"rev"`
	Replaced bool     `yaml:"replaced,omitempty"`
}

func (y inYAML) profile() *Profile {
	p := &Profile{
		Host: y.Host, APIName: y.APIName, Auth: y.Auth, Keystore: y.Keystore, Rev: y.Rev,
		Identity: y.Identity, Command: y.Command, Seal: y.Seal, ChangingTo: y.ChangingTo, SignerSeal: y.SignerSeal,
	}
	for _, c := range y.MovingFrom {
		place := Location{Kind: c.Kind, Identity: c.Identity, Command: c.Command, Seal: c.Seal}
		p.MovingFrom = append(p.MovingFrom, Copy{Location: place, Rev: c.Rev, Replaced: c.Replaced})
	}
	return p
}

// What earlier versions wrote is read, whatever the values were.
func TestReadsWhatTheYAMLLibraryWrote(t *testing.T) {
	t.Parallel()
	values := []string{
		"/home/u/a b.txt", "/a # b", "/a: b", "/a:", "-a", "--a", "- a", "12e34", "yes", "null", "~", "",
		"/a'b", `/a"b`, `C:\x\y`, "'x",
		"@x", "/a, [b]", "{}",
		"2001-01-01", "1:20", "0x1F", "*a", "&a", "!a", "%a", "|a", ">a", "`a", "?a", "? a", ":a",
		"=", "<<", " a ",
		"/é", "/\u00a0", "/\u200d", "/\xff\xfe", "\tx", "😀", "\ufeffx", "\x01", record.NewRev(),
	}
	for _, s := range values {
		want := inYAML{
			Host: s, APIName: s, Auth: s, Keystore: s, Rev: s, Identity: s,
			Command: []string{s, "/x", s}, Seal: s,
			MovingFrom: []copyInYAML{{Kind: s, Identity: s, Command: []string{s}, Rev: s, Replaced: true}, {Rev: s}},
			ChangingTo: s, SignerSeal: s,
		}
		raw, err := yaml.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got Profile
		if err := parse("int.yaml", raw, got.rows()); err != nil {
			t.Errorf("%q: %v\n%s", s, err, raw)
		} else if d := cmp.Diff(want.profile(), &got); d != "" {
			t.Errorf("%q: %s\n%s", s, d, raw)
		}
	}
}

// A file with the usual values has the same bytes as before: nothing is written again, and no cached token is lost.
func TestEncodeWritesTheUsualFiles(t *testing.T) {
	t.Parallel()
	for _, text := range written {
		var p Profile
		if err := parse("int.yaml", []byte(text), p.rows()); err != nil {
			t.Errorf("%s%v", text, err)
			continue
		}
		got := encode(p.rows(), 0)
		usual := strings.NewReplacer(`"12e34"`, "12e34", "/home/u/my key.txt", `"/home/u/my key.txt"`,
			"'#'", `"#"`, "'''x'", `"'x"`)
		if d := cmp.Diff(usual.Replace(text), got); d != "" {
			t.Error(d)
		}
	}
}

func TestReadsWhatIsEditedByHand(t *testing.T) {
	t.Parallel()
	const usual = "api_host: h.example\nauth: jwt\n"
	want := Profile{Host: "h.example", Auth: JWT}
	command := Profile{Command: []string{"/bin/x", "a b", ""}}
	for _, tt := range []struct {
		name, text string
		want       Profile
	}{
		{"as it is written", usual, want},
		{"no line's end", "api_host: h.example\nauth: jwt", want},
		{"Windows", "\ufeffapi_host: h.example\r\nauth: jwt\r\n", want},
		{"empty and commented lines", "# mine\n\napi_host: h.example\n  # \u0080 and\ttabs\nauth: jwt\n\n", want},
		{"comments behind values", "api_host: h.example # not h#x\nauth: jwt #\n", want},
		{"quotes", "api_host: \"h.example\"\nauth: 'jwt'   # why\n", want},
		{"spaces", "api_host :   h.example  \nauth: jwt \n", want},
		{"all of it indented", "  api_host: h.example\n  auth: jwt\n", want},
		{"a document's start", "---\n" + usual, want},
		{"no value", usual + "api_name:\nrev: # none\nkeystore_command:\nmoving_from: # none\n", want},
		{"a number or a Boolean", "rev: 1e5\napi_name: true\n", Profile{Rev: "1e5", APIName: "true"}},
		{"a hash within", "keystore_identity: /a#b\n", Profile{Identity: "/a#b"}},
		{"an apostrophe", "keystore_identity: 'it''s' # '\n", Profile{Identity: "it's"}},
		{"only one", "rev: ''''\n", Profile{Rev: "'"}},
		{"escapes", `rev: "\"\\\tA\u00e9\u2028"` + "\n", Profile{Rev: "\"\\\tA\u00e9\u2028"}},
		{"a list", "keystore_command:\n  - /bin/x # the program\n  - 'a b'\n  - \"\"\n", command},
		{
			"a list that is not indented", "keystore_command: # mine\n\n-   /bin/x\n# more\n- a b\n- # nothing\n",
			command,
		},
		{
			"copies",
			"moving_from:\n-   rev: r\n\n    keystore_command:\n    - /p\n    keystore: exec\n-  keystore: " +
				"file\nrev: s\n",
			Profile{Rev: "s", MovingFrom: []Copy{
				{Location: Location{Kind: Exec, Command: []string{"/p"}}, Rev: "r"}, {Location: Location{Kind: File}},
			}},
		},
		{"false", "moving_from:\n- replaced: false\n", Profile{MovingFrom: []Copy{{}}}},
		{"nothing", "", Profile{}},
		{"what had no default", "{}\n", Profile{}},
	} {
		var got Profile
		if err := parse("int.yaml", []byte(tt.text), got.rows()); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		} else if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("%s: %s", tt.name, d)
		}
	}
}

func TestRefusesTheRestOfYAML(t *testing.T) {
	t.Parallel()
	const usual = "api_host: h.example\nauth: jwt\n"
	for _, tt := range []struct{ name, text, want string }{
		{"an unknown key", usual + "api_hots: x\n", `f:3: unknown key "api_hots"`},
		{"a secret in place of a key", "Secret0123: x\n", "f:1: it does not have the form key: value"},
		{"a secret in capitals", usual + "SECRET\n", "f:3: " + badLine},
		{"a key twice", usual + "auth: none\n", `f:3: key "auth" is already defined on line 2`},
		{"a key twice in a list", "moving_from:\n- rev: r\n  rev: r\n", `f:3: key "rev" is already defined on line 2`},
		{"a quoted key", `"auth": jwt`, "f:1: " + badLine},
		{"no space", "auth:jwt\n", "f:1: " + badLine},
		{"no colon", "auth jwt\n", "f:1: " + badLine},
		{"JSON", `{"auth": "jwt"}`, "f:1: " + badLine},
		{"braces", "{auth: jwt}", "f:1: " + badLine},
		{"braces, and more", "{}\nauth: jwt\n", `f:2: unknown key "auth"`},
		{"a list", "- auth: jwt\n", "f:1: " + badLine},
		{"two documents", usual + "---\n" + usual, "f:3: it has more than one YAML document"},
		{"a document's end", usual + "...\n", "f:3: " + badLine},
		{"a directive", "%YAML 1.2\n", "f:1: " + badLine},
		{"a tab", "auth:\tjwt\n", "f:1: it has a tab"},
		{"an indented tab", "api_host: h\n\tauth: jwt\n", "f:2: it has a tab"},
		{"a carriage return within", "auth: jwt\rrev: r\n", "f:1: it has a tab (use spaces), a control character"},
		{"a NUL", "auth: jwt\x00\n", "f:1: it has a tab (use spaces), a control character"},
		{"not UTF-8", usual + "api_name: \xff\n", "f:3: it has a tab (use spaces), a control character"},
		{"UTF-16 that was cut", "\xff\xfea\x00b", "f:1: it has a tab (use spaces), a control character"},
		{"a no-break space", "auth: jwt\n\u00a0rev: r\n", "f:2: " + badLine + "; character 1 is U+00A0"},
		{"a zero-width space", "auth\u200b: jwt\n", "f:1: " + badLine + "; character 5 is U+200B"},
		{"a line further in", "api_host: h\n auth: jwt\n", "f:2: " + badIndent},
		{"a line further out", "  api_host: h\nauth: jwt\n", "f:2: " + badIndent},
		{"a value of two lines", "api_name: a\n  b\n", "f:2: " + badIndent},
		{"a block", "api_name: |-\n  a\n", "f:1: " + badValue},
		{"an anchor", "auth: &a jwt\n", "f:1: " + badValue},
		{"an alias", "auth: *a\n", "f:1: " + badValue},
		{"a tag", "auth: !!str jwt\n", "f:1: " + badValue},
		{"binary that is not", "auth: !!binary x\n", "f:1: " + badValue},
		{"null", "rev: Null\n", "f:1: " + badValue},
		{"another null", "rev: ~\n", "f:1: " + badValue},
		{"a list in place of a value", "auth: [jwt]\n", "f:1: " + badValue},
		{"a list below a value", "auth:\n- jwt\n", "f:2: " + badLine},
		{"a mapping in a value", "auth: a: b\n", "f:1: " + badValue},
		{"an open quote", "auth: 'jwt\n", "f:1: " + badValue},
		{"an open double quote", "auth: \"jwt\n", "f:1: " + badValue},
		{"a word behind quotes", "auth: 'jwt' x\n", "f:1: " + badValue},
		{"a comment too near", "auth: \"jwt\"# x\n", "f:1: " + badValue},
		{"an unknown escape", "rev: \"\\q\"\n", "f:1: " + badValue},
		{"a value in place of a list", "keystore_command: /bin/x a\n", "f:1: " + badList},
		{"a list in brackets", "keystore_command: [/bin/x]\n", "f:1: " + badList},
		{"copies in brackets", "moving_from: [{keystore: file}]\n", "f:1: " + badList},
		{"a list in a list", "keystore_command:\n- - a\n", "f:2: " + badValue},
		{"a pair in a list", "keystore_command:\n- a: b\n", "f:2: " + badValue},
		{"an item without a value", "keystore_command:\n- /x\n-\n", "f:3: " + badLine},
		{"an item further in", "keystore_command:\n- /x\n  - y\n", "f:3: " + badIndent},
		{"a word among copies", "moving_from:\n- keychain\n", "f:2: " + badLine},
		{"a key that no copy has", "moving_from:\n- keystore: file\n  host: x\n", `f:3: unknown key "host"`},
		{"neither true nor false", "moving_from:\n- replaced: yes\n", "f:2: write true or false"},
	} {
		err := parse("f", []byte(tt.text), new(Profile).rows())
		if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		} else if strings.Contains(strings.ToLower(err.Error()), "secret") {
			t.Errorf("%s: it is repeated: %v", tt.name, err)
		}
	}
}
