// SPDX-License-Identifier: Apache-2.0

package collect

import (
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

func BenchmarkScrape(b *testing.B) {
	for name, register := range map[string]func(*engine.Registry) error{
		"none": func(*engine.Registry) error { return nil }, "go": Go, "process": Process, "build": Build,
	} {
		b.Run(name, func(b *testing.B) {
			reg := engine.NewRegistry()
			require.NoError(b, register(reg))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := reg.Expose(io.Discard, engine.Exposition{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
