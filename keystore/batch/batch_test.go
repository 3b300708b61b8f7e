package batch_test

import (
	"io/fs"
	"os"
	"strings"
	"testing"

	"cgp-cred/keystore/batch"
	"cgp-cred/keystore/keystoretest"
)

func TestMain(m *testing.M) { os.Exit(keystoretest.Main(m)) }

// environment returns a getenv of lines NAME=VALUE.
func environment(lines string) func(string) string {
	return func(name string) string {
		for _, line := range strings.Fields(lines) {
			if value, ok := strings.CutPrefix(line, name+"="); ok {
				return value
			}
		}
		return ""
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ env, system, again string }{
		{"SLURM_JOB_ID=123 SLURM_PROCID=0", "Slurm", "scontrol requeue 123"},
		{"SLURM_JOBID=123", "Slurm", ""}, // before Slurm 2
		{"SLURM_JOB_ID=124 SLURM_ARRAY_JOB_ID=123 SLURM_ARRAY_TASK_ID=1", "Slurm", "scontrol requeue 124"},
		{"SLURM_JOB_ID=5 CI=true", "Slurm", "scontrol requeue 5"}, // a CI that submits jobs
		{"SLURM_JOB_ID=5 KUBERNETES_SERVICE_HOST=10.0.0.1", "Slurm", "scontrol requeue 5"},
		{"SLURM_JOB_ID=5;rm SLURM_PROCID=0", "Slurm", ""},
		{"PBS_JOBID=123.head PBS_ENVIRONMENT=PBS_BATCH", "PBS", "qrerun 123.head"},
		{"PBS_JOBID=123[4].head", "PBS", "qrerun 123[4].head"},
		{"LSB_JOBID=123 LSB_JOBINDEX=0", "LSF", "brequeue 123"},
		{"_CONDOR_JOB_AD=/scratch/.job.ad", "HTCondor", ""},
		{"_CONDOR_SCRATCH_DIR=/scratch", "HTCondor", ""},
		{"JOB_ID=123 SGE_ROOT=/opt/sge SGE_TASK_ID=undefined", "Grid Engine", "exit 99"},
		{"JOB_ID=123 SGE_TASK_ID=4", "Grid Engine", "exit 99"},
		{"FLUX_JOB_ID=f2yq", "Flux", ""},
		{"OAR_JOB_ID=7", "OAR", ""},
		{"OAR_JOBID=7", "OAR", ""},
		{"KUBERNETES_SERVICE_HOST=10.0.0.1", "Kubernetes", ""},
		{"KUBERNETES_SERVICE_HOST=10.0.0.1 JUPYTERHUB_USER=a", "Kubernetes", ""},
		{"SLURM_JOB_ID=1 SLURM_NNODES=1", "Slurm", "scontrol requeue 1"}, // salloc

		{"", "", ""},
		{"SLURM_JOB_ID=", "", ""},
		{"SLURM_CONF=/etc/slurm.conf SLURM_CLUSTERS=a SBATCH_ACCOUNT=b SQUEUE_FORMAT=%i", "", ""},
		{"SGE_ROOT=/opt/sge SGE_CELL=default SGE_CLUSTER_NAME=p6444", "", ""}, // a login node
		{"JOB_ID=123", "", ""}, // many programs have such a variable
		{"JOB_ID=123 JENKINS_HOME=/var/jenkins", "", ""},
		{"LSF_ENVDIR=/etc LSF_BINDIR=/bin PBS_EXEC=/opt/pbs PBS_SERVER=head", "", ""},
		{"CONDOR_CONFIG=/etc/condor", "", ""},
		{"KUBERNETES_SERVICE_HOST=10.0.0.1 CI=true", "", ""}, // a runner of a CI in a pod
		{"KUBERNETES_SERVICE_HOST=10.0.0.1 TF_BUILD=True", "", ""},
		{"KUBERNETES_SERVICE_HOST=10.0.0.1 JENKINS_URL=https://ci/", "", ""},
		{"KUBERNETES_SERVICE_HOST=10.0.0.1 TEAMCITY_VERSION=2026", "", ""},
		{"KUBECONFIG=/home/a/.kube/config", "", ""},
		{"INVOCATION_ID=abc JOURNAL_STREAM=8:1", "", ""}, // a service
		{"SSH_CONNECTION=a", "", ""},
	} {
		job, ok := batch.Find(environment(c.env))
		if ok != (c.system != "") || job.System() != c.system {
			t.Errorf("%q: %v %q, want %q", c.env, ok, job.System(), c.system)
			continue
		}
		if ok {
			if got := job.Again(); !strings.HasSuffix(got, c.again) || (got == "") != (c.again == "") {
				t.Errorf("%q: again: %q, want %q", c.env, got, c.again)
			}
		}
	}
}

func TestCarry(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ env, profile, command string }{
		{"SLURM_JOB_ID=1", "int", "`cgp-cred export int --out ~/int.bundle`"},
		{"PBS_JOBID=1", "", "`cgp-cred export PROFILE --out ~/PROFILE.bundle`"},
		{"KUBERNETES_SERVICE_HOST=1", "int", "`cgp-cred export int --out int.bundle`"},
	} {
		job, _ := batch.Find(environment(c.env))
		hints := job.Carry(c.profile)
		if !strings.Contains(hints[0], c.command) || !strings.Contains(hints[0], "CGP_CRED_BUNDLE_FILE") {
			t.Errorf("%s: %q", c.env, hints)
		}
	}
}

func TestMissing(t *testing.T) {
	absent := &fs.PathError{Op: "open", Path: "/tmp/x", Err: fs.ErrNotExist}
	refused := &fs.PathError{Op: "open", Path: "/home/a/x", Err: fs.ErrPermission}
	if hint := batch.Missing(absent); hint != "" {
		t.Errorf("outside a job: %q", hint)
	}
	t.Setenv("LSB_JOBID", "1")
	for err, want := range map[error]string{absent: "all machines share", refused: "runs as uid ", fs.ErrClosed: ""} {
		if hint := batch.Missing(err); !strings.Contains(hint, want) || (hint == "") != (want == "") {
			t.Errorf("%v: %q, want %q", err, hint, want)
		}
	}
	t.Setenv("LSB_JOBID", "")
	t.Setenv("CI", "") // a runner in a pod is no batch job
	t.Setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
	for err, want := range map[error]string{absent: "mount a Secret", refused: "fsGroup", fs.ErrClosed: ""} {
		if hint := batch.Missing(err); !strings.Contains(hint, want) || (hint == "") != (want == "") {
			t.Errorf("in a pod: %v: %q, want %q", err, hint, want)
		}
	}
}
