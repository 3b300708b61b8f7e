package program

import "bytes"

// leastPiece is the length from which a text counts as a piece of a record, and not as a word that any program may
// print.
const leastPiece = 12

// withheld returns a program's stderr without the pieces of its input and output. Without that, a script that traces
// itself, or shows its input when it fails, would put a record on cgp-cred's stderr.
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
