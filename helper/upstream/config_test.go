package upstream_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cgp-cred/helper/upstream"
	"cgp-cred/keystore"
	"cgp-cred/keystore/fault"
)

// read is a configuration in plain values.
type read struct {
	Host, APIName, APIKey, KID, Path, Text string
	Taken, Ignored                         []string
}

func values(c upstream.Config) read {
	return read{
		c.Host, c.APIName, string(c.APIKey.Reveal()), c.KID, c.PEM.Path, string(c.PEM.Text.Reveal()), c.Taken,
		c.Ignored,
	}
}

// TestDocumentedFiles reads the shapes that the client's documentation shows, and what editors and users make of them.
func TestDocumentedFiles(t *testing.T) {
	t.Parallel()
	all := []string{"api_host", "api_key", "api_name", "apim_kid", "private_key_pem_file"}
	for name, tt := range map[string]struct {
		file string
		want read
	}{
		"README": {
			`api_host: sandbox.api.service.nhs.uk
api_name: genomic-data-access
api_key: NHSAPIMAPIKEY # this is the API key
private_key_pem_file: /absolute/path/to/test-1.pem # this is the path to the private key
apim_kid: test-1 # this is the key pair KID
output_dir: /tmp/output
verbose: true
pretty_print: true
`,
			read{
				"sandbox.api.service.nhs.uk", "genomic-data-access", "NHSAPIMAPIKEY", "test-1",
				"/absolute/path/to/test-1.pem", "",
				all,
				[]string{"output_dir", "pretty_print", "verbose"},
			},
		},
		"the workshop's": {
			"api_host: internal-dev.api.service.nhs.uk \r\napi_key: YOUR_API_KEY_HERE  # x\r\nprivate_key_pem: " +
				"/absolute/path/to/test-1.pem\r\n",
			read{
				Host: "internal-dev.api.service.nhs.uk", APIKey: "YOUR_API_KEY_HERE",
				Path:  "/absolute/path/to/test-1.pem",
				Taken: []string{"api_host", "api_key", "private_key_pem"},
			},
		},
		"both spellings, alike": {
			"private_key_pem: a.pem\nprivate_key_pem_file: a.pem\n",
			read{Path: "a.pem", Taken: []string{"private_key_pem", "private_key_pem_file"}},
		},
		"one spelling, the other null": {
			"private_key_pem: ~\nprivate_key_pem_file: a.pem\napi_key:\napim_kid: null\n",
			read{Path: "a.pem", Taken: []string{"private_key_pem_file"}},
		},
		"a key within": {
			"private_key_pem: |\n  -----BEGIN PRIVATE KEY-----\n  MII\n  -----END PRIVATE KEY-----\n",
			read{
				Text:  "-----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY-----",
				Taken: []string{"private_key_pem"},
			},
		},
		"a key on one line": {
			`private_key_pem: "-----BEGIN PRIVATE KEY-----\\nMII"`,
			read{Text: `-----BEGIN PRIVATE KEY-----\nMII`, Taken: []string{"private_key_pem"}},
		},
		"a key in base64": {
			"private_key_pem: " + strings.Repeat("MIIE", 200),
			read{Text: strings.Repeat("MIIE", 200), Taken: []string{"private_key_pem"}},
		},
		"a path of Windows": {
			`private_key_pem: C:\new\test-1.pem`,
			read{Path: `C:\new\test-1.pem`, Taken: []string{"private_key_pem"}},
		},
		"numbers as written": {
			"api_key: 0123\napim_kid: 1e3\n",
			read{APIKey: "0123", KID: "1e3", Taken: []string{"api_key", "apim_kid"}},
		},
		"an environment's name": {
			"api_host: INT.api.service.nhs.uk:443",
			read{Host: "int.api.service.nhs.uk", Taken: []string{"api_host"}},
		},
		"slashes around": {
			"api_name: /genomic-data-access/",
			read{APIName: "genomic-data-access", Taken: []string{"api_name"}},
		},
		"quotes and a mark": {"\ufeff\"api_key\": 'x'\n", read{APIKey: "x", Taken: []string{"api_key"}}},
		"JSON": {
			`{"api_key": "x", "fhir": {"a": [1]}}`,
			read{APIKey: "x", Taken: []string{"api_key"}, Ignored: []string{"fhir"}},
		},
		"anchors and merges": {
			"a: &a {api_key: x}\nb: &h int\n<<: *a\napi_host: *h\n",
			read{
				APIKey: "x", Host: "int.api.service.nhs.uk", Taken: []string{"api_host", "api_key"},
				Ignored: []string{"a", "b"},
			},
		},
		"nothing":  {"", read{}},
		"comments": {"# nothing\n---\n", read{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := upstream.ParseConfig("config.yaml", []byte(tt.file))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, values(c)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestBadFiles(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		file, want string
	}{
		"two keys":           {"a: b\nprivate_key_pem: a.pem\nprivate_key_pem_file: b.pem\n", "config.yaml:3: private_key_pem_file: it differs from private_key_pem"},
		"a name twice":       {"api_key: S3cret\napi_key: S3cret\n", "config.yaml:2: a name occurs twice"},
		"no colon":           {"S3cret", "config.yaml:1: it is not a list of settings, each a name, a colon, a space and a value"},
		"a list":             {"- S3cret", "config.yaml:1: it is not a list of settings, each a name, a colon, a space and a value"},
		"no space":           {"api_host: x\napi_key:S3cret\napim_kid: y\n", "config.yaml:2: it is not YAML"},
		"a tab":              {"api_host: x\n\tapi_key: S3cret\n", "config.yaml:2: it is indented with a tab; YAML needs spaces"},
		"an unknown anchor":  {"api_key: *S3cret", "config.yaml: it is not YAML"},
		"two documents":      {"api_key: S3cret\n---\napi_key: x\n", "config.yaml: it has more than one YAML document"},
		"a key as a list":    {"\napi_key: [S3cret]", "config.yaml:2: api_key: it is not plain text"},
		"a key with a space": {"api_key: S3cret S3cret", "config.yaml:1: api_key: API key: character 7 is a space"},
		"a host as a URL": {
			"api_host: https://int.api.service.nhs.uk",
			`config.yaml:1: api_host: host "https://int.api.service.nhs.uk": it has a scheme; give only the host name`,
		},
		"an API name": {
			"api_name: a//b",
			`config.yaml:1: api_name: api_name "a//b": it must be path segments such as genomic-data-access, with no ` +
				`slash at either end`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := upstream.ParseConfig("config.yaml", []byte(tt.file))
			if fault.ClassOf(err) != fault.Usage || fault.HintOf(err, "") == "" || err.Error() != tt.want {
				t.Errorf("%v, want %s", err, tt.want)
			}
		})
	}
}

func FuzzParseConfig(f *testing.F) {
	f.Add("api_host: x\napi_key: S\n", "x")
	f.Add("{S: &a [*a], <<: *S}", "-----BEGIN")
	f.Add("api_key: 'S\nprivate_key_pem: |\n  S", "\u2028")
	f.Fuzz(func(t *testing.T, file, value string) {
		const secret = "K3yK3yK3yK3y"
		file = strings.ReplaceAll(file, "S", secret)
		_, err := upstream.ParseConfig("config.yaml", []byte(file))
		if err != nil && strings.Contains(err.Error(), secret) && !strings.Contains(err.Error(), ": api_") {
			t.Errorf("%q: the error repeats a value: %v", file, err)
		}
		if keystore.CheckAPIKey(value) != nil {
			return
		}
		quoted, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		c, err := upstream.ParseConfig("config.yaml", []byte("api_key: "+string(quoted)))
		if err != nil || string(c.APIKey.Reveal()) != value {
			t.Errorf("%q came as %q, %v", value, c.APIKey.Reveal(), err)
		}
	})
}
