// SPDX-License-Identifier: Apache-2.0

package testkit

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestMain makes the test binary the program that the tests start.
func TestMain(m *testing.M) {
	switch os.Getenv("TESTKIT_PROGRAM") {
	case "":
		os.Exit(m.Run())
	case "sleep":
		fmt.Println("listening on 4711")
		time.Sleep(time.Hour)
	case "fail":
		fmt.Fprintln(os.Stderr, "no way")
		os.Exit(3)
	}
}

func TestProcessIsReadStoppedAndWaitedFor(t *testing.T) {
	Baseline(t)
	t.Setenv("TESTKIT_PROGRAM", "sleep")
	p := Start(t, os.Args[0])
	require.Equal(t, []string{"listening on 4711", "4711"}, p.Find(`listening on (\d+)`, time.Minute))
	p.Signal(syscall.SIGTERM)
	require.Equal(t, -1, p.Wait(time.Minute))
}

func TestProcessDoesNotOutliveItsTest(t *testing.T) {
	t.Setenv("TESTKIT_PROGRAM", "sleep")
	var p *Process
	r := record(t, func(r *recorder) { p = Start(r, os.Args[0]) })
	r.cleanups[0]()
	select {
	case <-p.exited:
	default:
		t.Fatal("it runs")
	}
}

func TestProcessThatEndsIsNotWaitedFor(t *testing.T) {
	t.Setenv("TESTKIT_PROGRAM", "fail")
	p := Start(t, os.Args[0])
	require.Equal(t, 3, p.Wait(time.Minute))
	p.t = nil
	r := record(t, func(r *recorder) {
		p.t = r
		p.Find("listening", time.Minute)
	})
	require.Contains(t, r.failed, "exit status 3")
	require.Contains(t, r.failed, "no way")
}

func TestBuildBuilds(t *testing.T) {
	program := Build(t, "../../examples/hotpath")
	out, err := exec.Command(program, "-h").CombinedOutput()
	require.NoError(t, err)
	require.Contains(t, string(out), "-addr")
}
