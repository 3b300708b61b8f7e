package main

import "strings"

// curlLine is a command line for curl, sorted: its URLs, and everything else.
type curlLine struct {
	profile string
	urls    []string
	options []string
}

// curlFlags are curl's options without a value that can't move a credential, or show it.
const curlFlags = ` -s --silent -S --show-error -f --fail --fail-with-body --fail-early -i --include -I --head
 -G --get -g --globoff -O --remote-name --remote-name-all -J --remote-header-name -R --remote-time -N --no-buffer
 -# --progress-bar --no-progress-meter --compressed --compressed-ssh -0 --http1.0 --http1.1 --http2 --http3 -4 --ipv4
 -6 --ipv6 --create-dirs --tlsv1.2 --tlsv1.3 --no-keepalive --retry-connrefused --retry-all-errors -Z --parallel
 -L --location --styled-output --no-styled-output --tr-encoding --raw -q --disable --no-clobber --remove-on-error `

// curlValues are those with a value.
const curlValues = ` -X --request -d --data --data-ascii --data-raw --data-binary --data-urlencode --json --url-query
 -F --form --form-string -T --upload-file -o --output --output-dir -w --write-out -H --header -A --user-agent
 -e --referer -b --cookie -c --cookie-jar -m --max-time --connect-timeout --retry --retry-delay --retry-max-time
 -r --range -C --continue-at -z --time-cond --limit-rate -y --speed-time -Y --speed-limit --max-filesize
 -D --dump-header --cacert --capath -x --proxy --stderr --parallel-max --keepalive-time --expect100-timeout --url `

// curlRefused says why other options are refused.
func curlRefused(option string) string {
	switch option {
	case "-v", "--verbose", "--trace", "--trace-ascii", "--trace-config", "--libcurl":
		return "it would print the credential; -i and -D FILE show the answer's headers"
	case "-K", "--config", "--next", "-:":
		return "its requests can't be checked"
	case "-k", "--insecure", "--no-ssl-reqd", "--doh-insecure", "--proxy-insecure":
		return "the credential would go to a server that is not verified"
	case "--location-trusted", "--max-redirs", "--proto", "--proto-redir", "--proto-default", "--no-globoff":
		return "the credential could go to another host"
	case "--resolve", "--connect-to", "--unix-socket", "--abstract-unix-socket", "--noproxy", "--preproxy",
		"--request-target", "--path-as-is", "--socks4", "--socks4a", "--socks5", "--socks5-hostname", "--dns-servers":
		return "the credential could go to another place than the URL says"
	case "-u", "--user", "-n", "--netrc", "--netrc-file", "--netrc-optional", "--oauth2-bearer", "--anyauth", "--basic",
		"--digest", "--ntlm", "--negotiate", "--aws-sigv4":
		return "the credential is cgp-cred's"
	}
	return "cgp-cred does not know it, so it may move the credential or show it"
}

// parseCurl sorts a command line: the profile, curl's options and URLs. It knows each option and refuses all others,
// because a value could be taken for a URL, or a URL for a value.
func parseCurl(args []string) (curlLine, error) {
	var l curlLine
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") && !isURL(args[0]) {
		l.profile, args = args[0], args[1:]
	}
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	for len(args) > 0 {
		word := args[0]
		args = args[1:]
		if word == "--" { // only URLs follow
			for _, u := range args {
				if err := l.addURL(u); err != nil {
					return l, err
				}
			}
			break
		}
		var err error
		switch {
		case strings.HasPrefix(word, "--"):
			args, err = l.addOption(word, "", args)
		case strings.HasPrefix(word, "-") && word != "-":
			args, err = l.addLetters(word[1:], args)
		default:
			err = l.addURL(word)
		}
		if err != nil {
			return l, err
		}
	}
	if len(l.urls) == 0 {
		return l, usage("cgp-cred curl --help", "there is no URL for curl")
	}
	return l, nil
}

func (l *curlLine) addURL(s string) error {
	if !isURL(s) {
		return usage("write it as https://HOST/PATH", "%s is not a whole URL", quoted(s))
	}
	l.urls = append(l.urls, s)
	return nil
}

// addLetters adds short options that are written as one word. The value of the last one may be joined to it.
func (l *curlLine) addLetters(letters string, rest []string) (left []string, err error) {
	for i := range letters {
		option := "-" + letters[i:i+1]
		if known(curlFlags, option) {
			l.options = append(l.options, option)
			continue
		}
		return l.addOption(option, letters[i+1:], rest)
	}
	return rest, nil
}

// addOption adds an option. A value is joined to it, or is the next word.
func (l *curlLine) addOption(option, joined string, rest []string) (left []string, err error) {
	switch {
	case known(curlFlags, option):
		l.options = append(l.options, option)
		return rest, nil
	case !known(curlValues, option):
		return nil, usage("leave it out; for curl without these limits: cgp-cred get --format curl URL | curl -K -",
			"curl's option %s: %s", quoted(option), curlRefused(option))
	case joined == "" && len(rest) == 0:
		return nil, usage("cgp-cred curl --help", "curl's option %s needs a value", option)
	}
	value := joined
	if value == "" {
		value, rest = rest[0], rest[1:]
	}
	if option == "--url" {
		return rest, l.addURL(value)
	}
	if option == "-H" || option == "--header" {
		name, _, _ := strings.Cut(value, ":")
		switch strings.ToLower(strings.Trim(name, " \t;")) {
		case "authorization", "apikey", "x-api-key":
			return nil, usage("leave it out", "curl's option %s: the header %s is cgp-cred's", option, quoted(name))
		}
	}
	l.options = append(l.options, option, value)
	return rest, nil
}

// known reports whether an option is in a list.
func known(list, option string) bool {
	for word := range strings.FieldsSeq(list) {
		if word == option {
			return true
		}
	}
	return false
}
