package keystore

import (
	"errors"
	"strings"

	"cgp-cred/keystore/batch"
	"cgp-cred/keystore/fault"
)

// The kinds of keystore errors. Every error of a [Keystore], except a mistake of the caller, is an *[Error] of one of
// these kinds; match it with errors.Is.
var (
	// ErrNotFound: the keystore answered, and has no such record. A locked keystore is [ErrLocked].
	ErrNotFound = errors.New("no such record")
	// ErrLocked: it is locked, its prompt was dismissed, or it can't ask the user.
	ErrLocked = errors.New("the keychain is locked")
	// ErrUnavailable: there is no keychain, or cgp-cred can't reach it.
	ErrUnavailable = errors.New("there is no usable keychain")
	// ErrDenied: it refused access, or it belongs to another user.
	ErrDenied = errors.New("access was denied")
	// ErrTooBig: the value is longer than keychains accept.
	ErrTooBig = errors.New("too big for a keychain")
	// ErrTimeout: it did not answer in time. Whether the record exists is unknown.
	ErrTimeout = errors.New("the keychain did not answer in time")
	// ErrCorrupt: it returned something other than what was stored, or not a record.
	ErrCorrupt = errors.New("the record is damaged")
	// ErrNewer: a later version of cgp-cred wrote the record. It is never overwritten.
	ErrNewer = errors.New("the record was written by a newer cgp-cred")
	// ErrUnlisted: it can't list its records.
	ErrUnlisted = errors.New("its records can't be listed")
	// ErrChanged: another command has changed the record since it was read. Nothing was written.
	ErrChanged = errors.New("another command has changed the record meanwhile")
)

// Error is a keystore's error.
type Error struct {
	Kind    error  // one of the sentinels, or [InOtherWords] of one
	Op      string // "get", "set", "delete", "list", "encode" or "decode"
	Account string // may be empty
	Detail  string // cgp-cred's words, or foreign text that is escaped when it is printed; may be empty; never a secret

	Next string // hints, one a line; empty: the usual hint of Kind
}

func (e *Error) Error() string {
	var b strings.Builder
	switch e.Op {
	case "get":
		b.WriteString("reading ")
	case "set":
		b.WriteString("storing ")
	case "delete":
		b.WriteString("deleting ")
	case "list":
		b.WriteString("listing the records")
	default:
		b.WriteString("record ")
	}
	if e.Account != "" {
		b.WriteString(`"` + e.Account + `"`)
	}
	s := strings.TrimSuffix(b.String(), " ") + ": " + e.Kind.Error()
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	return s
}

// InOtherWords returns a kind of error with a text for a keystore other than the keychain. It matches sentinel.
func InOtherWords(sentinel error, text string) error {
	return &fault.Error{Class: fault.Keystore, What: text, Err: sentinel}
}

// Unwrap returns the kind.
func (e *Error) Unwrap() error { return e.Kind }

// FaultClass returns the class of the cause if it has one, for example of a file that others can write. A missing
// record is [fault.None].
func (e *Error) FaultClass() fault.Class {
	var cause fault.Classified
	switch {
	case errors.Is(e.Kind, ErrNotFound):
		return fault.None
	case errors.As(e.Kind, &cause):
		return cause.FaultClass()
	}
	return fault.Keystore
}

// FaultHints returns Next, or the usual hints of the kind. In a batch job the hints of a keychain that can't be used
// begin with how the credential gets there. If there is no keychain at all, only these help.
func (e *Error) FaultHints() []string {
	hints := fault.Lines(e.Next)
	if len(hints) == 0 {
		hints = fault.Lines(e.usualHint())
	}
	job, ok := batch.Current()
	switch {
	case !ok:
	case e.Kind == ErrUnavailable: //nolint:errorlint // other keystores have [InOtherWords] of it
		return append(job.Carry(e.profile()), AskDoctor)
	case e.Kind == ErrLocked, e.Kind == ErrDenied, e.Kind == ErrTimeout: //nolint:errorlint // see above
		return append(job.Carry(e.profile()), hints...)
	case errors.Is(e.Kind, ErrLocked): // an encrypted file's passphrase
		return append([]string{job.Unasked(e.profile())}, hints...)
	}
	return hints
}

// profile returns the name of the profile that the account belongs to, or "".
func (e *Error) profile() string {
	name, _, _ := strings.Cut(e.Account, "/")
	return name
}

func (e *Error) usualHint() string {
	profile := e.profile()
	if profile == "" {
		profile = "PROFILE"
	}
	switch is := func(kind error) bool { return errors.Is(e.Kind, kind) }; {
	case is(ErrNotFound):
		return "run `cgp-cred store " + profile +
			" --host HOST`; if it was stored before, another keychain may be active now\n" + AskDoctor
	case is(ErrLocked):
		return "unlock the keychain, then run the command again"
	case is(ErrDenied):
		return "allow cgp-cred to use the keychain, then run the command again"
	case is(ErrTooBig):
		return "use an RSA key of 4096 bits and a shorter kid; while rotating, finish with `cgp-cred rotate " +
			profile + " --finish`"
	case is(ErrTimeout):
		return "unlock the keychain (its prompt may be hidden behind other windows), or allow more time: " +
			"CGP_CRED_KEYCHAIN_TIMEOUT=60s"
	case is(ErrCorrupt):
		return "look at the item \"" + Service +
			"\" in the keychain's own program; to replace it run `cgp-cred logout " + profile +
			"`, then `cgp-cred store " + profile + " --host HOST --private-key FILE --kid KID` (without a key " +
			"pair it would be a profile that sends the API key)"
	case is(ErrUnlisted):
		return "name the profiles: cgp-cred logout NAME"
	case is(ErrChanged):
		return "run the command again"
	case is(ErrNewer):
		return "update cgp-cred on this machine: `cgp-cred version` shows its version"
	}
	return FileInstead + "\n" + WithoutKeychain
}

// AskDoctor is the hint to check the keychain. It is always on a separate line, so that package doctor can leave it
// out.
const AskDoctor = "run `cgp-cred doctor`"

// FileInstead is the first hint for machines without a keychain. Commands that make a profile print the command itself
// instead.
const FileInstead = "a new profile can keep its keys in an encrypted file: " +
	"cgp-cred keygen NAME --host HOST --kid KID --keystore file"

// WithoutKeychain is the last hint for machines without a keychain.
const WithoutKeychain = "in CI set CGP_CRED_HOST, CGP_CRED_API_KEY_FILE, CGP_CRED_KID and CGP_CRED_PRIVATE_KEY_FILE " +
	"(docs/ci.md)\n" + AskDoctor
