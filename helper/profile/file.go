package profile

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"cgp-cred/keystore/text"
)

// A config file has lines of "key: value" and comments: the part of YAML that encode writes, with the quotes, spaces
// and comments that users add by hand. The parser refuses the rest of YAML.

// row is a key of a file, and the variable that holds its value.
type row struct {
	key    string
	value  any  // *string, *bool, *[]string or *[]Copy
	always bool // written even if it is empty
	line   int  // the line that parse found it on; 0: it is not in the file
}

func (p *Profile) rows() []row {
	return []row{
		{key: "api_host", value: &p.Host, always: true},
		{key: "api_name", value: &p.APIName},
		{key: "auth", value: &p.Auth, always: true},
		{key: "keystore", value: &p.Keystore, always: true},
		{key: "rev", value: &p.Rev, always: true},
		{key: "keystore_identity", value: &p.Identity},
		{key: "keystore_command", value: &p.Command},
		{key: "keystore_seal", value: &p.Seal},
		{key: "moving_from", value: &p.MovingFrom},
		{key: "changing_to", value: &p.ChangingTo},
		{key: "signer_seal", value: &p.SignerSeal},
		{key: "fleet", value: &p.Fleet},
		{key: "fleet_seal", value: &p.FleetSeal},
	}
}

func (c *Copy) rows() []row {
	return []row{
		{key: "keystore", value: &c.Kind, always: true},
		{key: "keystore_identity", value: &c.Identity},
		{key: "keystore_command", value: &c.Command},
		{key: "keystore_seal", value: &c.Seal},
		{key: "rev", value: &c.Rev, always: true},
		{key: "replaced", value: &c.Replaced},
	}
}

// settings is config.yaml.
type settings struct{ Default string }

func (s *settings) rows() []row { return []row{{key: "default", value: &s.Default}} }

// lineOf returns the line that a key was found on, or 0.
func lineOf(rows []row, key string) int {
	for _, r := range rows {
		if r.key == key {
			return r.line
		}
	}
	return 0
}

// encode returns a file, or an indented part of one.
func encode(rows []row, indent int) string {
	var b strings.Builder
	item := strings.Repeat(" ", indent/4*4+4) + "- "
	for _, r := range rows {
		key := strings.Repeat(" ", indent) + r.key + ":"
		switch v := r.value.(type) {
		case *string:
			if *v != "" || r.always {
				b.WriteString(key + " " + quote(*v) + "\n")
			}
		case *bool:
			if *v {
				b.WriteString(key + " true\n")
			}
		case *[]string:
			if len(*v) > 0 {
				b.WriteString(key + "\n")
			}
			for _, word := range *v {
				b.WriteString(item + quote(word) + "\n")
			}
		case *[]Copy:
			if len(*v) > 0 {
				b.WriteString(key + "\n")
			}
			for i := range *v {
				b.WriteString(item + strings.TrimLeft(encode((*v)[i].rows(), len(item)), " "))
			}
		}
	}
	return b.String()
}

