package keystore

import (
	"os"
	"time"

	"cgp-cred/keystore/text"
)

// TimeoutName is the variable that says how long someone or something is waited for.
const TimeoutName = "CGP_CRED_KEYCHAIN_TIMEOUT"

// PromptTimeout is long enough to type a password.
const PromptTimeout = 30 * time.Second

// Patience returns how long to wait for an ssh-agent or a program that signs: CGP_CRED_KEYCHAIN_TIMEOUT, or 30 s. Such
// a program may ask a person, at the terminal or at another machine.
func Patience() (time.Duration, error) { return Timeout(PromptTimeout) }

// PatienceOrUsual returns [Patience], or the usual time if the variable is not valid: the call that needs it reports
// that.
func PatienceOrUsual() time.Duration {
	if d, err := Patience(); err == nil {
		return d
	}
	return PromptTimeout
}

// InputWait returns how long to wait for a pipe or a terminal that the user named as a file: CGP_CRED_KEYCHAIN_TIMEOUT,
// or a minute, in which a command can ask a person for a password.
func InputWait() (time.Duration, error) { return Timeout(time.Minute) }

// Timeout returns how long to wait for a person or a program: CGP_CRED_KEYCHAIN_TIMEOUT, or usual if that is not set. A
// value outside [Waiting] is an error.
func Timeout(usual time.Duration) (time.Duration, error) {
	s, err := text.Line(TimeoutName, os.Getenv(TimeoutName), text.Other)
	if err != nil {
		return 0, err
	}
	if s == "" {
		return usual, nil
	}
	d, err := Waiting.Parse(s)
	if err != nil {
		return 0, BadValue(
			TimeoutName, err.Error(),
			"give seconds or a duration: "+TimeoutName+"=60 or 1m30s",
		)
	}
	return d, nil
}
