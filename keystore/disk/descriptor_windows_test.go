package disk

import (
	"strings"
	"testing"

	"golang.org/x/sys/windows"

	"cgp-cred/keystore/fault"
)

// TestDescriptor has the lists of rights that Windows gives to the usual places. The user is S-1-5-21-1-2-3-1001.
func TestDescriptor(t *testing.T) {
	t.Parallel()
	user, err := windows.StringToSid("S-1-5-21-1-2-3-1001")
	if err != nil {
		t.Fatal(err)
	}
	const me = "S-1-5-21-1-2-3-1001"
	for name, c := range map[string]struct {
		text    string
		private bool
		problem string // "": it is accepted
	}{
		"a profile":        {text: "O:" + me + "D:(A;ID;FA;;;SY)(A;ID;FA;;;BA)(A;ID;FA;;;" + me + ")", private: true},
		"an elevated file": {text: "O:BAD:(A;;FA;;;SY)(A;;FA;;;BA)(A;;FA;;;" + me + ")", private: true},
		"the system's":     {text: "O:SYD:(A;;FA;;;SY)", private: true},
		"domain admins": {
			text:    "O:" + me + "D:(A;;FA;;;S-1-5-21-1-2-3-512)(A;;FA;;;S-1-5-21-1-2-3-500)(A;;FA;;;" + me + ")",
			private: true,
		},
		"the creator, to hand on": {text: "O:" + me + "D:(A;OICIIO;GA;;;CO)(A;;FA;;;" + me + ")", private: true},
		"a data drive": {
			text:    "O:" + me + "D:(A;ID;FA;;;BA)(A;ID;0x1301bf;;;AU)(A;ID;0x1200a9;;;BU)",
			problem: "can be written by ",
		},
		"users may read":           {text: "O:" + me + "D:(A;;FA;;;" + me + ")(A;;0x1200a9;;;BU)"},
		"users may read a secret":  {text: "O:" + me + "D:(A;;FA;;;" + me + ")(A;;0x1200a9;;;BU)", private: true, problem: "can be read by "},
		"another user's":           {text: "O:S-1-5-21-1-2-3-1002D:(A;;FA;;;" + me + ")", problem: "belongs to "},
		"no list":                  {text: "O:" + me, problem: "can be written by "},
		"an empty list":            {text: "O:" + me + "D:", private: true},
		"no owner":                 {text: "D:(A;;FA;;;" + me + ")", problem: "belongs to no user"},
		"apps":                     {text: "O:" + me + "D:(A;;FA;;;" + me + ")(A;;0x1200a9;;;AC)(A;;FA;;;S-1-15-3-1)", private: true},
		"only deletes":             {text: "O:" + me + "D:(A;;SD;;;WD)", problem: "can be written by "},
		"changes the list":         {text: "O:" + me + "D:(A;;WD;;;AU)", problem: "can be written by "},
		"denied, which is no gain": {text: "O:" + me + "D:(D;;FA;;;WD)(A;;FA;;;" + me + ")", private: true},
		"an administrator's look-alike": {
			text: "O:" + me + "D:(A;;FA;;;S-1-5-32-512)", problem: "can be written by ",
		},
	} {
		sd, err := windows.SecurityDescriptorFromString(c.text)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		rights := writing
		if c.private {
			rights |= reading
		}
		err = checkDescriptor(sd, `C:\a\cgp-cred`, rights, user, ours)
		if c.problem == "" && err != nil || c.problem != "" && (err == nil || !strings.Contains(err.Error(), c.problem)) {
			t.Errorf("%s: %v, want %q", name, err, c.problem)
		}
	}
}

// Members of a group may write a shared folder, but not all users.
func TestSharedDescriptor(t *testing.T) {
	t.Parallel()
	const me = "S-1-5-21-1-2-3-1001"
	for text, refused := range map[string]bool{
		"D:(A;;FA;;;SY)(A;;FA;;;BA)(A;;FA;;;" + me + ")":            false,
		"D:(A;;FA;;;" + me + ")(A;;0x1301bf;;;S-1-5-21-1-2-3-2002)": false, // a group
		"D:(A;;FA;;;" + me + ")(A;;0x1200a9;;;WD)":                  false, // all may read
		"D:(A;OICIIO;FA;;;AU)":                                      false, // only what is in it
		"D:(A;;0x1301bf;;;WD)":                                      true,
		"D:(A;ID;FA;;;BA)(A;ID;0x1301bf;;;AU)":                      true, // a data drive
		"D:(A;;FA;;;BU)":                                            true,
		"D:(A;;WD;;;IU)":                                            true, // changes the list
		"D:(A;;FA;;;S-1-5-21-1-2-3-513)":                            true, // a domain's users
		"D:(A;;FA;;;S-1-5-21-1-2-3-1513)":                           false,
		"O:" + me:                                                   true, // no list
		"D:":                                                        false,
	} {
		sd, err := windows.SecurityDescriptorFromString(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		err = checkSharedDescriptor(sd, `C:\shared`)
		if (err != nil) != refused || refused && !strings.Contains(fault.HintOf(err, ""), "icacls") {
			t.Errorf("%s: %v, refused it should be: %v", text, err, refused)
		}
	}
}
