// SPDX-License-Identifier: Apache-2.0

package export

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/internal/testkit"
)

func TestStatedTimeoutsAreClamped(t *testing.T) {
	for _, tt := range []struct {
		header  string
		option  time.Duration
		want    time.Duration
		unknown bool
	}{
		{header: "10", want: 10 * time.Second},
		{header: "15.5", want: 15500 * time.Millisecond},
		{header: "1e1", want: 10 * time.Second},
		{header: "0.2", want: time.Second},
		{header: "0", want: time.Second},
		{header: "-1", want: time.Second},
		{header: "-Inf", want: time.Second},
		{header: "1e-400", want: time.Second},
		{header: "3600", want: 2 * time.Minute},
		{header: "1e309", want: 2 * time.Minute},
		{header: "Inf", want: 2 * time.Minute},
		{header: "-1e309", want: time.Second},
		{header: "NaN", want: time.Minute, unknown: true},
		{header: "", want: time.Minute, unknown: true},
		{header: "ten", want: time.Minute, unknown: true},
		{header: "10s", want: time.Minute, unknown: true},
		{header: strings.Repeat("1", 1<<20), want: time.Minute, unknown: true},
		{header: "10", option: 5 * time.Second, want: 5 * time.Second},
		{header: "3", option: 5 * time.Second, want: 3 * time.Second},
		{header: "3", option: 50 * time.Millisecond, want: 50 * time.Millisecond},
		{header: "-1", option: 50 * time.Millisecond, want: 50 * time.Millisecond},
		{header: "NaN", option: 5 * time.Second, want: 5 * time.Second},
		{header: "", option: 10 * time.Minute, want: 10 * time.Minute},
		{header: "600", option: 10 * time.Minute, want: 10 * time.Minute},
	} {
		var opts []Option
		if tt.option != 0 {
			opts = append(opts, WithScrapeTimeout(tt.option))
		}
		c := newHandlerConfig(opts)
		got, chosen := c.timeLimit([]string{tt.header})
		require.Equal(t, tt.want, got, "%.20q with %v", tt.header, tt.option)
		require.Equal(t, !tt.unknown, chosen, "%.20q with %v", tt.header, tt.option)
	}
	c := newHandlerConfig(nil)
	got, chosen := c.timeLimit(nil)
	require.Equal(t, time.Minute, got)
	require.False(t, chosen)
}

func TestCallbacksGetTheLargerPartOfTheTimeStated(t *testing.T) {
	src := new(asked)
	h := handlerOf(src)
	testkit.Get(h, "/")
	require.Zero(t, src.Deadline, "nothing is known, so the engine decides")

	for header, want := range map[string]time.Duration{
		"1": 750 * time.Millisecond, "10": 8 * time.Second, "60": 58 * time.Second,
	} {
		before := time.Now()
		testkit.Get(h, "/", scrapeTimeoutHeader, header)
		require.WithinRange(t, src.Deadline, before.Add(want), time.Now().Add(want))
	}
	before := time.Now()
	testkit.Get(handlerOf(src, WithScrapeTimeout(2*time.Second)), "/")
	require.WithinRange(t, src.Deadline, before.Add(1500*time.Millisecond), time.Now().Add(1500*time.Millisecond))
}
