// Package text reads what people hand over: keys, names, key sets and files that came through PowerShell, .env files,
// chats and mail. It is the only place that decides about an oddity: what can't be meant is taken off, and what could
// be part of a value is refused, by the name of the input and the place of the oddity. No error repeats a value.
package text

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"cgp-cred/keystore/fault"
)

// bad returns the error of an input that can't be read. If input is empty, the caller names it.
func bad(input, problem, hint string) error {
	if input == "" {
		return fault.New(fault.Usage, hint, "%s", problem)
	}
	return fault.New(fault.Usage, hint, "%s: %s", input, problem)
}

const (
	hintUTF8  = "save it as UTF-8, without other changes"
	hintAgain = "type it again, or copy it from a place that does not format it"
)

// mark is the byte order mark. PowerShell pipes it into programs.
const mark = "\ufeff"

// marks are the byte order mark, and what a console's code page makes of it (Windows-1252, 437, 850).
var marks = [...]string{mark, "\u00ef\u00bb\u00bf", "\u2229\u2557\u2510", "\u00b4\u2557\u2510"}

// Decode returns a text as UTF-8 without a byte order mark. It reads UTF-16, which PowerShell's > writes, with a byte
// order mark, or if all of it is ASCII. It does not change line ends. Text that is neither UTF-8 nor UTF-16, or that
// has a NUL, is an error.
func Decode(input string, raw []byte) (string, error) {
	s, err := decode(input, raw)
	if err != nil {
		return "", err
	}
	if at := strings.IndexByte(s, 0); at >= 0 {
		return "", bad(input, fmt.Sprintf("byte %d is NUL, so it is not text", at+1), hintUTF8)
	}
	if utf8.ValidString(s) {
		return s, nil
	}
	for i, r := range s {
		if r == utf8.RuneError && s[i] >= utf8.RuneSelf && !strings.HasPrefix(s[i:], "\ufffd") {
			return "", bad(input, fmt.Sprintf("it is not UTF-8: byte %d is 0x%02x", i+1, s[i]), hintUTF8)
		}
	}
	return s, nil
}

// decode is Decode for text that may have bytes that are not UTF-8.
func decode(input string, raw []byte) (string, error) {
	var order binary.ByteOrder = binary.LittleEndian
	switch {
	case bytes.HasPrefix(raw, []byte{0xff, 0xfe}):
		raw = raw[2:]
	case bytes.HasPrefix(raw, []byte{0xfe, 0xff}):
		raw, order = raw[2:], binary.BigEndian
	case alternates(raw, 0):
		order = binary.BigEndian
	case alternates(raw, 1):
	default:
		return withoutMark(string(raw)), nil
	}
	if len(raw)%2 != 0 {
		return "", bad(input, "it is UTF-16 that was cut within a character", hintUTF8)
	}
	units := make([]uint16, 0, len(raw)/2)
	for i := 0; i < len(raw); i += 2 {
		units = append(units, order.Uint16(raw[i:]))
	}
	return withoutMark(string(utf16.Decode(units))), nil
}

// withoutMark removes byte order marks from the start.
func withoutMark(s string) string {
	for len(s) > 0 && s[0] >= utf8.RuneSelf {
		rest := s
		for _, m := range marks {
			rest = strings.TrimPrefix(rest, m)
		}
		if rest == s {
			break
		}
		s = rest
	}
	return s
}

// alternates reports whether raw is ASCII with a NUL as the first (0) or the second (1) of each two bytes: UTF-16
// without a byte order mark.
func alternates(raw []byte, nul int) bool {
	if len(raw) < 4 || len(raw)%2 != 0 || raw[nul] != 0 {
		return false
	}
	for i := 0; i < len(raw); i += 2 {
		if c := raw[i+1-nul]; raw[i+nul] != 0 || c == 0 || c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// Phrase returns a passphrase without a byte order mark, and from UTF-16 if it has one. Nothing else of it changes.
func Phrase(raw []byte) []byte {
	if bytes.HasPrefix(raw, []byte(mark)) {
		return raw[len(mark):]
	}
	if Wide(raw) {
		if s, err := decode("", raw); err == nil {
			return []byte(s)
		}
	}
	return raw
}

// Wide reports whether a text begins with the byte order mark of UTF-16.
func Wide(raw []byte) bool {
	return bytes.HasPrefix(raw, []byte{0xff, 0xfe}) || bytes.HasPrefix(raw, []byte{0xfe, 0xff})
}

// Empty reports whether a text has nothing that can be seen.
func Empty(s string) bool {
	if s == "" {
		return true
	}
	decoded, err := decode("", []byte(s))
	return err == nil && strings.TrimFunc(decoded, removable) == ""
}

// Lines is [Decode] for a text of several lines: each ends in a line feed only. It drops what DOS editors end a file
// with.
func Lines(input string, raw []byte) (string, error) {
	s, err := Decode(input, raw)
	return feeds(strings.TrimRight(s, "\x1a")), err
}

// feeds makes every line end a line feed.
func feeds(s string) string {
	if strings.IndexByte(s, '\r') < 0 {
		return s
	}
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
}

// JSON is [Lines] for JSON, without quotes, spaces and invisible characters around it. It refuses a placeholder.
func JSON(input string, raw []byte) ([]byte, error) {
	s, err := Lines(input, raw)
	if err != nil {
		return nil, err
	}
	for before := s + "."; before != s; {
		before = s
		s = strings.TrimFunc(s, removable)
		if !strings.HasPrefix(s, `"`) { // JSON's own quotes
			s = withoutMark(unquote(s))
		}
	}
	if problem := unfilled(s); problem != "" {
		return nil, bad(input, problem, hintUnfilled)
	}
	return []byte(s), nil
}

// Odd describes the first character of a text that can't be seen or that looks like another one, with its place, for
// the error of a text that does not have its format. It is empty if there is no such character.
func Odd(s string) string {
	line, column := 1, 0
	for _, r := range s {
		column++
		if r == '\n' {
			line, column = line+1, 0
		} else if Strange(r) {
			place := fmt.Sprintf("character %d is %s", column, Describe(r))
			if strings.Contains(s, "\n") {
				place = fmt.Sprintf("line %d, %s", line, place)
			}
			return place
		}
	}
	return ""
}
