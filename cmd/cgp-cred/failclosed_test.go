package main

import (
	"regexp"
	"strings"
	"testing"
)

// failsOpen is the mark above a block that shows what not to do.
const failsOpen = "<!-- fails open -->\n"

// openWays are the ways of a recipe to send a request without a credential, or to show the credential to other users.
var openWays = []struct {
	pattern *regexp.Regexp
	problem string
}{
	{
		regexp.MustCompile(`<\([^)]*\bcgp-cred (?:get|exec)|\bcgp-cred get[^|)]*\| *psub`),
		"a failed process substitution is an empty file: t=$(cgp-cred get) && ...",
	},
	{
		regexp.MustCompile(`(?:^|[^=\w\\])["']?\\?\$\((?:cgp-cred get|cat [^)]*[Tt](?i:oken))`),
		"a failed command is an empty argument: t=$(...) && ...",
	},
	{
		regexp.MustCompile(`=\\?\$\((?:cgp-cred get|cat [^)]*[Tt](?i:oken))[^)]*\)(?: *(?:[^& ]|&[^&]|$))`),
		"what follows is run without a credential too: t=$(...) && ...",
	},
	{
		regexp.MustCompile(`(?:-H|--header|-a|--auth|--oauth2-bearer|-u)[ =]*["']?(?:(?:Authorization|apikey|Bearer)[^"']*\$|\$[\w{])`),
		"other users can read the command line: printf ... | COMMAND -H @-",
	},
	{
		regexp.MustCompile(`(?m)^(?:[^\n]*[^\n&] |)printf [^\n|]*\$\{?CGP_TOKEN[^\n|]*\|`),
		"an empty variable sends a request too: test -n \"$CGP_TOKEN\" && printf ...",
	},
}

// whatFailsOpen returns what is wrong with a recipe, or nothing.
func whatFailsOpen(code string) string {
	code = regexp.MustCompile(`(&&|\||\\)\n\s*`).ReplaceAllStringFunc(code, func(end string) string {
		return strings.TrimSuffix(strings.TrimSpace(end), `\`) + " "
	})
	for _, w := range openWays {
		if found := w.pattern.FindString(code); found != "" {
			return strings.TrimSpace(found) + ": " + w.problem
		}
	}
	return ""
}

// A recipe sends nothing without a credential, and has it in no command line.
func TestRecipesFailClosed(t *testing.T) {
	t.Parallel()
	blocks, shown := 0, 0
	for name, text := range documents(t) {
		if name == "CHANGELOG.md" {
			continue
		}
		for _, at := range fence().FindAllStringIndex(text, -1) {
			blocks++
			problem := whatFailsOpen(text[at[0]:at[1]])
			marked := strings.HasSuffix(text[:at[0]], failsOpen)
			switch {
			case problem != "" && !marked:
				t.Errorf("%s: %s", name, problem)
			case problem == "" && marked:
				t.Errorf("%s: nothing is wrong with\n%s", name, text[at[0]:at[1]])
			case marked:
				shown++
			}
		}
	}
	if blocks < 100 || shown == 0 {
		t.Errorf("%d blocks are found, %d with a warning", blocks, shown)
	}
}

// Recipes that fail open are found, and those that do not are left.
func TestWhatFailsOpen(t *testing.T) {
	t.Parallel()
	for code, open := range map[string]bool{
		`cgp-cred curl "$URL"`:                                                     false,
		`cgp-cred get --format curl "$URL" | curl -q -K -`:                         false,
		`h=$(cgp-cred get) && printf '%s\n' "$h" | curl -H @- "$URL"`:              false,
		"h=$(cgp-cred get) &&\n  printf '%s\\n' \"$h\" | curl -H @- \"$URL\"":      false,
		`h=$(cgp-cred get int --format token) && next`:                             false,
		`cgp-cred exec --stdin -- curl -H @- "$URL"`:                               false,
		`t=$(cat "$BEARER_TOKEN_FILE") && printf 'x %s' "$t" | curl`:               false,
		`test -n "$CGP_TOKEN" && printf '%s\n' "$CGP_TOKEN" | curl -H @- "$URL"`:   false,
		`x="$(command -v cgp-cred) credential"`:                                    false,
		`t=$(cgp-cred get) && run -e <(printf '%s' "$t")`:                          false,
		`xh "$URL" Authorization:@<(printf 'Bearer %s' "$t")`:                      false,
		`curl -H 'Content-Type: application/json' "$URL"`:                          false,
		`curl -H @<(cgp-cred get) "$URL"`:                                          true,
		`wget2 --config=<(printf 'header = %s\n' "$(cgp-cred get int)") "$URL"`:    true,
		`curl -H @(cgp-cred get | psub) $URL`:                                      true,
		`curl -H "$(cgp-cred get)" "$URL"`:                                         true,
		`curl -H $(cgp-cred get) "$URL"`:                                           true,
		`t=$(cgp-cred get); curl "$URL"`:                                           true,
		"t=$(cgp-cred get)\ncurl \"$URL\"":                                         true,
		`t=$(cgp-cred get) & curl "$URL"`:                                          true,
		`t=$(cgp-cred get) || curl "$URL"`:                                         true,
		`export T=$(cgp-cred get --format token); run`:                             true,
		`printf 'x %s' "$(cat "$BEARER_TOKEN_FILE")" | curl -H @- "$URL"`:          true,
		`printf "x %s" "\$(cat "\$BEARER_TOKEN_FILE")" | curl -H @- "$URL"`:        true,
		`printf 'x %s' "$(cat shared/token)" | curl -H @- "$URL"`:                  true,
		`curl -H "Authorization: Bearer $t" "$URL"`:                                true,
		`curl --header="apikey: $KEY" "$URL"`:                                      true,
		`http -A bearer -a "$t" "$URL"`:                                            true,
		`curl --oauth2-bearer "$t" "$URL"`:                                         true,
		`printf 'Authorization: Bearer %s\n' "$CGP_TOKEN" | curl -H @- "$URL"`:     true,
		`printf 'Authorization: Bearer %s\n' "${CGP_TOKEN:?}" | curl -H @- "$URL"`: true,
	} {
		if problem := whatFailsOpen(code); (problem != "") != open {
			t.Errorf("%s\nproblem %q, want one: %v", code, problem, open)
		}
	}
}
