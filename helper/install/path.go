// Package install puts this program where a user of Windows has programs, and takes it away again. On other systems
// install.sh does that.
package install

import "strings"

// separator is between two folders of PATH.
const separator = ";"

// addTo returns a value of PATH with a folder at its end, unless it is there. expand replaces %NAME% in an entry.
func addTo(value, folder string, expand func(string) string) string {
	if has(value, folder, expand) {
		return value
	}
	if value = strings.TrimRight(value, separator); value == "" {
		return folder
	}
	return value + separator + folder
}

// removeFrom returns a value of PATH without a folder. Other entries stay as they are.
func removeFrom(value, folder string, expand func(string) string) string {
	if !has(value, folder, expand) {
		return value
	}
	var left []string
	for entry := range strings.SplitSeq(value, separator) {
		if !same(entry, folder, expand) {
			left = append(left, entry)
		}
	}
	return strings.Join(left, separator)
}

// has reports whether a value of PATH names a folder.
func has(value, folder string, expand func(string) string) bool {
	for entry := range strings.SplitSeq(value, separator) {
		if same(entry, folder, expand) {
			return true
		}
	}
	return false
}

// same reports whether an entry of PATH, perhaps in quotes, is a folder. Windows does not tell upper from lower case.
func same(entry, folder string, expand func(string) string) bool {
	entry = strings.Trim(strings.TrimSpace(entry), `"`)
	return strings.EqualFold(strings.TrimRight(expand(entry), `\/`), strings.TrimRight(folder, `\/`))
}
