package doctor

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"cgp-cred/helper/apim"
	"cgp-cred/helper/profile"
	"cgp-cred/keystore/printable"
)

// Report writes what API Management support asks for. It is safe to paste: it has no secret, address, user
// information, query or home folder. It has only the first and last four characters of an API key, and an assertion's
// header and claims without the signature.
func (f *Findings) Report(w io.Writer) error {
	e := f.exam
	s := newScrubber(e.helper.Folders)
	var b strings.Builder
	line := func(format string, args ...any) {
		b.WriteString(printable.Line(s.line(fmt.Sprintf(format, args...))) + "\n")
	}
	line("cgp-cred report, safe to paste: no secret, address or home folder is in it")
	for _, fact := range e.facts() {
		line("%-13s%s", fact[0], fact[1])
	}
	line("%-13s%s", "token", f.tokenFact())
	if len(e.told) > 0 {
		b.WriteString("\nwhat was done:\n")
	}
	for _, text := range e.told {
		line("  %s", text)
	}
	b.WriteString("\nchecks:\n")
	for _, r := range f.Results {
		line("  %-5s%-10s%s", r.State, r.Check, r.Detail)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// facts returns what is known without a check.
func (e *run) facts() [][2]string {
	facts := [][2]string{{"program", e.Program}, {"time", e.begun.UTC().Format(time.RFC3339)}}
	if e.profile != nil {
		facts = append(facts, [2]string{"environment", profile.Target(e.profile.Host, e.profile.APIName)},
			[2]string{"method", e.profile.Auth}, [2]string{"token URL", e.tokenURL()})
	}
	if e.record != nil {
		facts = append(facts, e.recordFacts()...)
	}
	clock := "not compared"
	if e.hasSkew {
		clock = "agrees with APIM's"
		if e.skew != 0 {
			clock = apim.SkewText(e.skew)
		}
	}
	proxy := "no"
	if e.viaHost != "" {
		proxy = "yes"
	}
	return append(facts, [2]string{"clock", clock}, [2]string{"proxy", proxy})
}

// recordFacts returns the public parts of the record.
func (e *run) recordFacts() [][2]string {
	label := e.record.APIKeyLabel()
	switch {
	case e.record.APIKey.IsZero():
		label = "none"
	case label == "":
		label = "not shown: it is short"
	}
	facts := [][2]string{{"API key", label}}
	if k := e.record.Key; k != nil {
		facts = append(facts, [2]string{"kid", printable.Text(e.record.ShownKID(k))})
		facts = append(facts, [2]string{"signer", k.Signer.Kind()})
		if jwk, err := apim.NewJWK(k.Signer.Public(), k.KID); err == nil {
			facts = append(facts, [2]string{"thumbprint", jwk.Thumbprint()})
		}
	}
	return facts
}

// tokenFact says how the token request ended.
func (f *Findings) tokenFact() string {
	m := f.exam.minted
	if m == nil {
		for _, r := range f.Results {
			if r.Check == "token" {
				return "not asked for: " + r.Detail
			}
		}
		return "not asked for"
	}
	at := ", at " + m.at.UTC().Format(time.RFC3339)
	var refused *apim.Error
	switch {
	case m.err == nil:
		return "obtained" + at
	case errors.As(m.err, &refused) && refused.Status != 0 && refused.Code+refused.Description != "":
		text := fmt.Sprintf(`status %d, error "%s", error_description "%s"`,
			refused.Status, printable.Text(refused.Code), printable.Text(refused.Description))
		if refused.ID != "" {
			text += ", message_id " + refused.ID
		}
		return text + at
	}
	return "failed" + at + ": " + m.err.Error()
}
