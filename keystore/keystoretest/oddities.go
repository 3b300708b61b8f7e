package keystoretest

import (
	"strings"
	"unicode/utf16"
)

// UTF16LE returns s in UTF-16 without a byte order mark.
func UTF16LE(s string) string {
	var out []byte
	for _, u := range utf16.Encode([]rune(s)) {
		out = append(out, byte(u), byte(u>>8))
	}
	return string(out)
}

// UTF16BE returns s in UTF-16 with the other byte first.
func UTF16BE(s string) string {
	b := []byte(UTF16LE(s))
	for i := 0; i < len(b); i += 2 {
		b[i], b[i+1] = b[i+1], b[i]
	}
	return string(b)
}

// RemovedOddities are the oddities of human text that are taken off around a value; name is the name of a variable for it.
var RemovedOddities = map[string]func(value, name string) string{
	"line feed":             func(v, _ string) string { return v + "\n" },
	"CRLF":                  func(v, _ string) string { return v + "\r\n" },
	"CR":                    func(v, _ string) string { return v + "\r" },
	"empty lines":           func(v, _ string) string { return "\n\r\n" + v + "\n\n" },
	"spaces and tabs":       func(v, _ string) string { return " \t" + v + "\t  " },
	"end of a DOS file":     func(v, _ string) string { return v + "\r\n\x1a" },
	"byte order mark":       func(v, _ string) string { return "\ufeff" + v },
	"two byte order marks":  func(v, _ string) string { return "\ufeff\ufeff" + v + "\n" },
	"mark in Windows-1252":  func(v, _ string) string { return "\u00ef\u00bb\u00bf" + v },
	"mark in code page 437": func(v, _ string) string { return "\u2229\u2557\u2510" + v },
	"mark in code page 850": func(v, _ string) string { return "\u00b4\u2557\u2510" + v },
	"UTF-16LE":              func(v, _ string) string { return "\xff\xfe" + UTF16LE(v+"\r\n") },
	"UTF-16BE":              func(v, _ string) string { return "\xfe\xff" + UTF16BE(v+"\r\n") },
	"UTF-16LE, no mark":     func(v, _ string) string { return UTF16LE(v + "\n") },
	"UTF-16BE, no mark":     func(v, _ string) string { return UTF16BE(v + "\n") },
	"no-break spaces":       func(v, _ string) string { return "\u00a0" + v + "\u202f" },
	"zero width":            func(v, _ string) string { return "\u200b" + v + "\u200d\u2060" },
	"soft hyphen":           func(v, _ string) string { return v + "\u00ad" },
	"bidirectional marks":   func(v, _ string) string { return "\u202a" + v + "\u202c\u200e" },
	"isolates":              func(v, _ string) string { return "\u2068" + v + "\u2069" },
	"line separator":        func(v, _ string) string { return v + "\u2028" },
	"double quotes":         func(v, _ string) string { return `"` + v + `"` },
	"single quotes":         func(v, _ string) string { return "'" + v + "'" },
	"backticks":             func(v, _ string) string { return "`" + v + "`" },
	"code fence":            func(v, _ string) string { return "```\n" + v + "\n```" },
	"typographic quotes":    func(v, _ string) string { return "\u201c" + v + "\u201d" },
	"German quotes":         func(v, _ string) string { return "\u201e" + v + "\u201c" },
	"single typographic":    func(v, _ string) string { return "\u2018" + v + "\u2019" },
	"guillemets":            func(v, _ string) string { return "\u00ab" + v + "\u00bb" },
	"quotes in quotes":      func(v, _ string) string { return `"'` + v + `'"` + "\r\n" },
	"quotes and spaces":     func(v, _ string) string { return `" ` + v + ` "` },
	"assignment":            func(v, n string) string { return n + "=" + v },
	"spaced assignment":     func(v, n string) string { return n + " = '" + v + "'\n" },
	"export":                func(v, n string) string { return "export " + n + `="` + v + `"` },
	"set of cmd":            func(v, n string) string { return "set " + n + "=" + v + "\r\n" },
	"PowerShell":            func(v, n string) string { return "$env:" + n + ` = "` + v + `"` },
	"Dockerfile":            func(v, n string) string { return "ENV " + n + "=" + v },
	"docker run":            func(v, n string) string { return "-e " + n + "=" + v },
	"YAML":                  func(v, n string) string { return strings.ToLower(n) + ": " + v },
	"JSON member":           func(v, n string) string { return `"` + n + `": "` + v + `"` },
}

