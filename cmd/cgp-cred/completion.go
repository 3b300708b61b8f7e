package main

import (
	"bytes"
	"cmp"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"cgp-cred/helper/apim"
	"cgp-cred/helper/profile"
	"cgp-cred/helper/simulator"
	"cgp-cred/helper/wire"
	"cgp-cred/keystore/signer"
)

// shells are the shells that completion supports, in the order of the help.
var shells = []string{"bash", "zsh", "fish", "powershell"}

// completionCommand prints a script with which a shell completes commands, flags and profile names. Completion only
// looks at the config folder: a keychain could ask for its password at each keystroke.
func completionCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "completion bash|zsh|fish|powershell",
		Short: "Print a shell's completion script",
		Long: `Print a shell's completion script. install.sh writes those for bash, zsh and fish below
PREFIX/share, so this is for other folders, for PowerShell, and for bash without the package
bash-completion: there, add this line to ~/.bashrc: eval "$(cgp-cred completion bash)"

The examples are for bash with that package, zsh, fish and PowerShell. Then open a new shell.`,
		Example: `  mkdir -p ~/.local/share/bash-completion/completions
  cgp-cred completion bash >~/.local/share/bash-completion/completions/cgp-cred

  mkdir -p ~/.zfunc
  cgp-cred completion zsh >~/.zfunc/_cgp-cred
  echo 'fpath=(~/.zfunc $fpath); autoload -U compinit; compinit' >>~/.zshrc

  mkdir -p ~/.config/fish/completions
  cgp-cred completion fish >~/.config/fish/completions/cgp-cred.fish

  cgp-cred completion powershell | Out-String | Invoke-Expression`,
		Args:              words(1, 1),
		ValidArgsFunction: firstArg(shells...),
		RunE: func(cmd *cobra.Command, args []string) error {
			script, err := completionScript(cmd.Root(), args[0])
			if err != nil {
				return err
			}
			_, err = a.stdout.Write(script)
			return err
		},
	}
}

// programNames are the names by which the program is called. Each is completed.
var programNames = []string{"cgp-cred", "git-credential-cgp", upstreamName}

// completionScript returns cobra's script for a shell, for each name of the program.
func completionScript(root *cobra.Command, shell string) ([]byte, error) {
	var b bytes.Buffer
	var err error
	all := strings.Join(programNames, " ")
	replace := strings.NewReplacer()
	switch shell {
	case "bash":
		err = root.GenBashCompletionV2(&b, true)
		replace = strings.NewReplacer(
			`    _get_comp_words_by_ref "$@" cur prev words cword`, bashWords,
			"&& _filedir -d &&", "&& __cgp-cred_folders &&", " _filedir -d\n", " __cgp-cred_folders\n",
			"__start_cgp-cred cgp-cred\n", "__start_cgp-cred "+all+"\n")
	case "zsh":
		err = root.GenZshCompletion(&b)
		replace = strings.NewReplacer("#compdef cgp-cred\n", "#compdef "+all+"\n",
			"compdef _cgp-cred cgp-cred\n", "compdef _cgp-cred "+all+"\n")
	case "fish":
		if err = root.GenFishCompletion(&b, true); err == nil {
			const begin = "complete -c cgp-cred -e"
			_, end, _ := strings.Cut(b.String(), begin)
			for _, name := range programNames[1:] {
				b.WriteString("\n" + strings.ReplaceAll(begin+end, "-c cgp-cred ", "-c "+name+" "))
			}
		}
	case "powershell":
		err = root.GenPowerShellCompletionWithDesc(&b)
		replace = strings.NewReplacer("-CommandName 'cgp-cred'", "-CommandName '"+strings.Join(programNames, "','")+"'")
	default:
		return nil, usage("choose "+strings.Join(shells, ", "), "shell %s is unknown", quoted(shell))
	}
	return []byte(replace.Replace(b.String())), err
}

// bashWords does what cobra's script asks of the package bash-completion, which many machines do not have: bash splits
// words at = and :, and this joins them again.
const bashWords = `    if declare -F _get_comp_words_by_ref >/dev/null 2>&1; then
        _get_comp_words_by_ref "$@" cur prev words cword
        return
    fi
    local line=${COMP_LINE:0:COMP_POINT} i word gap
    words=() cword=-1
    for ((i = 0; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        gap=${line%%[![:space:]]*}
        line=${line:${#gap}}
        if ((i == COMP_CWORD)); then
            word=$line # up to the cursor
        fi
        if [[ $i == 0 || -n $gap ]]; then
            cword=$((cword + 1))
            words[cword]=
        fi
        words[cword]+=$word
        line=${line:${#word}}
    done
    cur=${words[cword]} prev=
    if ((cword > 0)); then
        prev=${words[cword - 1]}
    fi
}

# Lists folders, also without the package bash-completion.
__cgp-cred_folders()
{
    if declare -F _filedir >/dev/null 2>&1; then
        _filedir -d
        return
    fi
    local folder
    COMPREPLY=()
    while IFS= read -r folder; do
        COMPREPLY+=("$folder")
    done < <(compgen -d -- "$cur")
    compopt -o filenames 2>/dev/null`

