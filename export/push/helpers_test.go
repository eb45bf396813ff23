// SPDX-License-Identifier: Apache-2.0

package push

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

// jobs returns a registry with one counter, jobs_total, at 3.
func jobs(t testing.TB) *engine.Registry {
	reg := engine.NewRegistry()
	c, err := reg.NewCounter("jobs_total", "Jobs.")
	require.NoError(t, err)
	c.Add(3)
	return reg
}

const jobsPage = "# HELP jobs_total Jobs.\n# TYPE jobs_total counter\njobs_total 3\n"

func newPusherFor(t testing.TB, url string, opts ...Option) *Pusher {
	t.Helper()
	p, err := New(url, "backup", append([]Option{WithRegistry(jobs(t))}, opts...)...)
	require.NoError(t, err)
	return p
}

// secretly pushes with every kind of secret, and requires that no error has one.
func secretly(t *testing.T, url string, opts ...Option) error {
	t.Helper()
	url = strings.Replace(url, "://", "://me:"+password+"@", 1) + "?key=" + token + "%2Fquery"
	p := newPusherFor(t, url, append(opts, WithHeader("X-Token", "Bearer "+token))...)
	err := p.Replace(t.Context())
	testkit.RequireHidden(t, err, password, token, "bWU6aHVudGVyMi") // the beginning of both in base64
	return err
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// slowly returns a registry with n functions that take some time.
func slowly(t *testing.T, n int, takes time.Duration, opts ...engine.MetricOption) *engine.Registry {
	reg := jobs(t)
	for i := range n {
		must(reg.NewGaugeFunc(fmt.Sprint("slow_", i), "", func() float64 { time.Sleep(takes); return 1 }, opts...))
	}
	return reg
}

const (
	password = "hunter2-and-more"
	token    = "t0ken-of-the-tenant"
)
