// SPDX-License-Identifier: Apache-2.0

package testkit

import (
	"net"
	"os"
	"os/exec"
	"testing"
)

// packages maps programs to their Debian packages, where these have another name.
var packages = map[string]string{"promtool": "prometheus"}

// Require returns the path of a program. If the program is not installed, the test is skipped. In
// continuous integration (CI=true) it fails instead, so that a check cannot vanish there unnoticed.
func Require(t testing.TB, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err == nil {
		return path
	}
	name := program
	if p, ok := packages[program]; ok {
		name = p
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is not installed, and CI=true: apt-get install %s", program, name)
	}
	t.Skipf("NOT TESTED: %s is not installed. To test it: apt-get install %s", program, name)
	return ""
}

// FreeAddr returns a loopback address on which nothing listened a moment ago. It is for programs
// that cannot choose a port themselves.
func FreeAddr(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
