// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// terminal has the operations of a terminal that top needs.
type terminal interface {
	// open makes keys arrive one by one, without being shown. restore undoes that.
	open() (restore func(), err error)
	// size returns the number of lines and columns.
	size() (lines, columns int)
	// keys sends the keys that are pressed. The channel is closed at the end of the input.
	keys(ctx context.Context) <-chan byte
}

// sttyTerminal is the terminal of the process. The program stty, which every Unix has, sets its
// mode. This needs neither unsafe code nor another module, and where there is no stty, top works
// without keys.
type sttyTerminal struct{ in *os.File }

// findTerminal returns the terminal of the process, or nil if standard input and output are not
// both one.
func findTerminal() terminal {
	for _, f := range []*os.File{os.Stdin, os.Stdout} {
		if info, err := f.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
			return nil
		}
	}
	t := sttyTerminal{os.Stdin}
	if _, err := t.stty("-g"); err != nil {
		return nil // such as /dev/null
	}
	return t
}

// stty runs stty on the terminal and returns what it prints.
func (t sttyTerminal) stty(args ...string) (string, error) {
	cmd := exec.Command("stty", args...)
	cmd.Stdin = t.in
	out, err := cmd.Output()
	return strings.TrimSpace(string(out)), err
}

func (t sttyTerminal) open() (restore func(), err error) {
	before, err := t.stty("-g")
	if err != nil {
		return nil, err
	}
	// Ctrl-C still is a signal. Ctrl-Z is none, because it would leave the shell with this mode.
	if _, err := t.stty("-icanon", "-echo", "min", "1", "time", "0", "susp", "undef"); err != nil {
		return nil, err
	}
	return func() { _, _ = t.stty(before) }, nil
}

func (t sttyTerminal) size() (lines, columns int) {
	if out, err := t.stty("size"); err == nil {
		if _, err := fmt.Sscan(out, &lines, &columns); err == nil && lines > 0 && columns > 0 {
			return lines, columns
		}
	}
	return 24, 80
}

func (t sttyTerminal) keys(ctx context.Context) <-chan byte { return readKeys(ctx, t.in) }

// readKeys sends the bytes of a reader. Its goroutine ends after the next byte once ctx is done. A
// read of a terminal cannot be given up, and ends with the process.
func readKeys(ctx context.Context, in io.Reader) <-chan byte {
	keys := make(chan byte)
	go func() {
		defer close(keys)
		var key [1]byte
		for {
			if n, err := in.Read(key[:]); err != nil {
				return
			} else if n == 0 {
				continue
			}
			select {
			case keys <- key[0]:
			case <-ctx.Done():
				return
			}
		}
	}()
	return keys
}
