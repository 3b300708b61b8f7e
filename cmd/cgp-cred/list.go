package main

import (
	"encoding/json"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"cgp-cred/helper/fleet"
	"cgp-cred/helper/profile"
)

// profileJSON is a profile as list prints it in JSON.
type profileJSON struct {
	Name     string `json:"name"`
	Host     string `json:"host"`
	APIName  string `json:"api_name"`
	Auth     string `json:"auth"`
	Keystore string `json:"keystore"`
	Default  bool   `json:"default"`
	Fleet    string `json:"fleet,omitempty"`
}

func listCommand(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List profiles (does not open the keychain)",
		Args:  words(0, 0),
		RunE:  func(*cobra.Command, []string) error { return a.list(asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (a *app) list(asJSON bool) error {
	h, err := a.open()
	if err != nil {
		return err
	}
	profiles, err := h.Profiles()
	if err != nil {
		return err
	}
	def, err := h.Default()
	if err != nil {
		return err
	}
	all := []profileJSON{}
	for _, p := range profiles {
		all = append(all, newProfileJSON(p, def))
	}
	if asJSON {
		return json.NewEncoder(a.stdout).Encode(all)
	}
	if len(all) == 0 {
		a.say("no profiles exist yet in " + h.Config.Folder + ": cgp-cred store NAME --host HOST")
		return nil
	}
	table := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "PROFILE\tHOST\tMETHOD\tDEFAULT")
	for _, l := range all {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", l.Name, profile.Target(l.Host, l.APIName), l.Auth, mark(l.Default))
	}
	return table.Flush()
}

func newProfileJSON(p *profile.Profile, def string) profileJSON {
	return profileJSON{
		Name: p.Name, Host: p.Host, APIName: p.APIName, Auth: p.Auth, Keystore: p.Keystore, Default: p.Name == def,
		Fleet: fleet.Shown(p.Fleet),
	}
}

func mark(yes bool) string {
	if yes {
		return "*"
	}
	return ""
}