// isCompletion reports whether a shell asks for completions.
func isCompletion(args []string) bool {
	return len(args) > 0 && (args[0] == cobra.ShellCompRequestCmd || args[0] == cobra.ShellCompNoDescRequestCmd)
}

// prepareCompletion makes the commands complete a file name only if a file is meant. command is the one on the command
// line.
func prepareCompletion(root *cobra.Command, command string) {
	root.CompletionOptions.SetDefaultShellCompDirective(cobra.ShellCompDirectiveNoFileComp)
	completeValues(root)
	if command == upstreamName || command == "curl" { // they have none of these flags
		root.PersistentFlags().VisitAll(func(f *pflag.Flag) { f.Hidden = true })
	}
}

// completeValues makes each flag of a command and its subcommands complete what its value may be: one of a few words,
// a file, a folder, or nothing.
func completeValues(cmd *cobra.Command) {
	choices := map[string][]string{
		"host": apim.Environments(), "auth": {profile.JWT, profile.APIKey, profile.None}, "format": wire.Formats,
		"keystore": {profile.Keychain, profile.File, profile.Exec}, "bits": {"2048", "3072", "4096"},
		"mode":   {"0600", "0400", "0640", "0440"},
		"signer": {signer.KindKeychain, signer.KindAgent, signer.KindExec}, "fault": faults(),
	}
	complete := func(f *pflag.Flag) {
		how := cobra.FixedCompletions(choices[f.Name], cobra.ShellCompDirectiveNoFileComp)
		value, usage := pflag.UnquoteUsage(f)
		f.Usage = usage // the description, without backticks
		switch {
		case f.Name == "fault":
			how = cobra.FixedCompletions(choices[f.Name],
				cobra.ShellCompDirectiveNoFileComp|cobra.ShellCompDirectiveNoSpace)
		case value == "FILE", f.Name == "python":
			how = cobra.FixedCompletions(nil, cobra.ShellCompDirectiveDefault)
		case value == "DIR":
			how = cobra.FixedCompletions(nil, cobra.ShellCompDirectiveFilterDirs)
		}
		_ = cmd.RegisterFlagCompletionFunc(f.Name, how) // the flag exists
	}
	cmd.NonInheritedFlags().VisitAll(complete)
	for _, c := range cmd.Commands() {
		completeValues(c)
	}
}

// faults returns the names of simulated faults, without what may follow them.
func faults() []string {
	var all []string
	for name := range strings.SplitSeq(simulator.FaultNames, ", ") {
		if name == "row01 to row25" {
			for i := 1; i <= 25; i++ {
				all = append(all, "row"+string(rune('0'+i/10))+string(rune('0'+i%10)))
			}
			continue
		}
		name, _, _ = strings.Cut(name, "[")
		name, _, takesDuration := strings.Cut(name, ":")
		if takesDuration {
			name += ":"
		}
		all = append(all, name)
	}
	return append(all, "api:", "bucket:")
}

// firstArg completes the first argument.
func firstArg(values ...string) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return values, cobra.ShellCompDirectiveNoFileComp
	}
}

// firstFile completes a file name as the first argument.
func firstFile(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return nil, cobra.ShellCompDirectiveDefault
}

// completeExec completes a profile, and after -- a program and files.
func (a *app) completeExec(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	dash := slices.Index(a.typed, "--") // cobra's ArgsLenAtDash is wrong here: it has parsed another one
	switch {
	case dash < 0:
		return a.profileArgs(1)(cmd, args, typed)
	case dash < len(a.typed)-1, strings.ContainsRune(typed, filepath.Separator), strings.Contains(typed, "/"):
		return nil, cobra.ShellCompDirectiveDefault
	}
	return programs(typed), cobra.ShellCompDirectiveNoFileComp
}

// programs returns the programs on PATH whose names begin with a prefix.
func programs(prefix string) []string {
	var found []string
	for _, folder := range filepath.SplitList(os.Getenv("PATH")) {
		entries, err := os.ReadDir(folder)
		if err != nil {
			continue
		}
		for _, e := range entries {
			if !begins(e.Name(), prefix) {
				continue
			}
			if info, err := os.Stat(filepath.Join(folder, e.Name())); err == nil && mayRun(info) {
				found = append(found, e.Name())
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// begins reports whether a file's name has a prefix. Windows makes no difference between capitals and small letters.
func begins(name, prefix string) bool {
	if runtime.GOOS == "windows" {
		return len(name) >= len(prefix) && strings.EqualFold(name[:len(prefix)], prefix)
	}
	return strings.HasPrefix(name, prefix)
}

// mayRun reports whether a file is a program. On Windows its name says so: folders on PATH are full of libraries.
func mayRun(info os.FileInfo) bool {
	if runtime.GOOS != "windows" {
		return info.Mode().IsRegular() && info.Mode()&0o111 != 0
	}
	endings := filepath.SplitList(strings.ToLower(cmp.Or(os.Getenv("PATHEXT"), ".com;.exe;.bat;.cmd")))
	return info.Mode().IsRegular() && slices.Contains(endings, strings.ToLower(filepath.Ext(info.Name())))
}
