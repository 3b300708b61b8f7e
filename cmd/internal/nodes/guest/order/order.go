// Package order is what a test tells a guest, and what it hears.
package order

// Order is a program to run.
type Order struct {
	Argv, Env []string
	UID       uint32 // of its user and its group
}

// Outcome is how it ended.
type Outcome struct {
	Status         int // 128+n: ended by signal n
	Stdout, Stderr string
}