// RefusedOddities are the oddities that are refused, and what the error says. The value has ten characters.
var RefusedOddities = map[string]struct {
	Odd  func(value string) string
	Says string
}{
	"zero width within":  {func(v string) string { return v[:3] + "\u200b" + v[3:] }, "character 4 is U+200B, which can't be"},
	"soft hyphen within": {func(v string) string { return v[:3] + "\u00ad" + v[3:] }, "character 4 is U+00AD, which can't be"},
	"override within":    {func(v string) string { return v[:3] + "\u202e" + v[3:] }, "character 4 is U+202E, which can't be"},
	"mark within":        {func(v string) string { return v[:3] + "\ufeff" + v[3:] }, "character 4 is U+FEFF, which can't be"},
	"no-break space":     {func(v string) string { return v[:3] + "\u00a0" + v[3:] }, "character 4 is U+00A0, a space that"},
	"en dash":            {func(v string) string { return v[:3] + "\u2013" + v[3:] }, "character 4 is U+2013, a typographic dash"},
	"em dash":            {func(v string) string { return v[:3] + "\u2014" + v[3:] }, "character 4 is U+2014, a typographic dash"},
	"non-break hyphen":   {func(v string) string { return v[:3] + "\u2011" + v[3:] }, "character 4 is U+2011, a typographic dash"},
	"CR within":          {func(v string) string { return v[:3] + "\r" + v[3:] }, `character 4 is a line break (\r)`},
	"two lines":          {func(v string) string { return v + "\n" + v }, `character 11 is a line break (\n)`},
	"tab within":         {func(v string) string { return v[:3] + "\t" + v[3:] }, `character 4 is a tab (\t)`},
	"escape":             {func(v string) string { return v[:3] + "\x1b" + v[3:] }, "character 4 is U+001B, a control character"},
	"pasted escape":      {func(v string) string { return "\x1b[200~" + v + "\x1b[201~" }, "character 1 is U+001B"},
	"one quote":          {func(v string) string { return "  '" + v }, "character 3 is a quote (')"},
	"one at the end":     {func(v string) string { return v + "\u201d\n" }, "character 11 is U+201D, a typographic quote"},
	"NUL":                {func(v string) string { return v + "\x00x" }, "byte 11 is NUL"},
	"Latin-1":            {func(v string) string { return v[:3] + "\xe9" + v[3:] }, "it is not UTF-8: byte 4 is 0xe9"},
	"cut UTF-16":         {func(v string) string { return "\xff\xfe" + UTF16LE(v) + "x" }, "UTF-16 that was cut"},
	"shell variable":     {func(string) string { return "${X}" }, "it holds ${X}, which was not replaced"},
	"variable, quoted":   {func(string) string { return `"$NHS_KEY"` }, "it is $NHS_KEY, which was not replaced"},
	"PowerShell's":       {func(string) string { return "$env:X" }, "it is $env:X, which was not replaced"},
	"command":            {func(string) string { return "$(cat key.txt)" }, "it holds $(cat key.txt), which was not replaced"},
	"cmd's variable":     {func(string) string { return "%API_KEY%" }, "it is %API_KEY%, which was not replaced"},
	"template":           {func(string) string { return "{{ .Values.key }}" }, "it holds {{ .Values.key }}, which was not"},
	"GitHub expression":  {func(string) string { return "${{ secrets.KEY }}" }, "it holds ${{ secrets.KEY }, which was not"},
	"part of a variable": {func(v string) string { return v + "${SUFFIX}" }, "it holds ${SUFFIX}, which was not"},
	"example":            {func(string) string { return "<your-key>" }, "it is <your-key>, which was not replaced"},
	"masked":             {func(string) string { return "***" }, "it holds ***, which hides a value"},
	"partly masked":      {func(v string) string { return v[:4] + "****" }, "it holds ***, which hides a value"},
	"bullets":            {func(string) string { return "\u2022\u2022\u2022\u2022" }, `it holds \u2022\u2022\u2022, which hides`},
	"redacted":           {func(string) string { return "[redacted]" }, "it holds [redacted], which hides a value"},
}
