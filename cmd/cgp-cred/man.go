//go:build man

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"cgp-cred/keystore/disk"
)

// extra returns the command that writes the manual pages. Only the build for it has the command.
func extra() []entry { return []entry{{"man", "", manCommand}} }

func manCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:    "man FOLDER",
		Short:  "Write a manual page for each command",
		Args:   words(1, 1),
		Hidden: true,
		RunE: func(_ *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil { //nolint:gosec // manual pages are public
				return fmt.Errorf("manual pages: %w", disk.Unwritable(err))
			}
			root := rootCommand(a, nil)
			for name, page := range manualPages(root, pageDate()) {
				file := filepath.Join(args[0], name+".1")
				//nolint:gosec // manual pages are public
				if err := os.WriteFile(file, []byte(page), 0o644); err != nil {
					return disk.Unwritable(err)
				}
			}
			return nil
		},
	}
}

// pageDate returns SOURCE_DATE_EPOCH as a date, otherwise today.
func pageDate() string {
	at := time.Now()
	if seconds, err := strconv.ParseInt(os.Getenv("SOURCE_DATE_EPOCH"), 10, 64); err == nil {
		at = time.Unix(seconds, 0)
	}
	return at.UTC().Format(time.DateOnly)
}

// manualPages returns a page for each command in the help, and for each name by which the program may be called.
func manualPages(root *cobra.Command, date string) map[string]string {
	pages := map[string]string{
		// For "man git-credential-cgp", and so for "git help credential-cgp".
		"git-credential-cgp": ".so man1/cgp-cred-credential.1\n",
		upstreamName:         upstreamPage(date),
	}
	var add func(*cobra.Command)
	add = func(cmd *cobra.Command) {
		pages[pageName(cmd)] = commandPage(cmd, date)
		for _, c := range cmd.Commands() {
			if c.IsAvailableCommand() && c.Name() != "help" {
				add(c)
			}
		}
	}
	add(root)
	return pages
}

func pageName(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }

// manPage is a manual page that is being written, in the man macros of roff.
type manPage struct{ strings.Builder }

func newPage(name, others, short, date string) *manPage {
	p := &manPage{}
	source := "cgp-cred"
	if version != "" {
		source += " " + version
	}
	manual := "User Commands"
	if len(name) > 28 {
		manual = "" // on a terminal of 80 columns the name stands on both sides of it
	}
	p.line(`.TH "%s" "1" "%s" "%s" "%s"`, strings.ToUpper(name), date, source, manual)
	p.section("NAME")
	p.line(`%s \- %s`, roff(name+others), roff(short))
	return p
}

func (p *manPage) line(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }

func (p *manPage) section(title string) { p.line(".SH %s", strings.ToUpper(title)) }

// item writes a term with its description. Both are roff.
func (p *manPage) item(term, text string) { p.line(".TP\n%s\n%s", term, text) }

// paragraph writes a text, which is roff. Between a section's heading and its first one is no space.
func (p *manPage) paragraph(first bool, text string) {
	if !first {
		p.line(".PP")
	}
	p.line("%s", text)
}

// verbatim writes lines as they are.
func (p *manPage) verbatim(text string) {
	p.line(".nf\n.RS 2")
	for line := range strings.SplitSeq(strings.Trim(text, "\n"), "\n") {
		p.line("%s", roff(strings.TrimPrefix(line, "  ")))
	}
	p.line(".RE\n.fi")
}

// topic writes a topic's paragraphs and tables.
func (p *manPage) topic(t topic) {
	p.section(strings.Replace(t.section, "statuses", "status", 1)) // as in other manuals
	for i, b := range t.blocks {
		if b.text != "" {
			p.paragraph(i == 0, markdown(b.text))
			continue
		}
		for _, row := range b.rows[1:] {
			text := markdown(row[1])
			if len(row) > 2 && row[2] != "" {
				text += "\n.br\nWhat to do: " + markdown(row[2]) + "."
			}
			p.item(markdown("`"+plainText(row[0])+"`"), text)
		}
	}
}

// commandPage returns the page of one command. The page of the program lists the commands and has the topics.
func commandPage(cmd *cobra.Command, date string) string {
	others := ""
	if cmd.Name() == "credential" {
		others = ", git-credential-cgp"
	}
	p := newPage(pageName(cmd), others, cmd.Short, date)
	p.section("SYNOPSIS")
	path, rest, _ := strings.Cut(cmd.UseLine(), cmd.CommandPath())
	synopsis := strings.TrimLeft(path+strings.TrimSuffix(rest, " [flags]")+" ", " ")
	if cmd.HasAvailableSubCommands() {
		synopsis = "COMMAND "
	}
	own := "[OPTIONS] "
	if cmd.DisableFlagParsing {
		own = ""
	}
	before, after, dashed := strings.Cut(synopsis, "-- ")
	if dashed {
		after = `\-\- ` + roff(after)
	}
	p.line(".B %s\n%s", roff(cmd.CommandPath()), strings.TrimSpace(roff(before)+own+after))
	p.section("DESCRIPTION")
	about := cmd.Long
	if about == "" {
		about = cmd.Short + "."
	}
	for i, text := range strings.Split(strings.TrimSpace(about), "\n\n") {
		p.paragraph(i == 0, roff(squeeze(text)))
	}
	p.commands(cmd)
	p.options("OPTIONS", cmd.NonInheritedFlags())
	if !cmd.DisableFlagParsing {
		p.options("GLOBAL OPTIONS", cmd.InheritedFlags())
	}
	if cmd.HasExample() {
		p.section("EXAMPLES")
		p.verbatim(cmd.Example)
	}
	if !cmd.HasParent() {
		for _, name := range []string{"exit-codes", "environment", "files", "keystores"} {
			t, _ := findTopic(name)
			p.topic(t)
		}
	} else {
		p.section("EXIT STATUS")
		p.line("0 if it is done. The other statuses, the environment variables and the files are in\n.BR cgp\\-cred (1).")
	}
	p.seeAlso(cmd)
	return p.String()
}

