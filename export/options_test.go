// SPDX-License-Identifier: Apache-2.0

package export

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
)

func TestOptionsThatCannotWorkPanicWhenTheyAreMade(t *testing.T) {
	for name, f := range map[string]func(){
		"WithWriteTimeout(0s)":   func() { WithWriteTimeout(0) },
		"WithScrapeTimeout(-1s)": func() { WithScrapeTimeout(-time.Second) },
		"WithMaxConcurrent(0)":   func() { WithMaxConcurrent(0) },
		"WithFormats()":          func() { WithFormats() },
		"unknown format 77":      func() { WithFormats(77) },
		"text is named":          func() { WithFormats(encode.Text, encode.OpenMetrics, encode.Text) },
		`WithPath("metrics")`:    func() { WithPath("metrics") },
		`WithPath("")`:           func() { WithPath("") },
		`WithPath("/")`:          func() { WithPath("/") },
		`WithPath("/healthz")`:   func() { WithPath("/healthz") },
		`WithPath("/a b")`:       func() { WithPath("/a b") },
		`WithPath("/a?b")`:       func() { WithPath("/a?b") },
		"WithTLS(nil)":           func() { WithTLS(nil) },
		"Handler needs":          func() { Handler(nil) },
		"NewService needs":       func() { NewService(nil) },
	} {
		require.Contains(t, panicText(f), name)
	}
}

func TestNilOptionsAreNamed(t *testing.T) {
	reg := engine.NewRegistry()
	require.PanicsWithValue(t, "quipu: Handler: option 2 of 2 is nil",
		func() { Handler(reg, WithoutSelfMetrics(), nil) })
	for _, opt := range []ServiceOption{nil, Option(nil), serviceOption(nil)} {
		require.PanicsWithValue(t, "quipu: NewService: option 2 of 2 is nil",
			func() { NewService(reg, WithPath("/m"), opt) })
	}
}
