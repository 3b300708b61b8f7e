package main

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// topic is a page of the help that is not about one command. Its texts are those of a section of docs/reference.md, in
// the same Markdown: code in backticks, and links.
type topic struct {
	name    string
	short   string
	section string // the heading in docs/reference.md, and in the manual page
	blocks  []block
}

// block is a paragraph or a table. The first row of a table is its heading.
type block struct {
	text string
	rows [][]string
}

// topics returns every topic, in the order of the help.
func topics() []topic {
	return []topic{
		{"environment", "Environment variables", "Environment", environmentTopic},
		{"exit-codes", "Exit statuses, and what to do about each", "Exit statuses", exitTopic},
		{"files", "Where files are", "Files", filesTopic},
		{"keystores", "Where a profile's record is kept", "Keystores", keystoresTopic},
	}
}

// findTopic returns the topic of a name, which may be the heading too.
func findTopic(name string) (topic, bool) {
	name = strings.ToLower(name)
	for _, t := range topics() {
		if name == t.name || name == strings.ReplaceAll(strings.ToLower(t.section), " ", "-") {
			return t, true
		}
	}
	return topic{}, false
}

var exitTopic = []block{
	{rows: [][]string{
		{"status", "meaning", "what to do"},
		{"0", "done", ""},
		{"1", "a bug in cgp-cred, or stdout can't be written (a full disk)", "free space; report a bug"},
		{"2", "usage, or a config file, bundle, key or request that can't be read", "do what the hint says"},
		{"3", "no such profile or credential, or a host that no profile covers", "`cgp-cred list`"},
		{"4", "the keystore is locked, absent, refused or too slow", "unlock it, then `cgp-cred doctor`"},
		{
			"5", "the token endpoint refused the request, and will refuse it again until something is changed",
			"`cgp-cred doctor`",
		},
		{"6", "network, DNS, TLS or proxy, or an answer that is not APIM's", "`cgp-cred doctor`"},
		{"7", "temporary: 429, 5xx, a lock, a deadline, or another command changed the profile meanwhile", "try again"},
	}},
	{text: "`exec` and `curl` end with the command's own status: 128+n for signal n, 126 or 127 if it can't be run."},
	{text: "A message on stderr is `cgp-cred: WHAT FAILED: why`. After it, except for an interrupted " +
		"[question](#questions), comes at least one `hint: …`, each on a line of its own, and `message_id: …` if " +
		"APIM gave one."},
}

