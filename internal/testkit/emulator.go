// SPDX-License-Identifier: Apache-2.0

package testkit

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// emulatorVariable is the environment variable with the program that emulates another processor for
// this test binary. `make arm64` sets it.
const emulatorVariable = "QUIPU_EMULATOR"

// Self returns a command that runs this test binary again with the given arguments. If this process
// runs in an emulator, so does the command.
func Self(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if emulator := os.Getenv(emulatorVariable); emulator != "" {
		return exec.Command(emulator, append([]string{program}, args...)...)
	}
	return exec.Command(program, args...)
}

// Alone runs a test in a process of its own, because the test leaves its process unfit for others.
// It reports true in that process, where the test goes on. It reports false in the process that
// started it, and fails the test there if the other process did not pass it.
func Alone(t testing.TB) bool {
	t.Helper()
	const variable = "QUIPU_TEST_ALONE"
	if os.Getenv(variable) == t.Name() {
		return true
	}
	cmd := Self(t, "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), variable+"="+t.Name())
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Fatalf("in a process of its own: %v\n%s", err, out)
	}
	return false
}

// SkipEmulated skips a test that shows nothing in an emulator, such as a comparison of times. `make
// arm64` prints the reason.
func SkipEmulated(t testing.TB, reason string) {
	t.Helper()
	if emulator := os.Getenv(emulatorVariable); emulator != "" {
		t.Skipf("not under %s: %s", emulator, reason)
	}
}
