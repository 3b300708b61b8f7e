package wire

import (
	"crypto/rand"
	"strings"
)

// maskGitHub returns the workflow command that makes a GitHub runner hide a value in its log from then on.
func maskGitHub(value string) string { return "::add-mask::" + escapeGitHub(value) + "\n" }

// escapeGitHub escapes a workflow command's data, as actions/toolkit does.
func escapeGitHub(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

// GitHub returns what a step of GitHub Actions prints to hide secrets, including the value, and what it then appends
// to the file named by GITHUB_ENV, so that later steps have the value in a variable. The delimiter is random, so that
// no value can end its block and set another variable.
func GitHub(variable, value string, secrets ...string) (stdout, envFile string) {
	for _, s := range append(secrets, value) {
		stdout += maskGitHub(s)
		if strings.Contains(s, "\n") { // the log hides line by line
			for line := range strings.SplitSeq(s, "\n") {
				if line = strings.TrimSpace(line); line != "" {
					stdout += maskGitHub(line)
				}
			}
		}
	}
	delimiter := "cgp_cred_" + rand.Text()
	return stdout, variable + "<<" + delimiter + "\n" + value + "\n" + delimiter + "\n"
}

// Azure returns the logging commands that make an Azure Pipelines agent hide secrets in its log, including the value,
// and then set the value as a secret variable.
func Azure(variable, value string, secrets ...string) string {
	var out string
	for _, s := range append(secrets, value) {
		out += "##vso[task.setsecret]" + escapeAzure(s) + "\n"
	}
	return out + "##vso[task.setvariable variable=" + variable + ";issecret=true]" + escapeAzure(value) + "\n"
}

// escapeAzure escapes a logging command's data, as azure-pipelines-task-lib does.
func escapeAzure(s string) string {
	return strings.NewReplacer("%", "%AZP25", "\r", "%0D", "\n", "%0A").Replace(s)
}
