package upstream_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cgp-cred/helper/upstream"
	"cgp-cred/keystore/fault"
	input "cgp-cred/keystore/text"
)

// said is a command line's meaning in plain values.
type said struct {
	Host, APIName, APIKey, PEM, KID, Config string
	Verbose                                 int
	Help, HasConfig                         bool
}

func plain(a upstream.Args) said {
	return said{
		a.Host, a.APIName, string(a.APIKey.Reveal()), a.PEM.Path + string(a.PEM.Text.Reveal()), a.KID, a.Config,
		a.Verbose, a.Help, a.HasConfig,
	}
}

// TestDocumentedLines reads each form of command line that the client's README and documentation show.
func TestDocumentedLines(t *testing.T) {
	t.Parallel()
	const host = "internal-dev.api.service.nhs.uk"
	whole := said{Host: host, APIKey: "NHSAPIMAPIKEY", PEM: "path/to/test-1.pem", KID: "test-1"}
	for name, tt := range map[string]struct {
		line string
		want said
	}{
		"README, long":         {"--api_host " + host + " --api_key NHSAPIMAPIKEY --private_key_pem_file path/to/test-1.pem --apim_kid test-1", whole},
		"README, short":        {"-pem path/to/test-1.pem -k NHSAPIMAPIKEY -host " + host + " -kid test-1", whole},
		"set_up/auth, long":    {"--api_host " + host + " --api_key NHSAPIMAPIKEY --private_key_pem path/to/test-1.pem --apim_kid test-1", whole},
		"only configuration":   {"", said{}},
		"another file":         {"-cfg CONFIG_FILE", said{Config: "CONFIG_FILE", HasConfig: true}},
		"another file, long":   {"--config_file CONFIG_FILE", said{Config: "CONFIG_FILE", HasConfig: true}},
		"help":                 {"--help", said{Help: true}},
		"help of the script":   {"-h", said{Help: true}},
		"API name":             {"-api genomic-data-access", said{APIName: "genomic-data-access"}},
		"API name, long":       {"--api_name genomic-data-access", said{APIName: "genomic-data-access"}},
		"verbose":              {"-v", said{Verbose: 1}},
		"verbose, long":        {"--verbose", said{Verbose: 1}},
		"debug":                {"-vv", said{Verbose: 2}},
		"debug, long":          {"--debug -v", said{Verbose: 2}},
		"sandbox, on one line": {"--api_host sandbox.api.service.nhs.uk", said{Host: "sandbox.api.service.nhs.uk"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, err := upstream.ParseArgs(strings.Fields(tt.line))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, plain(a)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestValues(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		words []string
		want  said
	}{
		{[]string{"-host=x"}, said{Host: "x"}},
		{[]string{"--api_host=a=b"}, said{Host: "a=b"}},
		{[]string{"-k=-x"}, said{APIKey: "-x"}},
		{[]string{"-k", "-"}, said{APIKey: "-"}},
		{[]string{"-k", "x y"}, said{APIKey: "x y"}},
		{[]string{"-k", "-x y"}, said{APIKey: "-x y"}},
		{[]string{"-k", "x", "--api_key", "y"}, said{APIKey: "y"}},
		{[]string{"-kid=x", "-pem=y"}, said{KID: "x", PEM: "y"}},
		{[]string{"-api", "", "-cfg="}, said{HasConfig: true}},
		{[]string{"-vv", "-v"}, said{Verbose: 2}},
		{[]string{"-h", "-k"}, said{Help: true}},
	} {
		a, err := upstream.ParseArgs(tt.words)
		if err != nil {
			t.Errorf("%q: %v", tt.words, err)
			continue
		}
		if diff := cmp.Diff(tt.want, plain(a)); diff != "" {
			t.Errorf("%q: %s", tt.words, diff)
		}
	}
}

// The empty values are refused too, on which the script fails. No message repeats a value.
func TestArgsRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		words []string
		want  string
	}{
		{[]string{"--api", "x"}, "there is no option --api"},
		{[]string{"--api_h=x"}, "there is no option --api_h"},
		{[]string{"-ho", "x"}, "word 1 of the command line is not an option"},
		{[]string{"-kS3cret"}, "word 1 of the command line is not an option"},
		{[]string{"-vk", "x"}, "word 1 of the command line is not an option"},
		{[]string{"-vvv"}, "word 1 of the command line is not an option"},
		{[]string{"-k -pem", "x"}, "word 1 of the command line is not an option"},
		{[]string{"-k"}, "option --api_key needs a value"},
		{[]string{"-k", "-x"}, "option --api_key needs a value"},
		{[]string{"-k", "--", "x"}, "option --api_key needs a value"},
		{[]string{"-k", "--api_host", "x"}, "option --api_key needs a value"},
		{[]string{"-k", ""}, "the value of option --api_key is empty"},
		{[]string{"--apim_kid="}, "the value of option --apim_kid is empty"},
		{[]string{"-v=x"}, "option --verbose takes no value"},
		{[]string{"--debug="}, "option --debug takes no value"},
		{[]string{"-x"}, "word 1 of the command line is not an option"},
		{[]string{"-v", "S3cret"}, "word 2 of the command line is not an option"},
		{[]string{"--S3cret"}, "word 1 of the command line is not an option"},
		{[]string{"--api-key=S3cret"}, "there is no option --api-key"},
		{[]string{"--", "-k", "S3cret"}, "word 1 of the command line is not an option"},
		{[]string{"\u2013host", "int"}, "word 1 of the command line is not an option: it begins with U+2013, a typographic dash"},
		{[]string{""}, "word 1 of the command line is not an option"},
	} {
		_, err := upstream.ParseArgs(tt.words)
		if fault.ClassOf(err) != fault.Usage || fault.HintOf(err, "") == "" || err.Error() != tt.want {
			t.Errorf("%q: %v, want %s", tt.words, err, tt.want)
		}
	}
}

func FuzzParseArgs(f *testing.F) {
	f.Add("-k\n--api_host=x\n-vk\n-pem\n-5", "K3yK3yK3yK3yK3yK3yK3y")
	f.Add("--\n-h\n--ap\n-ki", "-x")
	f.Fuzz(func(t *testing.T, lines, value string) {
		const secret = "K3yK3yK3yK3y"
		words := strings.Split(strings.ReplaceAll(lines, "S", secret), "\n")
		if _, err := upstream.ParseArgs(words); err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("%q: the error repeats a value: %v", words, err)
		}
		want := said{}
		for _, to := range []struct {
			kind input.Kind
			to   *string
		}{{input.APIKey, &want.APIKey}, {input.Path, &want.PEM}, {input.KID, &want.KID}} {
			cleaned, err := input.Line("", value, to.kind)
			if *to.to = cleaned; err != nil || cleaned == "" {
				return
			}
		}
		a, err := upstream.ParseArgs([]string{"--api_key=" + value, "-pem=" + value, "-kid=" + value})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, plain(a)); diff != "" {
			t.Error(diff)
		}
	})
}