var environmentTopic = []block{
	{text: "An empty variable counts as unset; if no profile is found, the error names the empty ones. A flag wins " +
		"over a variable. install.sh reads the last two of these."},
	{rows: [][]string{
		{"variable", "meaning"},
		{"`CGP_CRED_PROFILE`", "the profile, if no argument names one; default: the config's, otherwise the only one"},
		{"`CGP_CRED_BUNDLE`", "a whole credential, made by `export`; with any of the parts below it is exit 2"},
		{"`CGP_CRED_BUNDLE_FILE`", "a file that holds it"},
		{"`CGP_CRED_HOST`", "the environment source, from here on: host or environment; there is no default"},
		{"`CGP_CRED_API_KEY`", "the API key"},
		{"`CGP_CRED_API_KEY_FILE`", "a file that holds it"},
		{"`CGP_CRED_KID`", "the key ID; there is no default"},
		{"`CGP_CRED_PRIVATE_KEY`", "the private key in PEM"},
		{"`CGP_CRED_PRIVATE_KEY_FILE`", "a file that holds it"},
		{"`CGP_CRED_TOKEN_URL`", "another token endpoint; default: the host's `/oauth2/token`"},
		{"`CGP_CRED_AUDIENCE`", "another audience; default: the token URL"},
		{"`CGP_CRED_API_NAME`", "path of the API that the credential is for; default: all paths of the host"},
		{"`CGP_CRED_FLEET`", "as `store --fleet`; default: the bundle's, otherwise none; not for profiles"},
		{"`CGP_CRED_FLEET_PASSWORD_FILE`", "file with the password of the fleet's Redis; default: the keychain"},
		{"`CGP_CRED_CA_FILE`", "as `--ca-file`: PEM roots to trust in addition to the system's"},
		{
			"`CGP_CRED_KEYCHAIN_TIMEOUT`",
			"deadline of a call of a keystore, signer or named pipe: 100ms to 1h; defaults: below",
		},
		{"`CGP_CRED_PASSPHRASE_FILE`", "as `--passphrase-file`: the file with a passphrase; default: a prompt"},
		{"`CGP_CRED_PASSPHRASE_FD`", "as `--passphrase-fd`: the descriptor of a passphrase, not on Windows"},
		{"`CGP_CRED_VERSION`", "as `install.sh --version`"},
		{"`CGP_CRED_BASE_URL`", "as `install.sh --base-url`"},
	}},
	{text: "If a variable of the environment source is set, the keychain is not touched. Host and API key without a " +
		"private key mean method apikey. KID and private key need each other and both of those. A set that is not" +
		" complete is exit 2 and names what is missing."},
	{text: "The default of `CGP_CRED_KEYCHAIN_TIMEOUT` is 30s if someone could answer a prompt, otherwise 5s; for " +
		"signers and programs 30s; for a named pipe or stdin a minute."},
	{text: "These common variables are respected too:"},
	{rows: [][]string{
		{"variable", "meaning"},
		{"`HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`", "as in curl, see below; a loopback host never has a proxy"},
		{
			"`SSL_CERT_FILE`, `SSL_CERT_DIR`",
			"roots; the file is added to the system's; what does not exist is only a warning",
		},
		{
			"`HOME`, `XDG_CONFIG_HOME`, `XDG_STATE_HOME`, `XDG_DATA_HOME`, `XDG_RUNTIME_DIR`",
			"where [files](#files) are",
		},
		{"`TMPDIR`", "on macOS: where token files of `exec` are"},
		{
			"`DBUS_SESSION_BUS_ADDRESS`",
			"the session bus of the Secret Service; only `unix:`, and only the user's own",
		},
		{"`SSH_AUTH_SOCK`", "the ssh-agent, only the user's own; on Windows its pipe, if it is not the usual one"},
		{
			"`DISPLAY`, `WAYLAND_DISPLAY`, `SSH_CONNECTION`, `SSH_TTY`",
			"whether someone could answer a keychain's prompt",
		},
		{"`GITHUB_ACTIONS`, `GITHUB_ENV`, `TF_BUILD`", "read by `ci`"},
		{"`NOTIFY_SOCKET`, `WATCHDOG_USEC`, `WATCHDOG_PID`", "set by systemd for `sink`"},
		{
			"`BEARER_TOKEN`, `BEARER_TOKEN_FILE`",
			"`sink --wlcg` writes the second one's file; readers prefer the first one",
		},
		{"`PATH`, `PATHEXT`", "where `exec` finds COMMAND, and `clients install` the interpreter"},
		{"`NO_COLOR`, `TERM`", "no colours in `doctor`"},
		{"`WSL_DISTRO_NAME`", "better hints in WSL"},
		{"`SUDO_USER`", "a better hint if root has no profile"},
		{
			"`SLURM_JOB_ID`, `PBS_JOBID`, `LSB_JOBID`, `_CONDOR_JOB_AD`, `FLUX_JOB_ID`, `OAR_JOB_ID`",
			"hints for a batch job",
		},
		{
			"`JOB_ID` with `SGE_ROOT`; `KUBERNETES_SERVICE_HOST`, except in a CI job",
			"the same for Grid Engine and in a pod",
		},
	}},
	{text: "The first of `https_proxy`, `HTTPS_PROXY`, `all_proxy` and `ALL_PROXY` that is not empty names the " +
		"proxy: `SCHEME://USER:PASSWORD@HOST:PORT`. The scheme is `http` (the default), `https`, `socks5` or " +
		"`socks5h`; with both of the last two the proxy looks the host up. The port is 1080 by default, as in " +
		"curl, and 443 for `https`. In USER and PASSWORD a `%` that begins no code stands for itself; `@ / ? #` " +
		"and a space are written as `%40 %2F %3F %23 %20`. Any other value is exit 6, and nothing is sent. " +
		"Signing in at a proxy is by Basic only. `no_proxy`, otherwise `NO_PROXY`, is a list with commas: `*`, " +
		"domains with all below them, addresses, and blocks of addresses such as `10.0.0.0/8`."},
}

