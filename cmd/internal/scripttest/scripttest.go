package scripttest

import (
	"flag"
	"maps"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"cgp-cred/keystore/agefile"
	"cgp-cred/keystore/keystoretest"
	"cgp-cred/keystore/keystoretest/guard"
	"cgp-cred/keystore/security/securitytest"
)

// installed are the names of the program that Run tests.
var installed []string

// Main runs a test binary's tests, and ends the process. Scripts call the program of the tested package by each of its
// names. The test binary runs as that program until Run installs it.
func Main(m *testing.M, program func(), names ...string) {
	installed = names
	all := programs()
	for _, name := range names {
		all[name] = func() {
			guard.Stop()
			agefile.PassphraseWork = 8 // as testdata/guarded.go
			program()
		}
	}
	testscript.Main(private{m}, all)
}

// private runs a test binary's tests without access to the user's own keychain, home folder and session bus.
type private struct{ *testing.M }

// Run lets six scripts run at once, unless the user set another number: a script waits most of the time.
func (p private) Run() int {
	if runtime.GOMAXPROCS(0) < 6 {
		if err := flag.Set("test.parallel", "6"); err != nil {
			return 1
		}
	}
	return keystoretest.Main(p.M)
}

// Run runs each script of a folder as a new user. The repository is the folder of README.md and docs, for run-recipe.
func Run(t *testing.T, folder, repository string) {
	t.Helper()
	install(t, repository)
	testscript.Run(t, testscript.Params{
		Dir:   folder,
		Setup: func(env *testscript.Env) error { return newUser(env, repository) },
		// The usual deadline would fail each script that is left; without it, a package that is out of time says so
		// once.
		Deadline:           time.Now().AddDate(1, 0, 0),
		RequireUniqueNames: true,
		Condition:          condition,
		Cmds:               verbs(),
	})
}

// Verbs returns the names of the verbs, sorted. CONTRIBUTING.md has a line for each.
func Verbs() []string {
	names := slices.Concat(slices.Collect(maps.Keys(verbs())), slices.Collect(maps.Keys(programs())))
	slices.Sort(names)
	return names
}

// programs are the verbs that are programs.
func programs() map[string]func() {
	return map[string]func(){
		"child":              child,
		"fake-security":      securitytest.Main,
		"fetch":              fetch,
		"inspect-process":    inspectProcess,
		"kill-at-syscall":    killAtSyscall,
		"listen-as":          listenAs,
		"print-signals":      printSignals,
		"with-clock":         keystoretest.Clocked,
		"with-manager":       withManager,
		"with-resolver":      withResolver,
		"with-silent-locks":  withSilentLocks,
		"with-syscall-error": withSyscallError,
		"without-keyctl":     withoutKeyctl,
		"without-run-user":   withoutRunUser,
	}
}

// verbs are the other ones.
func verbs() map[string]func(*testscript.TestScript, bool, []string) {
	return map[string]func(*testscript.TestScript, bool, []string){
		"age-token":            ageToken,
		"agent":                agent,
		"agent-pipe":           agentPipe,
		"assertions-sent":      assertionsSent,
		"bash":                 bash,
		"block-ipv6":           blockIPv6,
		"cache-name":           cacheName,
		"connected":            connected,
		"controlled-simulator": controlledSimulator,
		"dbus":                 dbus,
		"declare-secrets":      declareSecrets,
		"during-renewal":       duringRenewal,
		"expect-exit":          expectExit,
		"expect-failure":       expectFailure,
		"file-server":          fileServer,
		"find-program":         findProgram,
		"find-python":          findPython,
		"fingerprint":          fingerprint,
		"follow-hints":         followHints,
		"git-server":           gitServer,
		"go-module":            goModule,
		"http-client":          httpClient,
		"igv":                  startIGV,
		"igv-command":          igvCommand,
		"key-service":          keyService,
		"keyring":              keyring,
		"keyring-record":       keyringRecord,
		"kill-during-request":  killDuringRequest,
		"kill-lock-holder":     killLockHolder,
		"network-fault":        networkFault,
		"new-token-requests":   newTokenRequests,
		"no-files":             noFiles,
		"no-secrets-in-files":  noSecretsInFiles,
		"no-token-folders":     noTokenFolders,
		"parallel":             parallel,
		"pem":                  writePEM,
		"read-variable":        readVariable,
		"received":             received,
		"repeat":               repeat,
		"replace":              replace,
		"require-program":      requireProgram,
		"run-recipe":           runRecipe,
		"same-text":            sameText,
		"send-signal":          sendSignal,
		"serve":                serve,
		"serve-answer":         serveAnswer,
		"share-token-request":  shareTokenRequest,
		"simulate":             simulate,
		"skip-part-without":    skipPartWithout,
		"skip-without":         skipWithout,
		"softhsm-token":        softHSMToken,
		"survives-kill":        survivesKill,
		"terminal":             terminal,
		"token-requests":       tokenRequests,
		"tpm":                  tpm,
		"trace-secrets":        traceSecrets,
		"trap-listener":        trapListener,
		"use-mac":              useMac,
		"use-new-git":          useNewGit,
		"webdav-server":        webdavServer,
		"wire":                 setWire,
		"write-base64":         writeBase64,
		"write-lines":          writeLines,
		"write-recipe":         writeRecipe,
		"write-sam":            writeSAM,
	}
}
