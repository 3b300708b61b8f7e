package install

import (
	"strings"
	"testing"
)

func TestPath(t *testing.T) {
	t.Parallel()
	const folder = `C:\Users\Zoë\AppData\Local\Programs\cgp-cred`
	expand := func(s string) string {
		return strings.ReplaceAll(s, "%LOCALAPPDATA%", `C:\Users\Zoë\AppData\Local`)
	}
	for name, c := range map[string]struct{ value, added, removed string }{
		"empty":               {"", folder, ""},
		"one":                 {`C:\go\bin`, `C:\go\bin;` + folder, `C:\go\bin`},
		"a separator at end":  {`C:\go\bin;`, `C:\go\bin;` + folder, `C:\go\bin;`},
		"there":               {`C:\a;` + folder + `;C:\b`, `C:\a;` + folder + `;C:\b`, `C:\a;C:\b`},
		"twice":               {folder + ";" + folder, folder + ";" + folder, ""},
		"a backslash at end":  {folder + `\;C:\b`, folder + `\;C:\b`, `C:\b`},
		"another case":        {strings.ToUpper(folder), strings.ToUpper(folder), ""},
		"quoted":              {`"` + folder + `"`, `"` + folder + `"`, ""},
		"by a variable":       {`%LOCALAPPDATA%\Programs\cgp-cred`, `%LOCALAPPDATA%\Programs\cgp-cred`, ""},
		"others are not ours": {`%Path2%;` + folder + `2`, `%Path2%;` + folder + `2;` + folder, `%Path2%;` + folder + `2`},
		"below it":            {folder + `\bin`, folder + `\bin;` + folder, folder + `\bin`},
	} {
		if got := addTo(c.value, folder, expand); got != c.added {
			t.Errorf("%s: added: %q, want %q", name, got, c.added)
		}
		if got := removeFrom(c.value, folder, expand); got != c.removed {
			t.Errorf("%s: removed: %q, want %q", name, got, c.removed)
		}
		if twice := addTo(addTo(c.value, folder, expand), folder, expand); twice != c.added {
			t.Errorf("%s: added twice: %q", name, twice)
		}
	}
}
