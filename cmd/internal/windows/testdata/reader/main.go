// The program reads the file that BEARER_TOKEN_FILE names again and again, without a pause, until it has seen as many
// tokens as its argument says. While the file is replaced, Windows may refuse to open it: then the program tries again.
package main

import (
	"fmt"
	"os"
	"strconv"
)

func main() {
	want, err := strconv.Atoi(os.Args[1])
	if err != nil {
		panic(err)
	}
	seen := make(map[string]bool)
	refused := 0 // in a row
	for len(seen) < want {
		text, err := os.ReadFile(os.Getenv("BEARER_TOKEN_FILE"))
		if err != nil && refused < 1000 {
			refused++
			continue
		}
		if err != nil || len(text) == 0 {
			fmt.Printf("%d bytes, %v\n", len(text), err)
			os.Exit(1)
		}
		refused = 0
		seen[string(text)] = true
	}
	fmt.Printf("saw %d tokens\n", len(seen))
}
