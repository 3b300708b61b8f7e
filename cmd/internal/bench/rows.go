package main

// row is one line of the table: what one subject takes, as a multiple of what another takes. Less is better.
type row struct {
	of, beside string
	limit      float64 // more fails; 0: none
	share      bool    // explains, and is compared with nothing: it grows when the whole gets faster
	page       bool    // is on the page too
	chart      bool    // is in the chart and not in the table
}

func (r row) id() string { return r.of + "/" + r.beside }

// rows is the table, in its order.
var rows = []row{
	{of: "get", beside: "empty", limit: 2.0, page: true},
	{of: "get", beside: "nethttp", limit: 1.3, page: true},
	{of: "get", beside: "secret-tool", limit: 0.5, page: true},
	{of: "get", beside: "docker", limit: 0.5, page: true},
	{of: "get", beside: "git", limit: 0.5, page: true},
	{of: "get", beside: "python", page: true},
	{of: "new", beside: "bare", limit: 1.2, page: true},
	{of: "erased", beside: "bare", limit: 1.2},
	{of: "new", beside: "python", page: true},
	{of: "attributes", beside: "get", page: true},
	{of: "json", beside: "get"},
	{of: "named100", beside: "get", limit: 1.1, page: true},
	{of: "url", beside: "get"},
	{of: "url100", beside: "url"},
	{of: "together", beside: "apart", page: true},
	{of: "crowd", beside: "alone", page: true},
	{of: "get memory", beside: "20 MB", limit: 1, page: true},
	{of: "get memory", beside: "empty memory", page: true},
	{of: "new memory", beside: "20 MB"},
	{of: "new memory", beside: "empty memory"},

	{of: "folders", beside: "get", share: true},
	{of: "profile", beside: "get", share: true},
	{of: "keyring", beside: "get", share: true},
	{of: "unseal", beside: "get", share: true},
	{of: "cache", beside: "get", share: true},
	{of: "record", beside: "new", share: true},
	{of: "assertion", beside: "new", share: true},

	{of: "empty", beside: "empty", chart: true},
	{of: "nethttp", beside: "empty", chart: true},
	{of: "secret-tool", beside: "empty", chart: true},
	{of: "docker", beside: "empty", chart: true},
	{of: "git", beside: "empty", chart: true},
	{of: "new", beside: "empty", chart: true},
	{of: "python", beside: "empty", chart: true},
}

// labels is what the table calls each subject, in Markdown.
var labels = map[string]string{
	"empty":        "an empty Go program",
	"nethttp":      "an empty Go program with `net/http` in it",
	"get":          "a cached `get`",
	"secret-tool":  "`secret-tool lookup`",
	"docker":       "`docker-credential-secretservice get`",
	"git":          "`git-credential-libsecret get`",
	"python":       "a Python script that fetches a token",
	"new":          "a new token (`get --force-new`)",
	"erased":       "`get` after `erase`",
	"bare":         "bare keychain read, RSA-4096 signature and request",
	"attributes":   "`credential get`, asked as git asks",
	"json":         "`credential get`, asked in JSON",
	"named100":     "`get` of one of 100 profiles",
	"url":          "`get URL`",
	"url100":       "`get URL`, 100 profiles",
	"together":     "200 cached `get`s at once",
	"apart":        "200 one after the other",
	"crowd":        "200 `get`s at once, no token yet",
	"alone":        "one `get`, no token yet",
	"get memory":   "memory of a cached `get`",
	"new memory":   "memory of `get --force-new`",
	"empty memory": "memory of an empty Go program",
	"20 MB":        "20 MB",
	"folders":      "finding the folders",
	"profile":      "choosing and reading the profile",
	"keyring":      "reading the kernel's keyring",
	"unseal":       "opening the sealed token",
	"cache":        "the whole token cache",
	"record":       "rebuilding the key from its record",
	"assertion":    "signing an assertion",
}
