// Package nearest finds the name that a misspelt word was meant to be.
package nearest

import "strings"

// Name returns the name that is most like a word, or "" if none is like it. It takes two letters that changed places
// for one mistake. Of equally good names the first one wins.
func Name(word string, names ...string) string {
	word = strings.ToLower(strings.TrimSpace(word))
	best, least := "", most(word)+1
	for _, name := range names {
		if d := distance(word, name); d < least && d < len(name) {
			best, least = name, d
		}
	}
	return best
}

// most returns how many mistakes a word may have. A short word with two could be anything.
func most(word string) int {
	if len(word) <= 4 {
		return 1
	}
	return 2
}

// distance returns the number of letters to insert, remove, replace or exchange with the next one to get from a to b.
func distance(a, b string) int {
	if len(a) > 64 { // no name is that long
		return len(a)
	}
	before, last, now := []int(nil), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		now[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			now[j+1] = min(last[j]+cost, last[j+1]+1, now[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				now[j+1] = min(now[j+1], before[j-1]+1)
			}
		}
		before, last, now = last, now, make([]int, len(b)+1)
	}
	return last[len(b)]
}
