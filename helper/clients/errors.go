package clients

import "fmt"

// ForeignError is a file that another installer, or a user, put where one of the package's has to go.
type ForeignError struct {
	Path string
	By   string // who installed the package that is there; empty: the file is of no package of ours
}

func (e *ForeignError) Error() string {
	if e.By != "" {
		return fmt.Sprintf("%q was installed by %q", e.Path, e.By)
	}
	return fmt.Sprintf("%q is in the way: it was not installed by cgp-cred", e.Path)
}

// Hint says who can remove it.
func (e *ForeignError) Hint() string {
	if e.By == "pip" {
		return "remove it with pip: pip uninstall cgp-cred"
	}
	return "remove it, or choose another folder: --target DIR"
}

// RecordError is a RECORD that lists what can't be a file of the package's.
type RecordError struct{ Path, Entry string }

func (e *RecordError) Error() string {
	return fmt.Sprintf("%q lists %q, which is no file below its folder: nothing was removed", e.Path, e.Entry)
}

// Hint leaves it to the user.
func (e *RecordError) Hint() string {
	return "someone changed it: look at that folder, and remove the package by hand"
}

// InterpreterError is an interpreter that is not there, can't be asked, or is too old.
type InterpreterError struct{ Python, Problem string }

func (e *InterpreterError) Error() string { return fmt.Sprintf("python %q: %s", e.Python, e.Problem) }

// Hint names another one.
func (e *InterpreterError) Hint() string {
	return "name a Python of 3.9 or later: --python /usr/bin/python3"
}

// HTTPieError is an HTTPie whose interpreter is not found out.
type HTTPieError struct{ Problem string }

func (e *HTTPieError) Error() string { return "httpie: " + e.Problem }

// Hint says it by hand.
func (e *HTTPieError) Hint() string {
	return "name the Python that runs it: --httpie --python /usr/bin/python3"
}
