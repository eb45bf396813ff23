// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/internal/testkit"
)

func TestTopPrintsOnceWhereThereIsNoTerminal(t *testing.T) {
	url, requests := pageServer(t)
	r := runWith(t.Context(), "", "top", "-interval", "10ms", url)
	require.NoError(t, r.err)
	require.Equal(t, int64(2), requests.Load(), "rates are differences of two pages")
	require.Equal(t, 4, strings.Count(r.out, "\n"))
	require.NotContains(t, r.out, "\x1b")

	r = runWith(t.Context(), "", "top", "-interval", "10ms", "-n", "3", "-filter", "a_total", url)
	require.NoError(t, r.err)
	require.Equal(t, 3, strings.Count(r.out, "series"))
	require.Equal(t, 3, strings.Count(r.out, `a_total{k="x"}`))
	require.NotContains(t, r.out, "b{")

	require.ErrorContains(t, runWith(t.Context(), "", "top", "-").err, "needs a URL or a file")
	require.ErrorContains(t, runWith(t.Context(), "", "top", "http://127.0.0.1:1").err, "refused")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	require.NoError(t, runWith(ctx, "", "top", "-interval", "1h", url).err, "a signal ends it")
}

// fakeTerminal is a terminal that the test types on.
type fakeTerminal struct {
	in       io.Reader
	restored int
	fail     error
}

func (f *fakeTerminal) open() (func(), error)                { return func() { f.restored++ }, f.fail }
func (f *fakeTerminal) size() (int, int)                     { return 6, 60 }
func (f *fakeTerminal) keys(ctx context.Context) <-chan byte { return readKeys(ctx, f.in) }

// session is a run of top on a terminal.
type session struct {
	t    *testing.T
	out  testkit.Output
	term *fakeTerminal
	keys *io.PipeWriter
	stop context.CancelFunc
	done chan error
}

func startTop(t *testing.T, args ...string) *session {
	testkit.Baseline(t)
	in, keys := io.Pipe()
	ctx, stop := context.WithCancel(context.Background())
	s := &session{t: t, term: &fakeTerminal{in: in}, keys: keys, stop: stop, done: make(chan error, 1)}
	p := &program{ctx: ctx, out: &s.out, errors: io.Discard, terminal: func() terminal { return s.term }}
	go func() { s.done <- p.run(append([]string{"top"}, args...)) }()
	t.Cleanup(func() {
		stop()
		require.NoError(t, keys.Close())
	})
	return s
}

// sees waits until the program has drawn a text since it has drawn what stands at from.
func (s *session) sees(text string, from int) {
	testkit.Poll(s.t, 10*time.Second, func() error {
		if out := s.out.String(); strings.Contains(out[min(from, len(out)):], text) {
			return nil
		}
		out := s.out.String()
		return fmt.Errorf("%q is not there: %q", text, out[max(len(out)-1000, 0):])
	})
}

func (s *session) ends() {
	select {
	case err := <-s.done:
		require.NoError(s.t, err)
	case <-time.After(10 * time.Second):
		s.t.Fatal("it still runs")
	}
	require.Equal(s.t, 1, s.term.restored)
	require.True(s.t, strings.HasPrefix(s.out.String(), enterScreen))
	require.True(s.t, strings.HasSuffix(s.out.String(), leaveScreen))
}

func (s *session) press(keys string) (drawn int) {
	drawn = len(s.out.String())
	_, err := io.WriteString(s.keys, keys)
	require.NoError(s.t, err)
	return drawn
}

func TestTopDrawsOnATerminalAndListensToKeys(t *testing.T) {
	url, _ := pageServer(t)
	s := startTop(t, "-interval", "10ms", url)
	s.sees(`a_total{k="x"}`, 0)
	s.sees("sort: rate", 0)
	s.sees("sort: value", s.press("s"))
	from := s.press("/b{\r")
	s.sees("/ filter: b{", from)
	s.sees("b{k=", from)
	drawn := s.out.String()
	last := drawn[strings.LastIndex(drawn, home):]
	require.NotContains(t, last, "a_total")
	require.NotContains(t, strings.ReplaceAll(last, home, ""), "\x1b[2J", "what a label says stays text")
	s.press("q")
	s.ends()
}

func TestTopEndsWithASignalOrTheEndOfTheKeys(t *testing.T) {
	url, _ := pageServer(t)
	for _, end := range []func(s *session){
		func(s *session) { s.stop() },
		func(s *session) { require.NoError(t, s.keys.Close()) },
	} {
		s := startTop(t, "-interval", "1h", url)
		s.sees("a_total", 0)
		end(s)
		s.ends()
	}
}

// A server that is away is an error on the screen, and the program goes on.
func TestTopShowsThatThePageCannotBeRead(t *testing.T) {
	s := startTop(t, "-interval", "10ms", "http://me:hunter2@127.0.0.1:1/")
	s.sees("error: quipu: page: GET http://127.0.0.1:1/", 0)
	s.press("q")
	s.ends()
	require.NotContains(t, s.out.String(), "hunter2")
}

func TestATerminalThatCannotBeOpenedIsAnError(t *testing.T) {
	p := &program{ctx: t.Context(), out: io.Discard, errors: io.Discard,
		terminal: func() terminal { return &fakeTerminal{fail: errors.New("no tty")} }}
	require.EqualError(t, p.run([]string{"top", "http://127.0.0.1:1"}), "the terminal: no tty")
}

func TestTestsHaveNoTerminal(t *testing.T) {
	if findTerminal() != nil {
		t.Skip("this test runs on one")
	}
	lines, columns := sttyTerminal{}.size()
	require.Equal(t, []int{24, 80}, []int{lines, columns})
	_, err := sttyTerminal{}.open()
	require.Error(t, err)
}
