package install

import "errors"

// ErrElsewhere is the error of a system that is not Windows.
var ErrElsewhere = errors.New("install.sh installs on this system")

// Names are the names of the program. The second is what git looks for, the third takes the place of an older script.
var Names = []string{"cgp-cred", "git-credential-cgp", "get_nhs_oauth_token"}

// Done says what was done.
type Done struct {
	Folder string   // of the programs
	Path   bool     // the user's PATH was changed: new terminals have it
	Found  bool     // a program was removed
	Before string   // a program of this name in another folder, which PATH finds first; "": none
	Left   []string // programs that were running, under their new names: they can be deleted later
}
