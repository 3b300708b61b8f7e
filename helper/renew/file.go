// Package renew keeps one token file fresh for a command that runs longer than a token lives.
package renew

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"cgp-cred/helper"
	"cgp-cred/helper/wire"
	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/fault"
)

// The loop's times, for tokens of the usual ten minutes. A token with a shorter life is renewed after half its life,
// and the file is checked four times in that life.
const (
	margin    = 2 * time.Minute        // how much life the file's token has left when the next one is fetched
	pace      = 10 * time.Second       // longest time between two checks of clock and file
	minPace   = 250 * time.Millisecond // shortest time between two checks
	minRest   = 500 * time.Millisecond // shortest time between two tokens
	minDelay  = 5 * time.Second        // first wait after a failure; it doubles
	maxDelay  = time.Minute
	closeWait = 2 * time.Second  // how long Close waits for a request that is still running
	patience  = 10 * time.Minute // limit of a request, for the case that the request's own deadlines fail
)

// Options say what the token file holds, and where it is.
type Options struct {
	Path   string // absolute; its folder should come from [Folder]
	Format string // "token": the bare token and a line feed; "htslib": JSON with the seconds that remain

	// Source returns a token with minValid left, or with half its life left if that is less. One goroutine at a time
	// calls it. If a call does not return within ten minutes, its context ends, and it may be called again.
	Source func(ctx context.Context, minValid time.Duration) (helper.Credential, error)

	// Warn is called when renewal starts to fail, when the token expires, and when renewal works again; nil: silent.
	Warn func(text string)
}

// File is a token file that is renewed until Close.
//
// A reader always finds a whole file of mode 0600: each new content is written to another file, which is then
// renamed. htslib counts expires_in from the moment it reads, because it does not know the file's age. It reads again
// when 60 s are left by that count. So the file is rewritten every ten seconds, and states the seconds that will be
// left at the next rewrite.
type File struct {
	o    Options
	stop context.CancelFunc
	done chan struct{}

	token    helper.Credential
	taken    time.Time     // when the token was received
	left     time.Duration // its life at that time
	tried    time.Time     // when the last request ended
	rest     time.Duration // time from then to the next request
	pace     time.Duration // time between two checks
	failures int           // requests that failed in a row
	ended    bool          // the user was warned that the token has expired
	current  bool          // the file holds the token
	broken   bool          // the user was warned that the file can't be written
}

// Start gets a token, writes the file and keeps it fresh. It fails at once if it gets no token or can't write the file.
// ctx bounds only the request for the first token: renewal continues until Close.
func Start(ctx context.Context, o Options) (*File, error) {
	if o.Warn == nil {
		o.Warn = func(string) {}
	}
	c, err := o.Source(ctx, margin)
	if err != nil {
		return nil, err
	}
	f := &File{o: o, done: make(chan struct{})}
	f.take(c)
	if err := f.write(); err != nil {
		return nil, err
	}
	ctx, f.stop = context.WithCancel(context.WithoutCancel(ctx))
	go f.run(ctx)
	return f, nil
}

// Path returns the path of the file.
func (f *File) Path() string { return f.o.Path }

// Close stops the renewal and removes the file. An absent file is no error.
func (f *File) Close() error {
	f.stop()
	<-f.done
	if err := os.Remove(f.o.Path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing the token file: %w", disk.Unwritable(err))
	}
	return nil
}

type answer struct {
	credential helper.Credential
	err        error
}

// run asks for a token when it is time, one request at a time. While a request runs it keeps the file up to date: a
// keychain that waits for its password must not stop the count of the seconds that are left.
func (f *File) run(ctx context.Context) {
	defer close(f.done)
	var answers <-chan answer // nil: no request is running
	for {
		if answers == nil && helper.Age(f.tried) >= f.rest {
			answers = f.ask(ctx)
		}
		look := time.NewTimer(f.pause(answers != nil))
		select {
		case got := <-answers:
			answers = nil
			f.settle(got)
		case <-look.C:
		case <-ctx.Done():
			look.Stop()
			if answers != nil {
				await(answers)
			}
			return
		}
		look.Stop()
		f.keep()
	}
}

