package main

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// markdown returns a topic as docs/reference.md has it.
func (t topic) markdown() string {
	var b strings.Builder
	for _, block := range t.blocks {
		b.WriteByte('\n')
		if block.text != "" {
			text := wrapped(block.text, 118)
			b.WriteString(text)
			continue
		}
		for i, row := range block.rows {
			b.WriteString("| " + strings.TrimRight(strings.Join(row, " | "), " ") + " |\n")
			if i == 0 {
				b.WriteString(strings.Repeat("|---", len(row)) + "|\n")
			}
		}
	}
	return b.String()
}

// wrapped returns text in lines of at most width columns. Code stays on one line.
func wrapped(text string, width int) string {
	var b strings.Builder
	line, code := "", false
	for _, word := range strings.Fields(text) {
		sep := " "
		if !code && line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width {
			b.WriteString(line + "\n")
			line = ""
		}
		if line == "" {
			sep = ""
		}
		line += sep + word
		if strings.Count(word, "`")%2 == 1 {
			code = !code
		}
	}
	return b.String() + line + "\n"
}

// squeezed returns text with one space wherever it has space.
func squeezed(text string) string { return strings.Join(strings.Fields(text), " ") }

// Each topic is a section of docs/reference.md, word for word.
func TestReferenceHasEachTopic(t *testing.T) {
	t.Parallel()
	p := readPage(t, "docs", "reference.md")
	for _, topic := range topics() {
		section, ok := p[topic.section]
		if !ok {
			t.Errorf("there is no section %q", topic.section)
			continue
		}
		if got, want := squeezed(section), squeezed(topic.markdown()); got != want {
			t.Errorf("%s: the section is\n%s\nwant\n%s", topic.section, section, topic.markdown())
		}
	}
}

// A topic's help has no Markdown, fits a terminal, and loses no word.
func TestTopicText(t *testing.T) {
	t.Parallel()
	for _, topic := range topics() {
		text := topic.text()
		for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
			if n := utf8.RuneCountInString(line); n > helpWidth || strings.TrimRight(line, " ") != line {
				t.Errorf("%s: %d columns: %q", topic.name, n, line)
			}
		}
		if strings.ContainsAny(text, "`|[]") {
			t.Errorf("%s has Markdown:\n%s", topic.name, text)
		}
		for _, block := range topic.blocks {
			for i, row := range append(block.rows, []string{block.text}) {
				for _, cell := range row {
					if i != 0 && !strings.Contains(squeezed(text), squeezed(plainText(cell))) {
						t.Errorf("%s lacks %q", topic.name, cell)
					}
				}
			}
		}
	}
}

// A topic is found by the name in the help, and by the names that users try.
func TestFindTopic(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"environment": "environment", "Environment": "environment", "exit-codes": "exit-codes",
		"exit-statuses": "exit-codes", "files": "files", "FILES": "files", "keystores": "keystores",
		"": "", "file": "", "get": "",
	} {
		if got, _ := findTopic(name); got.name != want {
			t.Errorf("%q is the topic %q, want %q", name, got.name, want)
		}
	}
}