// commands lists the subcommands, by group.
func (p *manPage) commands(cmd *cobra.Command) {
	if !cmd.HasAvailableSubCommands() {
		return
	}
	p.section("COMMANDS")
	list := append(cmd.Groups(), &cobra.Group{Title: "Other:"})
	for _, g := range list {
		if len(list) > 1 {
			p.line(`.SS "%s"`, roff(strings.TrimSuffix(g.Title, ":")))
		}
		for _, c := range cmd.Commands() {
			if c.GroupID == g.ID && c.IsAvailableCommand() {
				p.item(fmt.Sprintf(".BR %s (1)", roff(pageName(c))), roff(c.Short)+".")
			}
		}
	}
}

// options writes flags as users type them.
func (p *manPage) options(title string, set *pflag.FlagSet) {
	if !set.HasAvailableFlags() {
		return
	}
	p.section(title)
	set.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		value, text := pflag.UnquoteUsage(f)
		term := `\fB` + roff("--"+f.Name) + `\fR`
		if f.Shorthand != "" {
			term = `\fB` + roff("-"+f.Shorthand) + `\fR, ` + term
		}
		if value != "" && f.Value.Type() != "count" {
			term += ` \fI` + roff(value) + `\fR`
		}
		text = strings.ToUpper(text[:1]) + text[1:]
		if f.DefValue != "" && f.DefValue != "0" && f.DefValue != "false" && f.DefValue != "[]" {
			text += " (default " + f.DefValue + ")"
		}
		p.item(term, roff(text)+".")
	})
}

// seeAlso names the pages around a page.
func (p *manPage) seeAlso(cmd *cobra.Command) {
	var names []string
	if cmd.HasParent() {
		names = append(names, "cgp-cred")
	}
	if parent := cmd.Parent(); parent != nil && parent.HasParent() {
		names = append(names, pageName(parent))
	}
	switch {
	case !cmd.HasParent():
		names = append(names, "git-credential-cgp", upstreamName)
	case cmd.Name() == "credential":
		names = append(names, "gitcredentials(7)")
	}
	p.section("SEE ALSO")
	for i, name := range names {
		name, section, other := strings.Cut(name, "(")
		if !other {
			section = "1)"
		}
		end := ","
		if i == len(names)-1 {
			end = ""
		}
		p.line(".BR %s (%s%s", roff(name), section, end)
	}
}

// upstreamPage returns the page of the Python client's script, made from its help.
func upstreamPage(date string) string {
	about, rest, _ := strings.Cut(upstreamHelp, "\n\nUsage:\n")
	p := newPage(upstreamName, "", "Print an access token, as the Python client's script does", date)
	p.section("SYNOPSIS")
	p.line(".B %s\n[OPTIONS]", upstreamName)
	p.section("DESCRIPTION")
	p.line("%s", roff(squeeze(about)))
	_, options, _ := strings.Cut(rest, "Options:\n")
	options, end, _ := strings.Cut(options, "\n\n")
	p.section("OPTIONS")
	for line := range strings.SplitSeq(options, "\n") {
		term, text, _ := strings.Cut(strings.TrimSpace(line), "  ")
		p.item(`\fB`+roff(term)+`\fR`, roff(strings.TrimSpace(text))+".")
	}
	p.line(".PP\n%s", roff(squeeze(end)))
	p.section("SEE ALSO")
	p.line(".BR cgp\\-cred (1),\n.BR cgp\\-cred\\-import (1)")
	return p.String()
}

func squeeze(text string) string { return strings.Join(strings.Fields(text), " ") }

var escapes = strings.NewReplacer(`\`, `\(rs`, "-", `\-`, "'", `\(aq`, "`", `\(ga`, "^", `\(ha`, "~", `\(ti`,
	`"`, `\(dq`, "…", "...")

// roff escapes a text. The characters that users copy stay what they are.
func roff(text string) string {
	text = escapes.Replace(text)
	if strings.HasPrefix(text, ".") {
		text = `\&` + text
	}
	return text
}

// markdown turns the Markdown of a topic into roff: code is bold.
func markdown(text string) string {
	var b strings.Builder
	last := 0
	for _, m := range regexp.MustCompile(inline).FindAllStringSubmatchIndex(text, -1) {
		b.WriteString(roff(text[last:m[0]]))
		if last = m[1]; m[2] >= 0 {
			b.WriteString(`\fB` + roff(text[m[2]:m[3]]) + `\fR`)
		} else {
			b.WriteString(roff(text[m[4]:m[5]]))
		}
	}
	return b.String() + roff(text[last:])
}
