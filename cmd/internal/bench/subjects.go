package main

import (
	"context"
	"os/exec"
)

// subjects is everything that is measured, in the order of a round: what is compared stands together.
func (s *scene) subjects() []subject {
	get := s.cgp("get", profileName)
	url := "http://" + s.host + "/hello-world/hello/application"
	hundred := []string{"XDG_CONFIG_HOME=" + s.config("hundred")}
	fresh := s.cgp("get", profileName, "--force-new")
	out := []subject{
		s.timed("empty", command{argv: []string{s.program("empty")}}),
		s.timed("get", command{argv: get, want: header}),
		s.timed("nethttp", command{argv: []string{s.program("nethttp")}}),
		s.timed("named100", command{argv: get, env: hundred, want: header}),
		s.timed("attributes", command{argv: s.cgp("credential", "get"), stdin: s.file("attributes"), want: "credential="}),
		s.timed("json", command{argv: s.cgp("credential", "get"), stdin: s.file("json"), want: `"Bearer `}),
		s.timed("url", command{argv: s.cgp("get", url), want: header}),
		s.timed("url100", command{argv: s.cgp("get", url), env: hundred, want: header}),
	}
	out = append(out, s.helpers()...)
	out = append(out,
		s.timed("new", command{argv: fresh, want: header}),
		s.timed("bare", command{argv: []string{s.program("bare"), profileName, s.endpoint()}, want: header}),
		s.timed("erased", command{argv: get, prepare: s.cgp("erase", profileName), want: header}),
		s.script(),
		subject{name: "together", measure: func(ctx context.Context) (float64, error) { return s.many(ctx, processes, processes, get...) }},
		subject{name: "apart", measure: func(ctx context.Context) (float64, error) { return s.many(ctx, processes, 1, get...) }},
		subject{name: "crowd", measure: func(ctx context.Context) (float64, error) { return s.fromNothing(ctx, processes) }},
		subject{name: "alone", measure: s.alone},
		subject{name: "20 MB", measure: func(context.Context) (float64, error) { return megabytes20, nil }},
		s.sized("get memory", get), s.sized("new memory", fresh), s.sized("empty memory", []string{s.program("empty")}),
	)
	for _, b := range benchmarks {
		out = append(out, subject{name: b.subject, measure: func(ctx context.Context) (float64, error) { return b.run(ctx, s) }})
	}
	return out
}

func (s *scene) timed(name string, c command) subject {
	return subject{name: name, measure: s.timer(c)}
}

func (s *scene) sized(name string, argv []string) subject {
	out := subject{name: name, measure: s.memory(argv...)}
	if _, err := exec.LookPath("/usr/bin/time"); err != nil {
		out.absent = "time is not installed"
	}
	return out
}

// alone is the median of five gets with no token cached.
func (s *scene) alone(ctx context.Context) (float64, error) {
	var times []float64
	for range 5 {
		t, err := s.fromNothing(ctx, 1)
		if err != nil {
			return 0, err
		}
		times = append(times, t)
	}
	return median(times), nil
}

// helpers are the other programs that read the keychain, each with an item of its own in it.
func (s *scene) helpers() []subject {
	const docker = "docker-credential-secretservice"
	git := s.program("git-credential-libsecret")
	out := []subject{
		s.timed("secret-tool", command{
			argv: []string{"secret-tool", "lookup", "service", "bench", "account", "item"}, want: item,
			first: &command{argv: []string{"secret-tool", "store", "--label=bench", "service", "bench", "account", "item"}, stdin: s.file("item")},
		}),
		s.timed("docker", command{
			argv: []string{docker, "get"}, stdin: s.file("site"), want: item,
			first: &command{argv: []string{docker, "store"}, stdin: s.file("docker")},
		}),
		s.timed("git", command{
			argv: []string{git, "get"}, stdin: s.file("git"), want: item,
			first: &command{argv: []string{git, "store"}, stdin: s.file("git-item")},
		}),
	}
	for i, program := range []string{"secret-tool", docker} {
		if _, err := exec.LookPath(program); err != nil {
			out[i].absent = program + " is not installed"
		}
	}
	out[2].absent = s.noGit
	return out
}

// script is the Python program that does what a script does without a helper.
func (s *scene) script() subject {
	out := s.timed("python", command{argv: []string{s.python, s.file("steps.py"), s.file("steps.yaml")}, want: header})
	out.absent = s.noPython
	return out
}
