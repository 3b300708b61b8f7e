package keystore

import (
	"os"
	"time"
)

// TimeoutName is the variable that says how long someone or something is waited for.
const TimeoutName = "CGP_CRED_KEYCHAIN_TIMEOUT"

// PromptTimeout is enough to type a password.
const PromptTimeout = 30 * time.Second

// Patience is how long an ssh-agent or a program that signs is waited for: CGP_CRED_KEYCHAIN_TIMEOUT, else 30 s, for it
// may ask someone at another machine, or at the terminal.
func Patience() (time.Duration, error) { return Timeout(PromptTimeout) }

// InputWait is how long a pipe or a terminal that is named as a file is waited for: CGP_CRED_KEYCHAIN_TIMEOUT, else a
// minute, in which a command can ask someone for a password.
func InputWait() (time.Duration, error) { return Timeout(time.Minute) }

// Timeout is how long someone or something is waited for: CGP_CRED_KEYCHAIN_TIMEOUT, or where that is not set the usual
// time. What is not in [Waiting] is an error.
func Timeout(usual time.Duration) (time.Duration, error) {
	s := os.Getenv(TimeoutName)
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
