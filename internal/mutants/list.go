// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// listed are the files of the lists, as seen from the root of the module.
const listed = "internal/mutants/lists/*.diff"

// mutant is one planted bug.
type mutant struct {
	title    string
	file     string // from the root of the module
	places   []place
	harmless string // why no test can find it; empty if one should
}

// place is one change of a mutant, in whole lines.
type place struct{ before, after []string }

// dir is the directory of the package that the mutant is in.
func (m *mutant) dir() string { return path.Dir(m.file) }

// readLists returns the mutants of all lists, in the order of the names of the lists.
func readLists(root string) ([]mutant, error) {
	names, err := filepath.Glob(filepath.Join(root, listed))
	if err != nil {
		return nil, err
	}
	var all []mutant
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		mutants, err := parse(string(text))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Base(name), err)
		}
		all = append(all, mutants...)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("no mutants in %s: is this the root of the module?", listed)
	}
	return all, nil
}

// parse reads one list.
func parse(text string) ([]mutant, error) {
	var mutants []mutant
	for i, line := range strings.Split(text, "\n") {
		bad := func(what string) error { return fmt.Errorf("line %d: %s: %q", i+1, what, line) }
		if title, ok := strings.CutPrefix(line, "== "); ok {
			mutants = append(mutants, mutant{title: title})
			continue
		}
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if len(mutants) == 0 {
			return nil, bad("there is no title before it")
		}
		m := &mutants[len(mutants)-1]
		reason, isReason := strings.CutPrefix(line, "harmless: ")
		switch {
		case m.file == "":
			m.file = line
			m.places = []place{{}}
		case line == "@@":
			m.places = append(m.places, place{})
		case isReason:
			m.harmless = reason
		case strings.IndexByte(" -+", line[0]) >= 0:
			p := &m.places[len(m.places)-1]
			if line[0] != '+' {
				p.before = append(p.before, line[1:])
			}
			if line[0] != '-' {
				p.after = append(p.after, line[1:])
			}
		default:
			return nil, bad("it begins with neither blank, minus nor plus")
		}
	}
	return mutants, nil
}

// apply returns source with the bug in it.
func (m *mutant) apply(source string) (string, error) {
	if len(m.places) == 0 {
		return "", errors.New("it changes nothing")
	}
	for _, p := range m.places {
		before, after := lines(p.before), lines(p.after)
		if before == after {
			return "", errors.New("it changes nothing")
		}
		// Line ends before the source and the old code keep a match from beginning inside a line.
		if n := occurrences("\n"+source, "\n"+before); n != 1 {
			return "", fmt.Errorf("its old code occurs %d times in %s:\n%s", n, m.file, before)
		}
		source = strings.Replace("\n"+source, "\n"+before, "\n"+after, 1)[1:]
	}
	return source, nil
}

// occurrences counts the occurrences of part in text, overlapping ones too.
func occurrences(text, part string) (n int) {
	for at := strings.Index(text, part); at >= 0; at = strings.Index(text, part) {
		n++
		text = text[at+1:]
	}
	return n
}

func lines(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return strings.Join(list, "\n") + "\n"
}
