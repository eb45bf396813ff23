// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

func TestBadMetricNamesAreErrors(t *testing.T) {
	for _, prefix := range []string{"", "app_"} {
		r := engine.NewRegistry()
		if prefix != "" {
			r = engine.NewRegistry(engine.WithPrefix(prefix))
		}
		bad := []string{"", " ", "a b", "a-b", "a.b", "é", "a\n", "a\x00", "a{", `a"`, "\xff", "a\xff"}
		if prefix == "" {
			bad = append(bad, "1a", "__a", "__")
		}
		for _, name := range bad {
			for kind, define := range kinds {
				require.ErrorIs(t, define(r, name), engine.ErrName, "%s %q", kind, name)
			}
		}
		for _, name := range []string{"a", "A9", "_a", ":a", "a:b:c", "a__b", strings.Repeat("x", 1000)} {
			require.NoError(t, kinds["gauge"](r, name), name)
		}
	}
}

// Python's parser of OpenMetrics refuses a page with such a counter.
func TestACounterCannotBeCalledTotalAndNothingElse(t *testing.T) {
	for _, kind := range []string{"counter", "counter vec"} {
		err := kinds[kind](engine.NewRegistry(), "_total")
		require.ErrorIs(t, err, engine.ErrName)
		require.Contains(t, err.Error(), "something before _total")
	}
	require.NoError(t, kinds["gauge"](engine.NewRegistry(), "_total"))
	require.NoError(t, kinds["counter"](engine.NewRegistry(engine.WithPrefix("app")), "_total"))
}

func TestBadLabelNamesAreErrors(t *testing.T) {
	type option = engine.MetricOption
	vec := map[string]func(*engine.Registry, []string, ...option) error{
		"counter": func(r *engine.Registry, labels []string, o ...option) error {
			_, err := r.NewCounterVec("x", "", labels, o...)
			return err
		},
		"gauge": func(r *engine.Registry, labels []string, o ...option) error {
			_, err := r.NewGaugeVec("x", "", labels, o...)
			return err
		},
		"histogram": func(r *engine.Registry, labels []string, o ...option) error {
			_, err := r.NewHistogramVec("x", "", labels, o...)
			return err
		},
		"summary": func(r *engine.Registry, labels []string, o ...option) error {
			_, err := r.NewSummaryVec("x", "", labels, o...)
			return err
		},
	}
	for kind, define := range vec {
		for _, name := range []string{"", "a b", "a-b", "a:b", "1a", "é", "a\n", `a"`, "a=", "\xff", "__x",
			"__name__", "__"} {
			r := engine.NewRegistry()
			err := define(r, []string{"ok", name})
			require.ErrorIs(t, err, engine.ErrLabel, "%s %q", kind, name)
			err = define(r, []string{"ok"}, engine.WithConstLabels(engine.Labels{name: ""}))
			require.ErrorIs(t, err, engine.ErrLabel, name)
			require.ErrorIs(t, define(r, nil, engine.WithConstLabels(engine.Labels{name: ""})), engine.ErrLabel, name)
			require.NoError(t, define(r, []string{"ok"}), "nothing was left behind")
		}
		for _, own := range []string{"le", "quantile"} {
			refused := kind == "histogram" && own == "le" || kind == "summary" && own == "quantile"
			for _, err := range []error{
				define(engine.NewRegistry(), []string{own}),
				define(engine.NewRegistry(), []string{}, engine.WithConstLabels(engine.Labels{own: "1"})),
				define(engine.NewRegistry(), nil, engine.WithConstLabels(engine.Labels{own: "1"})),
			} {
				if refused {
					require.ErrorIs(t, err, engine.ErrLabel)
				} else {
					require.NoError(t, err)
				}
			}
		}
		r := engine.NewRegistry(engine.WithConstLabels(engine.Labels{"zone": "1"}))
		require.ErrorIs(t, define(r, []string{"a", "a"}), engine.ErrLabel, "twice")
		require.ErrorIs(t, define(r, []string{"a"}, engine.WithConstLabels(engine.Labels{"a": "1"})), engine.ErrLabel)
		require.NoError(t, define(r, []string{"a"}, engine.WithConstLabels(engine.Labels{"zone": "1"})),
			"the same value is no clash")
		require.ErrorIs(t, define(r, nil, engine.WithConstLabels(engine.Labels{"a": "1"}),
			engine.WithConstLabels(engine.Labels{"a": "2"})),
			engine.ErrLabel)
		require.ErrorIs(t, define(engine.NewRegistry(), nil, engine.WithConstLabels(engine.Labels{"overflow": "1"})),
			engine.ErrLabel, "the overflow series of an open metric would have that label twice")
	}
}
