// Package scripttest runs the scripts that test whole commands: cmd/cgp-cred/testdata/script/*.txtar, in the format of
// [testscript].
//
// # How to write a script
//
// A script is a user's session. Its user has a new home folder, and no profile, no keychain, no desktop and no proxy.
// Each line is a command; a line that starts with ! must fail, and one that starts with [FACILITY] runs only on a machine
// that has the facility. Files at the end, after "-- NAME --", are written to the current folder before the first line.
// A typical script:
//
//	# A stored key gets a token, and the token is cached.
//	require-program secret-tool libsecret-tools
//	keyring
//	pem 2048 key.pem
//	simulate --api-key test-api-key --jwks jwks.json
//	cgp-cred store int --host $HOST --private-key key.pem --kid int-1 --api-key-file apikey.txt
//	cgp-cred jwks
//	cp stdout jwks.json
//
//	cgp-cred get
//	stdout '^Authorization: Bearer '
//	cgp-cred get
//	token-requests 1
//
//	expect-failure 2 cgp-cred get missing
//	stderr 'no profile named "missing"'
//
//	-- apikey.txt --
//	test-api-key
//
// Start each part with a comment that says what must hold. Use expect-failure for commands that fail: it checks what holds
// of every failure. Wait for an event, never for a time. Name what a machine may lack, with require-program and
// skip-without. CONTRIBUTING.md lists the verbs; those that are used most:
//
//   - keyring, simulate and pem set the scene: a keychain, a token endpoint and a key.
//   - bash, terminal and run-recipe run commands as a user does.
//   - expect-failure, expect-exit, same-text, token-requests and keyring-record check what came of it.
//   - declare-secrets, trace-secrets and no-secrets-in-files find a secret that is where it must not be.
//   - wire, network-fault and serve-answer are networks and servers that fail.
//
// A verb that is a program, such as with-clock, works in a line of bash and in a shell script too.
//
// # How to add a verb
//
// Write a function in the file of its subject, and add it to verbs or programs in scripttest.go and to the table in
// CONTRIBUTING.md. Its name is what the line does. On wrong arguments it calls ts.Fatalf with its usage.
//
// [testscript]: https://pkg.go.dev/github.com/rogpeppe/go-internal/testscript
package scripttest