var (
	errSilent = errors.New("the request for a new token has not ended within ten minutes, and is given up")
	errBug    = errors.New("a bug in cgp-cred ended the request for a new token: please report it")
)

// ask asks for a token. It always sends an answer, so that renewal continues even if a request hangs or panics.
func (f *File) ask(ctx context.Context) <-chan answer {
	answers := make(chan answer, 2) // room for an answer after errSilent, which is not read
	ctx, stop := context.WithTimeout(ctx, patience)
	silent := time.AfterFunc(patience+closeWait, func() { answers <- answer{err: errSilent} })
	go func() {
		defer silent.Stop()
		defer stop()
		defer func() {
			if recover() != nil { // the value may quote a secret
				answers <- answer{err: errBug}
			}
		}()
		c, err := f.o.Source(ctx, margin)
		answers <- answer{c, err}
	}()
	return answers
}

// await gives a request whose context has ended a moment to end too.
func await(answers <-chan answer) {
	late := time.NewTimer(closeWait)
	defer late.Stop()
	select {
	case <-answers:
	case <-late.C:
	}
}

// pause returns the time until the next check.
func (f *File) pause(asking bool) time.Duration {
	if asking {
		return f.pace
	}
	return max(min(f.pace, f.rest-helper.Age(f.tried)), 0)
}

// take makes c the file's token.
func (f *File) take(c helper.Credential) {
	f.token, f.taken, f.current = c, time.Now(), false
	f.tried = f.taken
	f.left = time.Until(c.ExpiresAt)
	f.rest = f.left - margin
	if f.left <= margin {
		f.rest = f.left / 2
	}
	f.rest = max(f.rest, minRest)
	f.pace = max(min(pace, f.left/4), minPace)
	f.failures, f.ended = 0, false
}

// settle handles the answer to a request for a token. After a failure the file keeps the last token, and each further
// failure makes the next request wait longer.
func (f *File) settle(got answer) {
	if got.err == nil {
		if f.failures > 0 {
			f.o.Warn("the token of the running command is renewed again, until " + clock(got.credential.ExpiresAt))
		}
		f.take(got.credential)
		return
	}
	f.tried, f.rest = time.Now(), min(minDelay<<min(f.failures, 10), maxDelay)
	f.failures++
	ended := helper.Age(f.taken) >= f.left
	switch {
	case ended && !f.ended:
		f.ended = true
		f.o.Warn("the token of the running command expired at " + clock(f.token.ExpiresAt) +
			" and can't be renewed: " + fault.OneLine(got.err))
	case f.failures == 1:
		f.o.Warn("the token of the running command can't be renewed, and expires at " + clock(f.token.ExpiresAt) +
			": " + fault.OneLine(got.err))
	}
}

func clock(t time.Time) string { return t.Local().Format("15:04:05") }

// keep writes the file if it is absent, or does not hold what it should.
func (f *File) keep() {
	if f.current && f.o.Format != "htslib" && f.there() {
		return
	}
	err := f.write()
	switch {
	case err != nil && !f.broken:
		f.o.Warn("the token file can't be written: " + fault.OneLine(err))
	case err == nil && f.broken:
		f.o.Warn("the token file is written again, with a token until " + clock(f.token.ExpiresAt))
	}
	f.broken = err != nil
}

// there reports whether the file exists. A desktop empties the folder when the user logs out.
func (f *File) there() bool {
	_, err := os.Lstat(f.o.Path)
	return err == nil
}

// write replaces the file by one with the token. It writes the whole file or nothing.
func (f *File) write() error {
	left := f.left - helper.Age(f.taken) - f.pace
	text, err := wire.Format(f.o.Format, f.token, nil, f.token.ExpiresAt.Add(-left))
	if err != nil {
		return err
	}
	if err := disk.WriteVolatile(f.o.Path, text); err != nil {
		return fmt.Errorf("writing the token file: %w", err)
	}
	f.current = true
	return nil
}
