package terminal

import (
	"errors"
	"os"
)

// Open opens the console.
func Open() (in, out *os.File, err error) {
	in, err = os.OpenFile("CONIN$", os.O_RDWR, 0) //nolint:forbidigo // the terminal
	if err != nil {
		return nil, nil, errors.New("there is no console to ask at")
	}
	out, err = os.OpenFile("CONOUT$", os.O_WRONLY, 0) //nolint:forbidigo // the terminal
	if err != nil {
		_ = in.Close()
		return nil, nil, err
	}
	return in, out, nil
}

// Claim: a program's descriptors are its own on Windows.
func Claim(int) bool { return false }