var filesTopic = []block{
	{text: "Relative values of `XDG_*` count as unset. All files are 0600 in 0700 folders. A file or folder that " +
		"another user owns or can write is refused."},
	{rows: [][]string{
		{"what", "where"},
		{"default profile", "`$XDG_CONFIG_HOME/cgp-cred/config.yaml`: `default:`"},
		{"profiles", "`$XDG_CONFIG_HOME/cgp-cred/profiles/NAME.yaml`"},
		{
			"the administrator's",
			"both in `/etc/cgp-cred` instead, on Windows in `C:\\ProgramData\\cgp-cred`",
		},
		{"key of the token cache", "`$XDG_STATE_HOME/cgp-cred/seal.key`"},
		{
			"sealed tokens",
			"`$XDG_STATE_HOME/cgp-cred/tokens/HASH`, without a kernel keyring; Windows: their key is `token.key`",
		},
		{"lock of changes", "`$XDG_STATE_HOME/cgp-cred/NAME~change.lock`"},
		{"lock of token requests, and its state", "`$XDG_RUNTIME_DIR/cgp-cred/NAME.lock`, `NAME.json`"},
		{"token files of `exec`", "`$XDG_RUNTIME_DIR/cgp-cred/exec-RANDOM/`, otherwise `/dev/shm/cgp-cred-RANDOM/`"},
		{"lock of the file of `sink`", "`sink~HASH.lock`, next to the locks of token requests"},
		{
			"encrypted file keystore",
			"`$XDG_DATA_HOME/cgp-cred/NAME.age`, `NAME~identity.age`, `identity`, `lock`",
		},
	}},
	{text: "Without a private `XDG_RUNTIME_DIR`, the lock of token requests is in `/dev/shm/cgp-cred-UID/`, " +
		"otherwise in `/run/lock/cgp-cred-UID/`, as `NAME~HASH.lock`: it is of this machine, as the kernel's " +
		"keyring is. A folder of that name that another user made or could look into is not used. If neither can " +
		"be used, it is `NAME~node-HOSTNAME.lock` in `$XDG_STATE_HOME/cgp-cred/`; and without the kernel's " +
		"keyring `NAME.lock` there. On Linux the three other folders are `~/.config`, `~/.local/state` and " +
		"`~/.local/share` by default; on macOS all three are `~/Library/Application Support`, and on Windows " +
		"`%LOCALAPPDATA%`. On macOS `exec` puts its token files into your folder for temporary files (`TMPDIR` if " +
		"it is closed to others, otherwise what `getconf DARWIN_USER_TEMP_DIR` prints), and says that this is on a " +
		"disk."},
	{text: "No config file holds a secret. A profile has `api_host`, `api_name`, `auth`, `keystore` and `rev`. " +
		"cgp-cred adds what it needs to find, move and verify a record: `keystore_identity`, `keystore_command`, " +
		"`keystore_seal`, `signer_seal`, `moving_from`, `changing_to`. With `--fleet` it has `fleet`, and " +
		"`fleet_seal` if a program serves it."},
	{text: "The keychain item has the service `cgp-cred` and the profile's name as account. A token that is cached " +
		"in the keychain has the account `NAME/token`. On macOS the key of sealed token files has the account " +
		"`cgp-cred/sealing-key`; [SECURITY.md](../SECURITY.md#what-is-kept-where) says which keystores have " +
		"such files."},
}

var keystoresTopic = []block{
	{text: "`--keystore` says where a profile's record is kept, with its API key and private key:"},
	{rows: [][]string{
		{"value", "meaning"},
		{"`keychain`", "the operating system's keychain; the default for new profiles"},
		{"`file`", "a file that age encrypts, for machines without a keychain"},
		{"`exec`", "your own program, which is run with `get`, `store` or `erase` and the profile's name"},
	}},
	{text: "Of an encrypted file you are prompted for the passphrase. The Linux kernel's keyring keeps it for an " +
		"hour (`cgp-cred lock` forgets it); without that keyring, and on macOS and Windows, each command asks that " +
		"needs the key, which a cached token does not. Without a prompt it is the first line of " +
		"`--passphrase-file FILE` (`CGP_CRED_PASSPHRASE_FILE`), or of a descriptor: `--passphrase-fd 3 3<FILE` " +
		"(`CGP_CRED_PASSPHRASE_FD=3`); " +
		"only one of them. With " +
		"`--identity FILE` an age identity opens it, without a prompt: keep that file out of reach of other users" +
		" and backups."},
	{text: "An existing record is moved; the old copy is deleted once the new one has been verified. Nothing falls " +
		"back from one keystore to another. See also [keys.md](keys.md)."},
}

// inline matches code and links of Markdown.
const inline = "`([^`]+)`|\\[([^]]+)\\]\\([^)]*\\)"

// plainText returns Markdown without its marks.
func plainText(markdown string) string {
	return regexp.MustCompile(inline).ReplaceAllString(markdown, "$1$2")
}

// helpWidth is the width of the help of topics, in columns.
const helpWidth = 96

// text returns a topic for a terminal.
func (t topic) text() string {
	var b strings.Builder
	for i, block := range t.blocks {
		if i > 0 {
			b.WriteByte('\n')
		}
		if block.text != "" {
			writeWrapped(&b, "", plainText(block.text))
			continue
		}
		block.writeTable(&b)
	}
	return b.String()
}

// writeTable writes a table without its heading. A long first cell has a line of its own; a third cell follows on
// another line.
func (b block) writeTable(w *strings.Builder) {
	width := 0
	for _, row := range b.rows[1:] {
		if n := utf8.RuneCountInString(plainText(row[0])); n <= 38 {
			width = max(width, n)
		}
	}
	indent := strings.Repeat(" ", width+4)
	for _, row := range b.rows[1:] {
		name := "  " + plainText(row[0])
		if pad := width + 4 - utf8.RuneCountInString(name); pad >= 2 {
			name += strings.Repeat(" ", pad)
		} else {
			name += "\n" + indent
		}
		var rest strings.Builder
		writeWrapped(&rest, indent, plainText(row[1]))
		w.WriteString(name + strings.TrimPrefix(rest.String(), indent))
		if len(row) > 2 && row[2] != "" {
			writeWrapped(w, indent, "-> "+plainText(row[2]))
		}
	}
}

// writeWrapped writes a text in lines of at most helpWidth columns, each after an indent.
func writeWrapped(w *strings.Builder, indent, text string) {
	line := indent
	for i, word := range strings.Fields(text) {
		switch {
		case i == 0:
			line += word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > helpWidth:
			w.WriteString(line + "\n")
			line = indent + word
		default:
			line += " " + word
		}
	}
	w.WriteString(line + "\n")
}
