// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"
)

func main() {
	runs := flag.Int("runs", 1, "how often the tests run for each bug; it is found if they fail every time")
	match := flag.String("run", "", "plant only the bugs whose package, file or title matches this regular expression")
	verbose := flag.Bool("v", false, "print the output of the tests that fail")
	flag.Parse()
	if err := measure(*runs, *match, *verbose); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

// hang returns how long tests may run that take the given time without a bug. A bug that makes them
// run longer counts as found.
func hang(sound time.Duration) time.Duration { return 30*time.Second + 5*sound }

// measure plants the bugs that match, in the module in the working directory, and prints the
// results of the tests.
func measure(runs int, match string, verbose bool) error {
	filter, err := regexp.Compile(match)
	if err != nil {
		return err
	}
	mutants, err := readLists(".")
	if err != nil {
		return err
	}
	mutants = slices.DeleteFunc(mutants, func(m mutant) bool { return !filter.MatchString(m.file + " " + m.title) })
	tree, err := os.MkdirTemp("", "quipu-mutants-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tree)
	if err := copyModule(".", tree); err != nil {
		return err
	}

	total := make(map[string]score)
	var faults []string
	sound := make(map[string]time.Duration) // time that the tests of a package take without a bug
	for i := range mutants {
		m := &mutants[i]
		start := time.Now()
		if sound[m.dir()] == 0 {
			if failed, output := test(tree, m.dir(), 10*time.Minute); failed != "" {
				return fmt.Errorf("the tests of %s fail without a bug:\n%s", m.dir(), output)
			}
			sound[m.dir()] = time.Since(start)
			start = time.Now()
		}
		by, err := plant(tree, m, hang(sound[m.dir()]), runs, verbose)
		if err != nil {
			return fmt.Errorf("%s: %s: %w", m.file, m.title, err)
		}
		s := total[m.dir()]
		s.add(by != "")
		total[m.dir()] = s
		word := "found"
		if by == "" {
			word = "SURVIVED"
		}
		fmt.Printf("%-8s %4.0fs  %s: %s", word, time.Since(start).Seconds(), m.file, m.title)
		switch {
		case by == "" && m.harmless != "":
			fmt.Printf(" (harmless: %s)\n", m.harmless)
		case by == "":
			fmt.Println()
			faults = append(faults, "no test finds this bug: "+m.file+": "+m.title)
		case m.harmless != "":
			fmt.Printf(" [%s]\n", by)
			faults = append(faults, "a test finds this bug, which is said to be harmless: "+m.file+": "+m.title)
		default:
			fmt.Printf(" [%s]\n", by)
		}
	}
	return errors.Join(report(total), join(faults))
}

func join(faults []string) error {
	if len(faults) == 0 {
		return nil
	}
	return errors.New(strings.Join(faults, "\n"))
}

// score counts the bugs of one package.
type score struct{ found, planted int }

func (s *score) add(found bool) {
	s.planted++
	if found {
		s.found++
	}
}

// enough reports whether nine of ten bugs were found.
func (s score) enough() bool { return s.found*10 >= s.planted*9 }

// report prints the scores. It returns an error that names the packages with low ones.
func report(total map[string]score) error {
	var low []string
	var all score
	fmt.Println("\nfound  planted")
	for _, dir := range slices.Sorted(maps.Keys(total)) {
		s := total[dir]
		fmt.Printf("%5d  %7d  %s\n", s.found, s.planted, dir)
		all.found, all.planted = all.found+s.found, all.planted+s.planted
		if !s.enough() {
			low = append(low, fmt.Sprintf("%s: fewer than nine of ten bugs were found", dir))
		}
	}
	fmt.Printf("%5d  %7d  in all\n", all.found, all.planted)
	return join(low)
}
