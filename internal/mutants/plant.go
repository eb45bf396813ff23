// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// plant applies m in the tree, runs the tests, and takes m out again. It returns the name of the
// test that found m, or "" when a run passed.
func plant(tree string, m *mutant, limit time.Duration, runs int, verbose bool) (by string, err error) {
	name := filepath.Join(tree, filepath.FromSlash(m.file))
	source, err := os.ReadFile(name)
	if err != nil {
		return "", err
	}
	changed, err := m.apply(string(source))
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(name, []byte(changed), 0o644); err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, os.WriteFile(name, source, 0o644)) }()
	for range runs {
		failed, output := test(tree, m.dir(), limit)
		switch failed {
		case "":
			return "", nil
		case unbuilt:
			return "", fmt.Errorf("it does not compile:\n%s", output)
		}
		if by = failed; verbose {
			fmt.Println(output)
		}
	}
	return by, nil
}

// unbuilt takes the place of a test's name when the package or its tests do not compile.
const unbuilt = "(build)"

var firstFailure = regexp.MustCompile(`(?m)^\s*--- FAIL: (\S+)`)

// test runs the short tests of a package. It returns the name of the first test that fails, and the
// output. The name is "" when all tests pass. Tests that take longer than limit fail.
func test(tree, dir string, limit time.Duration) (failed, output string) {
	cmd := exec.Command("go", "test", "-short", "-vet=off", "-count=1", "-failfast",
		"-timeout="+limit.String(), "./"+dir)
	cmd.Dir = tree
	out, err := cmd.CombinedOutput()
	output = string(out)
	found := firstFailure.FindStringSubmatch(output)
	switch {
	case err == nil:
		return "", output
	case strings.Contains(output, "[build failed]") || strings.Contains(output, "[setup failed]"):
		return unbuilt, output
	case found != nil:
		return found[1], output
	case strings.Contains(output, "panic: test timed out"):
		return "(timeout)", output
	default:
		return "(crash)", output
	}
}
