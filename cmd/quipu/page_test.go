// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

func TestAPageOfARegistryIsReadAsOpenMetrics(t *testing.T) {
	reg := engine.NewRegistry()
	engine.Must(reg.NewGauge("load_ratio", "Load.", engine.WithUnit("ratio"))).Set(0.5)
	s := httptest.NewServer(export.Handler(reg))
	t.Cleanup(s.Close)
	r := runWith(t.Context(), "", "doc", s.URL)
	require.NoError(t, r.err)
	require.Contains(t, r.out, "- unit: ratio\n", "which text format does not have")
}

func TestFilesAreRead(t *testing.T) {
	file := filepath.Join(t.TempDir(), "page.txt")
	require.NoError(t, os.WriteFile(file, []byte(shopPage), 0o600))
	require.Contains(t, runWith(t.Context(), "", "doc", file).out, "wait_seconds")
	require.ErrorIs(t, runWith(t.Context(), "", "doc", file+"x").err, os.ErrNotExist)
	require.ErrorContains(t, runWith(t.Context(), "<html>\n", "doc", "-").err, "line 1: ")
}

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, errors.New("no input") }

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestAnInputThatFailsOrNeverEndsIsAnError(t *testing.T) {
	_, err := readPage(t.Context(), "-", time.Second, failingReader{})
	require.EqualError(t, err, "no input")
	if testing.Short() {
		t.Skip("256 MiB")
	}
	_, err = readPage(t.Context(), "-", time.Second, endless{})
	require.ErrorIs(t, err, errTooLarge)
}

func TestThePasswordOfAURLIsSentAndNotShown(t *testing.T) {
	const password = "hunter2-and-more"
	seen := ""
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, seen, _ = r.BasicAuth()
		http.Error(w, "who is "+seen, http.StatusForbidden)
	}))
	t.Cleanup(s.Close)
	for _, where := range []string{
		strings.Replace(s.URL, "://", "://me:"+password+"@", 1), "http://me:" + password + "@127.0.0.1:1/metrics",
		"http://me:" + password + "@%zz/", "ftp://me:" + password + "@127.0.0.1/",
	} {
		err := runWith(t.Context(), "", "doc", where).err
		require.Error(t, err)
		require.NotContains(t, err.Error(), "hunter2")
	}
	require.Equal(t, password, seen)
}

func TestPagesThatDoNotComeAreErrors(t *testing.T) {
	testkit.Baseline(t)
	release := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/slow":
			_, _ = w.Write([]byte("a 1\n"))
			_ = http.NewResponseController(w).Flush()
			select {
			case <-release:
			case <-r.Context().Done():
			}
		case "/broken":
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write([]byte("a 1\n"))
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(s.Close)
	t.Cleanup(func() { close(release) })
	for path, want := range map[string]string{
		"/slow": "did not end within 100ms", "/broken": "the page broke off", "/": "404 Not Found",
	} {
		err := runWith(t.Context(), "", "doc", "-timeout", "100ms", s.URL+path).err
		require.ErrorContains(t, err, want, path)
	}
}

func TestTheSchemeOfAURLMayHaveCapitals(t *testing.T) {
	url, _ := pageServer(t)
	r := runWith(t.Context(), "", "doc", strings.Replace(url, "http", "HTTP", 1))
	require.NoError(t, r.err)
	require.Contains(t, r.out, "a_total")
}
