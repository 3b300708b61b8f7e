package upstream_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cgp-cred/helper/upstream"
	"cgp-cred/keystore/fault"
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
		"configuration alone":  {"", said{}},
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

// TestArgparse holds the parser to what Python 3.11's argparse makes of the same words.
func TestArgparse(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		words []string
		want  said
	}{
		{[]string{"-host=x"}, said{Host: "x"}},
		{[]string{"--api_host=a=b"}, said{Host: "a=b"}},
		{[]string{"-k=x"}, said{APIKey: "x"}},
		{[]string{"-kx"}, said{APIKey: "x"}},
		{[]string{"-kidx"}, said{APIKey: "idx"}},
		{[]string{"-kid=x"}, said{KID: "x"}},
		{[]string{"-p", "x"}, said{PEM: "x"}},
		{[]string{"--p", "x"}, said{PEM: "x"}},
		{[]string{"--api_k=x", "--apim", "y", "--c="}, said{APIKey: "x", KID: "y", HasConfig: true}},
		{[]string{"-a", "x", "-c", "y"}, said{APIName: "x", Config: "y", HasConfig: true}},
		{[]string{"-vkx"}, said{Verbose: 1, APIKey: "x"}},
		{[]string{"-vk", "x"}, said{Verbose: 1, APIKey: "x"}},
		{[]string{"-vvk", "x"}, said{Verbose: 1, APIKey: "x"}},
		{[]string{"-vv=k", "x"}, said{Verbose: 2, APIKey: "x"}},
		{[]string{"-vvv"}, said{Verbose: 1}},
		{[]string{"-k", "-5"}, said{APIKey: "-5"}},
		{[]string{"-k", "-.5"}, said{APIKey: "-.5"}},
		{[]string{"-k", "-x y"}, said{APIKey: "-x y"}},
		{[]string{"-k", "-"}, said{APIKey: "-"}},
		{[]string{"-k=-x"}, said{APIKey: "-x"}},
		{[]string{"-k", "x", "--api_key", "y"}, said{APIKey: "y"}},
		{[]string{"x", "-vh"}, said{Help: true}},
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

// TestArgparseRefuses has what argparse refuses too, and the empty values that the script fails on.
func TestArgparseRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		words []string
		want  string
	}{
		{[]string{"--api", "x"}, "an option could be --api_host or --api_name or --api_key or --apim_kid"},
		{[]string{"-ho", "x"}, "an option could be -h or -host"},
		{[]string{"-ki", "x"}, "an option could be -k or -kid"},
		{[]string{"-k"}, "option --api_key needs a value"},
		{[]string{"-k", "-x"}, "option --api_key needs a value"},
		{[]string{"-k", "-5."}, "option --api_key needs a value"},
		{[]string{"-k", "--", "x"}, "option --api_key needs a value"},
		{[]string{"-k", "--api_host", "x"}, "option --api_key needs a value"},
		{[]string{"-k", ""}, "the value of option --api_key is empty"},
		{[]string{"--apim_kid="}, "the value of option --apim_kid is empty"},
		{[]string{"-v=x"}, "option --verbose takes no value"},
		{[]string{"-v="}, "option --verbose takes no value"},
		{[]string{"-vx"}, "option --verbose takes no value"},
		{[]string{"--verbose=k"}, "option --verbose takes no value"},
		{[]string{"-hostx"}, "option --help takes no value"},
		{[]string{"-x"}, "word 1 of the command line is no option"},
		{[]string{"-v", "S3cret"}, "word 2 of the command line is no option"},
		{[]string{"--S3cret"}, "word 1 of the command line is no option"},
		{[]string{"--api-key=S3cret"}, "there is no option --api-key"},
		{[]string{"--", "-k", "S3cret"}, "word 1 of the command line is no option"},
		{[]string{""}, "word 1 of the command line is no option"},
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
		if value == "" {
			return
		}
		a, err := upstream.ParseArgs([]string{"--api_key=" + value, "-pem=" + value, "-kid=" + value})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(said{APIKey: value, PEM: value, KID: value}, plain(a)); diff != "" {
			t.Error(diff)
		}
	})
}
