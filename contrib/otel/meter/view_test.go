// SPDX-License-Identifier: Apache-2.0

package meter

import (
	"context"
	"path"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/histogram"
)

func FuzzMatchPattern(f *testing.F) {
	f.Add("http.*.duration", "http.server.duration")
	f.Add("*a*b?", "xaxabbc")
	f.Add("", "")
	f.Fuzz(func(t *testing.T, pattern, name string) {
		for _, c := range pattern + name {
			if c == '\\' || c == '[' || c == '/' || c >= 0x80 { // these have a meaning for path.Match
				t.Skip()
			}
		}
		want, err := path.Match(pattern, name)
		require.NoError(t, err)
		require.Equal(t, want, matchPattern(pattern, name), "%q, %q", pattern, name)
	})
}

func TestAViewMakesHistogramsNativeAndGivesThemFurtherOptions(t *testing.T) {
	reg := engine.NewRegistry()
	native := histogram.NativeDefaults()
	p, err := NewProvider(reg, WithoutScopeInfo(),
		WithView(View{Instrument: "native", Native: &native, Help: "By the view."}),
		WithView(View{Instrument: "both", Native: &native, Bounds: []float64{1, 2}}),
		WithView(View{Instrument: "few", Options: []engine.MetricOption{
			engine.WithConstLabels(engine.Labels{"of": "one"}),
		}}))
	require.NoError(t, err)
	for _, name := range []string{"native", "both", "few"} {
		h, err := p.Meter("m").Float64Histogram(name)
		require.NoError(t, err)
		h.Record(context.Background(), 1.5)
	}
	for f := range reg.Read(engine.ReadOptions{NoSelf: true}) {
		for s := range f.Samples() {
			h := s.Histogram()
			require.EqualValues(t, 1, h.Count, f.Name())
			require.Equal(t, f.Name() != "few", h.Native != nil, f.Name())
			switch f.Name() {
			case "native":
				require.Nil(t, h.Counts)
				require.Equal(t, "By the view.", f.Help())
			case "both":
				require.Equal(t, []uint64{0, 1, 0}, h.Counts)
			case "few":
				require.Equal(t, defaultBounds, h.Bounds)
				require.Equal(t, "one", s.Labels()[0].Value)
			}
		}
	}
}

func TestAViewOfOneScopeLeavesOthersAlone(t *testing.T) {
	v := View{Instrument: "*", Scope: "one"}
	require.True(t, v.matches("one", "x"))
	require.False(t, v.matches("two", "x"))
	require.True(t, (&View{Instrument: "*", Keep: attribute.NewAllowKeysFilter()}).matches("two", "x"))
}
