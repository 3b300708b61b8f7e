package program

import "bytes"

// leastPiece is how many bytes make a piece of a record, and not a word that any program may say.
const leastPiece = 12

// withheld returns what a program said without the pieces of what it was handed and what it returned: a script that
// traces itself, or shows its input when it fails, would put a record on our stderr.
func withheld(said []byte, secrets ...[]byte) []byte {
	known := make([]bool, len(said))
	for i := 0; i+leastPiece <= len(said); i++ {
		for _, s := range secrets {
			if bytes.Contains(s, said[i:i+leastPiece]) {
				for j := range leastPiece {
					known[i+j] = true
				}
			}
		}
	}
	var out []byte
	for i, b := range said {
		switch {
		case !known[i]:
			out = append(out, b)
		case i == 0 || !known[i-1]:
			out = append(out, "[redacted]"...)
		}
	}
	return out
}
