// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/internal/testkit"
)

// do sends a request to a handler.
func do(h http.Handler, method, target, body string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, target, strings.NewReader(body)))
	return w
}

// page reads the page of a service.
func page(t *testing.T, h http.Handler) *testkit.Page {
	w := do(h, http.MethodGet, "/metrics", "")
	require.Equal(t, http.StatusOK, w.Code)
	p, err := testkit.ParsePage(w.Body.String())
	require.NoError(t, err)
	return p
}

// program is the program, running in this process.
type program struct {
	t      *testing.T
	url    string
	output *testkit.Output
	cancel context.CancelFunc
	done   chan error
}

// stop stops the program as Ctrl-C does.
func (p *program) stop() error {
	p.cancel()
	return p.wait()
}

func (p *program) wait() error {
	select {
	case err := <-p.done:
		return err
	case <-time.After(30 * time.Second):
		p.t.Fatal("it still runs")
		return nil
	}
}

// start runs the program until it is stopped or the test ends.
func start(t *testing.T, args ...string) *program {
	testkit.Baseline(t)
	ctx, cancel := context.WithCancel(context.Background())
	p := &program{t: t, output: new(testkit.Output), cancel: cancel, done: make(chan error, 1)}
	go func() {
		defer close(p.done)
		p.done <- run(ctx, append([]string{"-addr", "127.0.0.1:0"}, args...), p.output, p.output)
	}()
	t.Cleanup(func() {
		cancel()
		for range p.done { // until it is closed
		}
	})
	first := regexp.MustCompile(`\AServing metrics on: (http://127\.0\.0\.1:\d+)/metrics\n`)
	testkit.Poll(t, 10*time.Second, func() error {
		if found := first.FindStringSubmatch(p.output.String()); found != nil {
			p.url = found[1]
			return nil
		}
		return fmt.Errorf("the first line is not there: %q", p.output)
	})
	return p
}
