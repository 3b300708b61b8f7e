package upstream

import (
	"fmt"
	"slices"
	"strings"

	"cgp-cred/keystore"
	"cgp-cred/keystore/text"
)

// Args is a command line of get_nhs_oauth_token. Options that were not given are empty.
type Args struct {
	Host    string
	APIName string // accepted but not used: a token is for every API of the host
	APIKey  keystore.Secret
	PEM     PEM
	KID     string
	Config  string // the configuration file, if HasConfig
	Verbose int    // 1: --verbose, 2: --debug
	Help    bool   // the other options do not count

	HasConfig bool // --config_file was given; an empty Config then means no file
}

// option is one option of the script.
type option struct {
	names []string // messages use the first
	set   func(a *Args, value string)
	kind  text.Kind
	flag  bool // it has no value
	empty bool // its value may be empty
}

var options = []option{
	{names: []string{"--help", "-h"}, flag: true, set: func(a *Args, _ string) { a.Help = true }},
	{names: []string{"--api_host", "-host"}, kind: text.Host, set: func(a *Args, v string) { a.Host = v }},
	{names: []string{"--api_name", "-api"}, empty: true, set: func(a *Args, v string) { a.APIName = v }},
	{
		names: []string{"--api_key", "-k"}, kind: text.APIKey,
		set: func(a *Args, v string) { a.APIKey = keystore.NewSecret([]byte(v)) },
	},
	{
		names: []string{"--private_key_pem_file", "--private_key_pem", "-pem"}, // the script's documentation has both
		kind:  text.Path,
		set:   func(a *Args, v string) { a.PEM = newPEM(v) },
	},
	{names: []string{"--apim_kid", "-kid"}, kind: text.KID, set: func(a *Args, v string) { a.KID = v }},
	{names: []string{"--verbose", "-v"}, flag: true, set: func(a *Args, _ string) { a.Verbose = max(a.Verbose, 1) }},
	{names: []string{"--debug", "-vv"}, flag: true, set: func(a *Args, _ string) { a.Verbose = 2 }},
	{
		names: []string{"--config_file", "-cfg"}, empty: true, kind: text.Path,
		set: func(a *Args, v string) { a.Config, a.HasConfig = v, true },
	},
}

// ParseArgs reads a command line, without the program's name. Options have their whole names; a value is the next
// word, or follows "=". Its errors name options, never values.
func ParseArgs(words []string) (Args, error) {
	var a Args
	for i := 0; i < len(words) && !a.Help; i++ {
		name, value, joined := strings.Cut(words[i], "=")
		o := find(name)
		if o == nil {
			return Args{}, unknownWord(words[i], i+1)
		}
		long := o.names[0]
		if o.flag && joined {
			return Args{}, bad(hintHelp, fmt.Sprintf("option %s takes no value", long))
		}
		if !o.flag && !joined {
			i++
			if i == len(words) || meantAsOption(words[i]) {
				return Args{}, bad(fmt.Sprintf("write a value that begins with a dash as %s=VALUE", long),
					fmt.Sprintf("option %s needs a value", long))
			}
			value = words[i]
		}
		value, err := text.Line(long, value, o.kind)
		if err != nil {
			return Args{}, err
		}
		if value == "" && !o.flag && !o.empty {
			return Args{}, bad("check that the variable is set", fmt.Sprintf("the value of option %s is empty", long))
		}
		o.set(&a, value)
	}
	return a, nil
}

func find(name string) *option {
	i := slices.IndexFunc(options, func(o option) bool { return slices.Contains(o.names, name) })
	if i < 0 {
		return nil
	}
	return &options[i]
}

// meantAsOption reports whether a word was meant as an option, as in -k $EMPTY -host HOST. A private key has spaces.
func meantAsOption(word string) bool {
	return len(word) > 1 && word[0] == '-' && !strings.Contains(word, " ")
}
