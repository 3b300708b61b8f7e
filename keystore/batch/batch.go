// Package batch knows whether this process is part of a batch job, and how a credential gets into one. A job runs on
// another machine than the one where the user logged in: without its keychain, its ssh-agent and its /tmp, and with a
// copy of its environment.
package batch

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// Job is a job of a batch system.
type Job struct {
	system system
	getenv func(string) string
}

// system is a batch system, and how it shows itself to its jobs.
type system struct {
	name  string
	marks [][]string // it is this one if all variables of a line are set
	again string     // how a job asks to run again later; $X is the value of a variable; empty: not known
}

const kubernetes = "Kubernetes"

// systems are the batch systems, in the order in which they are looked for: a job of Slurm may run in a pod. All
// variables are set by the system in each job and not on a login node, unless a line names two.
func systems() []system {
	return []system{
		{"Slurm", [][]string{{"SLURM_JOB_ID"}, {"SLURM_JOBID"}}, "scontrol requeue $SLURM_JOB_ID"},
		{"PBS", [][]string{{"PBS_JOBID"}}, "qrerun $PBS_JOBID"},
		{"LSF", [][]string{{"LSB_JOBID"}}, "brequeue $LSB_JOBID"},
		{"HTCondor", [][]string{{"_CONDOR_JOB_AD"}, {"_CONDOR_SCRATCH_DIR"}}, ""},
		{"Flux", [][]string{{"FLUX_JOB_ID"}}, ""},
		{"OAR", [][]string{{"OAR_JOB_ID"}, {"OAR_JOBID"}}, ""},
		// JOB_ID is also a variable of others, and SGE_ROOT is set on login nodes too.
		{"Grid Engine", [][]string{{"JOB_ID", "SGE_ROOT"}, {"JOB_ID", "SGE_TASK_ID"}}, "exit 99"},
		{kubernetes, [][]string{{"KUBERNETES_SERVICE_HOST"}}, ""},
	}
}

// Current returns the job that this process is part of.
func Current() (Job, bool) { return Find(os.Getenv) }

// Find returns the job of a process with such an environment. A job of a CI system that runs in a pod is none: it has
// the CI's own way to secrets.
func Find(getenv func(string) string) (Job, bool) {
	for _, s := range systems() {
		if s.name == kubernetes && anyOf(getenv, "CI", "TF_BUILD", "JENKINS_URL", "TEAMCITY_VERSION") {
			continue
		}
		for _, mark := range s.marks {
			if all(getenv, mark) {
				return Job{s, getenv}, true
			}
		}
	}
	return Job{}, false
}

func anyOf(getenv func(string) string, names ...string) bool {
	for _, name := range names {
		if getenv(name) != "" {
			return true
		}
	}
	return false
}

func all(getenv func(string) string, names []string) bool {
	for _, name := range names {
		if getenv(name) == "" {
			return false
		}
	}
	return true
}

// System returns the name of the batch system.
func (j Job) System() string { return j.system.name }

// Carry returns hints how a profile's credential gets into the job; profile may be empty.
func (j Job) Carry(profile string) []string {
	if profile == "" {
		profile = "PROFILE"
	}
	if j.system.name == kubernetes {
		return []string{fmt.Sprintf("a pod has no keychain: elsewhere run `cgp-cred export %[1]s --out %[1]s.bundle`, make "+
			"it a Secret, mount that, and name the file in CGP_CRED_BUNDLE_FILE (docs/hpc.md)", profile)}
	}
	return []string{
		fmt.Sprintf("a job of %[2]s does not reach the keychain of your login: on the login node run "+
			"`cgp-cred export %[1]s --out ~/%[1]s.bundle`, then put export CGP_CRED_BUNDLE_FILE=$HOME/%[1]s.bundle "+
			"into the job script (docs/hpc.md)", profile, j.System()),
		fmt.Sprintf("or keep the record in a file in the shared home: on the login node run "+
			"`cgp-cred store %s --keystore file --identity FILE` (age-keygen -o FILE makes one)", profile),
	}
}

// Unasked returns the hint for an encrypted file whose passphrase is not known; profile may be empty.
func (j Job) Unasked(profile string) string {
	if profile == "" {
		profile = "PROFILE"
	}
	return fmt.Sprintf("no user can type a passphrase in a job of %s: on the login node run `cgp-cred store %s "+
		"--keystore file --identity FILE` (age-keygen -o FILE makes one)", j.System(), profile)
}

// Again returns the hint how this job is run again later, or "".
func (j Job) Again() string {
	missing := false
	command := os.Expand(j.system.again, func(name string) string {
		value := j.getenv(name)
		missing = missing || value == "" || strings.Trim(value, idCharacters) != ""
		return value
	})
	if command == "" || missing {
		return ""
	}
	return "to let " + j.System() + " run this job again later: " + command
}

// idCharacters are in the numbers of jobs, such as 123, 123_4, 123[4].host.
const idCharacters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ._[]-"

// Missing returns the hint for a file that a job can't read because it is on another machine or for another user, or
// "".
func Missing(err error) string {
	job, ok := Current()
	switch {
	case !ok:
		return ""
	case errors.Is(err, fs.ErrNotExist) && job.System() == kubernetes:
		return "a pod has only what is mounted: mount a Secret with this file (docs/hpc.md)"
	case errors.Is(err, fs.ErrPermission) && job.System() == kubernetes:
		return fmt.Sprintf("this pod runs as uid %d: for another user than root set fsGroup, and defaultMode 0440 for "+
			"the Secret (docs/hpc.md)", os.Geteuid())
	case errors.Is(err, fs.ErrNotExist):
		return "this job of " + job.System() + " runs on a machine with its own /tmp: keep the file in a folder that all " +
			"machines share, such as your home, and give its whole path"
	case errors.Is(err, fs.ErrPermission):
		return fmt.Sprintf("this job of %s runs as uid %d: give it a file of this user, with mode 0600",
			job.System(), os.Geteuid())
	}
	return ""
}