// quote returns s in quotes if it has unusual characters. A rev may begin with a dash.
func quote(s string) string {
	const punctuation = "_.:/-"
	for i := range len(s) {
		c := s[i]
		alnum := (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
		if !alnum && strings.IndexByte(punctuation, c) < 0 {
			return strconv.Quote(s)
		}
	}
	if strings.Trim(s, "-") == "" || !plain(s) {
		return strconv.Quote(s)
	}
	return s
}

// parser reads a file line by line.
type parser struct {
	file   string
	rest   string // the lines after at
	number int    // of the last line taken from rest
	at     line   // the next line
	err    error  // the first one
}

// line is a line that is not only a comment. At the end of the file its text is empty.
type line struct {
	number, indent int
	text           string
}

const (
	badIndent = "its indentation differs from the lines above"
	badLine   = "it does not have the form key: value"
	badList   = "write the value as a list: a line with - WORD for each word"
	badValue  = "write the value on this line, in double quotes"
)

// parse reads a file into the rows' variables. After an error it continues with the next line.
func parse(file string, raw []byte, rows []row) error {
	all, err := text.Decode("", raw)
	if err != nil {
		all = string(raw) // reading its lines says which one is wrong
	}
	p := &parser{file: file, rest: all}
	p.next()
	if p.at.text == "---" {
		p.next()
	}
	if p.at.text == "{}" { // earlier versions wrote this if there was no default
		p.next()
		rows = nil
	}
	for p.at.text != "" {
		p.mapping(rows)
		if p.at.text != "" {
			p.fail(p.at.number, badIndent)
		}
	}
	return p.err
}

func (p *parser) fail(line int, problem string) {
	if p.err == nil {
		p.err = badFile(p.file, line, "%s", problem)
	}
}

// next moves to the next line and returns the one before it.
func (p *parser) next() (before line) {
	before, p.at = p.at, line{}
	for p.rest != "" && p.at.text == "" {
		var whole string
		whole, p.rest, _ = strings.Cut(p.rest, "\n")
		whole = strings.TrimRight(strings.TrimSuffix(whole, "\r"), " ")
		p.number++
		p.at = line{number: p.number, text: strings.TrimLeft(whole, " ")}
		p.at.indent = len(whole) - len(p.at.text)
		if isComment(p.at.text) {
			p.at = line{}
		} else if !utf8.ValidString(whole) || strings.ContainsFunc(whole, unicode.IsControl) {
			p.fail(p.number, "it has a tab (use spaces), a control character or a byte that is not UTF-8")
		}
	}
	return before
}

// mapping reads the lines that begin in the same column as the next one, and the lines below each of them.
func (p *parser) mapping(rows []row) {
	indent := p.at.indent
	for p.at.text != "" && p.at.indent >= indent {
		at := p.next()
		key, value, pair := strings.Cut(at.text, ":")
		key = strings.TrimRight(key, " ")
		i := slices.IndexFunc(rows, func(r row) bool { return r.key == key })
		switch {
		case at.indent > indent:
			p.fail(at.number, badIndent)
		case at.text == "---":
			p.fail(at.number, "it has more than one YAML document")
		case !pair || value != "" && value[0] != ' ' || strings.Trim(key, "abcdefghijklmnopqrstuvwxyz_") != "":
			p.fail(at.number, badLine+strange(at)) // not quoted: it may be a secret
		case i < 0:
			p.fail(at.number, fmt.Sprintf("unknown key %q", key))
		case rows[i].line != 0:
			p.fail(at.number, fmt.Sprintf("key %q is already defined on line %d", key, rows[i].line))
		default:
			rows[i].line = at.number
			p.value(at, strings.TrimLeft(value, " "), rows[i].value)
		}
	}
}

// strange names a character of a line that can't be seen or looks like another one, after the problem of the line.
func strange(at line) string {
	for column, r := range []rune(at.text) {
		if text.Strange(r) && r > 0x7f {
			return fmt.Sprintf("; character %d is %s", at.indent+column+1, text.Describe(r))
		}
	}
	return ""
}

// value reads a value that begins with text on the line at.
func (p *parser) value(at line, text string, to any) {
	switch to := to.(type) {
	case *string:
		*to = p.text(at.number, text)
	case *bool:
		word := p.text(at.number, text)
		*to = word == "true"
		if word != "true" && word != "false" {
			p.fail(at.number, "write true or false")
		}
	case *[]string:
		p.items(at, text, func() {
			item := p.next()
			*to = append(*to, p.text(item.number, item.text))
		})
	case *[]Copy:
		p.items(at, text, func() {
			var c Copy
			p.mapping(c.rows())
			*to = append(*to, c)
		})
	}
}

// items reads a list below the line at. For each item, the text after the dash becomes the next line.
func (p *parser) items(at line, text string, item func()) {
	if !isComment(text) {
		p.fail(at.number, badList)
		return
	}
	indent := p.at.indent
	for indent >= at.indent && p.at.indent == indent && strings.HasPrefix(p.at.text, "- ") {
		rest := strings.TrimLeft(p.at.text[1:], " ")
		p.at.indent += len(p.at.text) - len(rest)
		p.at.text = rest
		item()
	}
}

// text reads a value, in quotes or not, with or without a comment after it.
func (p *parser) text(number int, s string) (value string) {
	var rest string
	var err error
	switch {
	case isComment(s):
	case s[0] == '"':
		var quoted string
		if quoted, err = strconv.QuotedPrefix(s); err == nil {
			value, err = strconv.Unquote(quoted)
		}
		rest = s[len(quoted):]
	case s[0] == '\'':
		doubled := strings.ReplaceAll(s[1:], "''", "\x00") // no line has this character
		closed := false
		if value, rest, closed = strings.Cut(doubled, "'"); !closed {
			rest = s
		}
		value = strings.ReplaceAll(value, "\x00", "'")
	case strings.HasPrefix(s, "!!binary "): // earlier versions wrote this if a value was not UTF-8
		var raw []byte
		raw, err = base64.StdEncoding.DecodeString(s[len("!!binary "):])
		value = string(raw)
	default:
		value, _, _ = strings.Cut(s, " #")
		value = strings.TrimRight(value, " ")
		if !plain(value) {
			rest = s
		}
	}
	if after := strings.TrimLeft(rest, " "); err != nil || after == rest && rest != "" || !isComment(after) {
		p.fail(number, badValue)
	}
	return value
}

// isComment reports whether s is a comment or empty.
func isComment(s string) bool { return s == "" || s[0] == '#' }

// plain reports whether YAML reads a value without quotes as text (YAML 1.2.2 section 7.3.3).
func plain(s string) bool {
	mark := strings.IndexByte("[]{},&*!|>%@`", s[0]) >= 0 ||
		strings.IndexByte("-?:", s[0]) >= 0 && (len(s) == 1 || s[1] == ' ')
	return !mark && !strings.Contains(s, ": ") && s[len(s)-1] != ':' && s != "~" && !strings.EqualFold(s, "null")
}
