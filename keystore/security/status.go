package security

import (
	"strconv"
	"strings"

	"cgp-cred/keystore"
)

const (
	again  = "run the command again\n" + keystore.AskDoctor
	choose = "run `security default-keychain -s login.keychain-db`, then the command again"
	owned  = "run `ls -l ~/Library/Keychains`: the files must be yours; then run the command again"
	unlock = "run `security unlock-keychain`, then the command again"
	repair = "look at the keychain in Keychain Access, then run the command again\n" + keystore.AskDoctor
)

// statuses are the exit statuses of security: the last byte of an OSStatus.
var statuses = map[int]keystore.Error{
	2: { // the text of -i was not understood, or it is not Apple's command
		Kind: keystore.ErrUnavailable, Detail: "security did not understand the command", Next: keystore.AskDoctor,
	},
	36: { // errSecInteractionNotAllowed, -25308
		Kind: keystore.ErrLocked, Detail: "it can't ask for its password in this session (ssh, launchd)", Next: unlock,
	},
	37: { // errSecNoDefaultKeychain, -25307
		Kind: keystore.ErrUnavailable, Detail: "there is no default keychain", Next: choose,
	},
	44: {Kind: keystore.ErrNotFound}, // errSecItemNotFound, -25300
	45: { // errSecDuplicateItem, -25299
		Kind: keystore.ErrUnavailable, Detail: "there is another item of this name, which it does not replace",
		Next: "remove the item \"" + keystore.Service + "\" in Keychain Access, then run the command again",
	},
	49: { // errSecInvalidKeychain, -25295
		Kind: keystore.ErrUnavailable, Detail: "the keychain's file is not a valid keychain", Next: repair,
	},
	50: { // errSecNoSuchKeychain, -25294
		Kind: keystore.ErrUnavailable, Detail: "the default keychain's file does not exist", Next: choose,
	},
	51: { // errSecAuthFailed, -25293
		Kind: keystore.ErrDenied, Detail: "the password was wrong", Next: unlock,
	},
	52: { // errSecReadOnly, -25292
		Kind: keystore.ErrDenied, Detail: "the keychain is read-only", Next: choose,
	},
	53: { // errSecNotAvailable, -25291
		Kind: keystore.ErrUnavailable, Detail: "no keychain is available in this session (a daemon, or before login)",
		Next: keystore.FileInstead + "\n" + keystore.WithoutKeychain,
	},
	128: { // errSecUserCanceled, -128
		Kind: keystore.ErrDenied, Detail: "its prompt was cancelled",
		Next: "run the command again and allow the access",
	},
	152: { // errAuthorizationInternal, -60008
		Kind: keystore.ErrDenied, Detail: "macOS's authorisation failed, as it does without a desktop", Next: unlock,
	},
	153: { // errAuthorizationInteractionNotAllowed, -60007
		Kind: keystore.ErrLocked, Detail: "it can't ask for its password in this session (ssh, launchd)", Next: unlock,
	},
	154: { // errAuthorizationCanceled, -60006
		Kind: keystore.ErrDenied, Detail: "its prompt was cancelled",
		Next: "run the command again and allow the access",
	},
	155: {Kind: keystore.ErrDenied, Detail: "macOS did not authorise it"}, // errAuthorizationDenied, -60005
	161: { // errSecErrnoBase + EPERM, 100001
		Kind: keystore.ErrDenied, Detail: "macOS does not permit access to the keychain's file", Next: owned,
	},
	162: { // errSecErrnoBase + ENOENT, 100002
		Kind: keystore.ErrUnavailable, Detail: "the keychain's file does not exist", Next: choose,
	},
	173: { // errSecErrnoBase + EACCES, 100013
		Kind: keystore.ErrDenied, Detail: "the keychain's file belongs to another user", Next: owned,
	},
	195: { // errSecWrPerm, -61
		Kind: keystore.ErrDenied, Detail: "the keychain's file can't be written", Next: owned,
	},
}

// failure returns the error for an exit status. said is what the command wrote to stderr, shown only if the status says
// nothing.
func failure(status int, said string) error {
	if e, ok := statuses[status]; ok {
		return &e
	}
	e := &keystore.Error{Kind: keystore.ErrUnavailable, Detail: "security ended with status " + strconv.Itoa(status)}
	if line, _, _ := strings.Cut(strings.TrimSpace(said), "\n"); line != "" {
		e.Detail += ": " + line
	}
	e.Next = "run `security error " + strconv.Itoa(status-256) + "` for its meaning\n" + repair
	return e
}
