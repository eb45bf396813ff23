// SPDX-License-Identifier: Apache-2.0

package testkit

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Build builds a package of this module and returns the path of the program. pkg is the path of the
// package from the working directory of the test, which is the directory of the test's own package.
func Build(t testing.TB, pkg string) string {
	t.Helper()
	dir, err := filepath.Abs(pkg)
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), filepath.Base(dir))
	if out, err := exec.Command("go", "build", "-o", program, pkg).CombinedOutput(); err != nil {
		t.Fatalf("go build %s: %v\n%s", pkg, err, out)
	}
	return program
}

// Process is a program that runs beside the test. It does not outlive the test.
type Process struct {
	t      testing.TB
	name   string
	cmd    *exec.Cmd
	output Output
	exited chan struct{} // closed once the process has ended and its output is complete
}

// Start starts a program. At the end of the test it tells the program to stop, and kills it if it
// does not. If the test failed, it logs the program's output.
func Start(t testing.TB, program string, args ...string) *Process {
	t.Helper()
	p := &Process{t: t, name: filepath.Base(program), exited: make(chan struct{})}
	p.cmd = exec.Command(program, args...)
	p.cmd.Stdout, p.cmd.Stderr = &p.output, &p.output
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait() // the code is in ProcessState
		close(p.exited)
	}()
	// Cleanups do not run when the test binary exceeds its time limit.
	kill := time.AfterFunc(untilDeadline(t), func() { _ = p.cmd.Process.Kill() })
	t.Cleanup(func() {
		kill.Stop()
		p.stop()
		if t.Failed() {
			t.Logf("%s wrote:\n%s", p.name, p.Output())
		}
	})
	return p
}

// untilDeadline returns the time until shortly before the test binary gives up.
func untilDeadline(t testing.TB) time.Duration {
	if d, ok := t.(interface{ Deadline() (time.Time, bool) }); ok {
		if deadline, ok := d.Deadline(); ok {
			return time.Until(deadline) - 2*time.Second
		}
	}
	return time.Hour
}

func (p *Process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended already
	select {
	case <-p.exited:
	case <-time.After(5 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.exited
	}
}

// Output returns everything that the program has written so far to standard output and standard
// error.
func (p *Process) Output() string { return p.output.String() }

// Find waits until the output matches and returns the match and its groups.
func (p *Process) Find(pattern string, timeout time.Duration) []string {
	p.t.Helper()
	re := regexp.MustCompile(pattern)
	var found []string
	Poll(p.t, timeout, func() error {
		if found = re.FindStringSubmatch(p.Output()); found != nil {
			return nil
		}
		p.alive()
		return fmt.Errorf("%s has not written %q", p.name, pattern)
	})
	return found
}

// alive ends the test if the program has ended.
func (p *Process) alive() {
	p.t.Helper()
	select {
	case <-p.exited:
		p.t.Fatalf("%s ended: %v\n%s", p.name, p.cmd.ProcessState, p.Output())
	default:
	}
}

// Signal sends a signal to the program.
func (p *Process) Signal(s os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatalf("%s: %v", p.name, err)
	}
}

// Wait waits until the program has ended and returns its exit code, which is -1 if a signal ended
// the program.
func (p *Process) Wait(timeout time.Duration) int {
	p.t.Helper()
	select {
	case <-p.exited:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(timeout):
		p.t.Fatalf("%s still runs after %v", p.name, timeout)
		return 0
	}
}

// Output is a buffer that may be read while it is written.
type Output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write appends to the buffer.
func (o *Output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(b)
}

// String returns everything that was written so far.
func (o *Output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}
