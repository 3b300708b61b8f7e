package upstream

import (
	"fmt"
	"slices"
	"strings"

	"cgp-cred/keystore"
)

// Args is a command line of get_nhs_oauth_token. What was not given is empty.
type Args struct {
	Host    string
	APIName string // taken and not needed: a token is for every API of the host
	APIKey  keystore.Secret
	PEM     PEM
	KID     string
	Config  string // the configuration file, where HasConfig
	Verbose int    // 1: --verbose, 2: --debug
	Help    bool   // nothing else counts

	HasConfig bool // a configuration file was named, with an empty name to say none
}

// option is one option of the program, under its two names.
type option struct {
	short, long string
	set         func(a *Args, value string)
	flag        bool // it has no value
	empty       bool // its value may be empty
}

func options() []option {
	return []option{
		{short: "-h", long: "--help", flag: true, set: func(a *Args, _ string) { a.Help = true }},
		{short: "-host", long: "--api_host", set: func(a *Args, v string) { a.Host = v }},
		{short: "-api", long: "--api_name", empty: true, set: func(a *Args, v string) { a.APIName = v }},
		{short: "-k", long: "--api_key", set: func(a *Args, v string) { a.APIKey = keystore.NewSecret([]byte(v)) }},
		{short: "-pem", long: "--private_key_pem_file", set: func(a *Args, v string) { a.PEM = newPEM(v) }},
		{short: "-kid", long: "--apim_kid", set: func(a *Args, v string) { a.KID = v }},
		{short: "-v", long: "--verbose", flag: true, set: func(a *Args, _ string) { a.Verbose = max(a.Verbose, 1) }},
		{short: "-vv", long: "--debug", flag: true, set: func(a *Args, _ string) { a.Verbose = 2 }},
		{short: "-cfg", long: "--config_file", empty: true, set: func(a *Args, v string) { a.Config, a.HasConfig = v, true }},
	}
}

// ParseArgs reads a command line, without the program's name, as Python's argparse does for the client's script: long
// options with one dash or two, any unambiguous beginning of a name, a value in the next word or after "=", a value
// straight after -k, -v and -h together with what follows. Its errors name options, never values.
func ParseArgs(args []string) (Args, error) {
	p := parser{options: options(), words: args}
	for p.next < len(p.words) && !p.args.Help {
		if err := p.word(); err != nil {
			return Args{}, err
		}
	}
	if p.args.Help {
		return Args{Help: true}, nil
	}
	return p.args, p.later
}

type parser struct {
	options []option
	words   []string
	next    int // the first word that is not read yet
	args    Args
	later   error // what is wrong with a word, unless --help follows
}

// use is an option as a word names it.
type use struct {
	option
	name   string // of its two
	value  string
	joined bool // the value is in the same word
}

// word reads the next word, and its value.
func (p *parser) word() error {
	word := p.words[p.next]
	uses := p.match(word)
	p.next++
	if len(uses) > 1 {
		return ambiguous(uses)
	}
	if len(uses) == 0 {
		if p.later == nil {
			p.later = unknownWord(word, p.next)
		}
		if word == "--" { // all that follows are plain words, and there is no place for one
			p.next = len(p.words)
		}
		return nil
	}
	return p.apply(uses[0])
}

// apply sets what an option says. Behind a flag with one letter more letters may follow: -vk KEY.
func (p *parser) apply(u use) error {
	var flags []use
	for u.flag && u.joined {
		rest := p.named("-" + first(u.value))
		if strings.HasPrefix(u.name, "--") || u.value == "" || rest == nil {
			return bad(hintHelp, fmt.Sprintf("option %s takes no value", u.long))
		}
		flags = append(flags, u)
		u = use{option: *rest, name: rest.short, value: u.value[1:], joined: len(u.value) > 1}
	}
	if !u.flag && !u.joined {
		if p.next == len(p.words) || !p.plain(p.words[p.next]) {
			return bad(
				fmt.Sprintf("a value that begins with a dash is written %s=VALUE", u.long),
				fmt.Sprintf("option %s needs a value", u.long),
			)
		}
		u.value = p.words[p.next]
		p.next++
	}
	for _, f := range append(flags, u) {
		if !f.flag && !f.empty && f.value == "" {
			p.later = bad("is the variable set?", fmt.Sprintf("the value of option %s is empty", f.long))
		}
		f.set(&p.args, f.value)
	}
	return nil
}

// match returns the options that a word can mean: none for a plain or unknown word, more than one if it is ambiguous.
func (p *parser) match(word string) []use {
	if o := p.named(word); o != nil {
		return []use{{option: *o, name: word}}
	}
	if len(word) < 2 || word[0] != '-' || word == "--" {
		return nil
	}
	name, value, joined := strings.Cut(word, "=")
	if o := p.named(name); o != nil && joined {
		return []use{{option: *o, name: name, value: value, joined: true}}
	}
	var uses []use
	for _, o := range p.options {
		switch {
		case word[1] == '-' && strings.HasPrefix(o.long, name):
			uses = append(uses, use{option: o, name: o.long, value: value, joined: joined})
		case word[1] != '-' && o.short == word[:2]:
			uses = append(uses, use{option: o, name: o.short, value: word[2:], joined: true})
		case word[1] != '-' && strings.HasPrefix(o.short, word):
			uses = append(uses, use{option: o, name: o.short})
		}
	}
	return uses
}

// named returns the option with exactly that name.
func (p *parser) named(name string) *option {
	i := slices.IndexFunc(p.options, func(o option) bool { return name == o.short || name == o.long })
	if i < 0 {
		return nil
	}
	return &p.options[i]
}

// plain reports that a word can be a value: it is no option, known or not. A negative number is none, and neither is a
// word with a blank.
func (p *parser) plain(word string) bool {
	if !strings.HasPrefix(word, "-") || word == "-" {
		return true
	}
	return word != "--" && len(p.match(word)) == 0 && (negative(word) || strings.Contains(word, " "))
}

// negative reports that a word is a negative number, such as -5 or -.5.
func negative(word string) bool {
	whole, fraction, point := strings.Cut(word[1:], ".")
	return (whole != "" || point) && digits(whole) && digits(fraction) && (!point || fraction != "")
}

func digits(s string) bool { return strings.Trim(s, "0123456789") == "" }

func first(s string) string { return s[:min(1, len(s))] }
