// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export/live"
	"github.com/quipu-metrics/quipu/histogram"
)

// everyKind is a registry with metrics of every kind that the page shows in a way of its own, and
// with something to report in every part of the page.
func everyKind(t *testing.T) *engine.Registry {
	t.Helper()
	reg := engine.NewRegistry(engine.WithLogger(slog.New(slog.DiscardHandler)), engine.WithSeriesBudget(1000))
	requests := engine.Must(reg.NewCounterVec("http_requests_total", "Requests by method, route and code.",
		[]string{"method", "route", "code"}, engine.WithMaxSeries(3)))
	for _, route := range []string{"/orders/{id}", "/a/rather/long/route/that/does/not/end/soon/{id}", "/kv", "/x"} {
		requests.With("GET", route, "200").Add(12_345_678)
	}
	engine.Must(reg.NewGauge("queue_length", strings.Repeat("A help text of many words. ", 10))).Set(-1.5)
	rooms := engine.Must(reg.NewGaugeVec("rooms_temperature_celsius", "Several lines.", []string{"room"}))
	rooms.With("hall").Set(20.5)
	rooms.With("cellar").Set(11)
	latency := engine.Must(reg.NewHistogramVec("http_request_duration_seconds", "Time to answer.",
		[]string{"route"}, engine.WithBuckets(0.001, 0.01, 0.1, 1, 10)))
	sizes := engine.Must(reg.NewHistogram("response_size_bytes", "Sizes.",
		engine.WithNative(histogram.NativeDefaults())))
	trace := engine.Labels{"trace_id": "4bf92f3577b34da6a3ce929d0e0e4736"}
	waits := engine.Must(reg.NewSummaryVec("wait_seconds", "Waits.", []string{"queue"}))
	for i := range 1000 {
		latency.With("/x").ObserveWithExemplar(float64(i)/500, trace)
		sizes.Observe(float64(i * i))
		waits.With("fast").Observe(float64(i) / 1e6)
	}
	requests.With("too", "few").Inc() // dropped
	return reg
}

// views are the addresses of all views of everyKind's page, by what they show.
var views = map[string]string{
	"list":             "#/",
	"counter":          "#/metric/http_requests_total",
	"gauge":            "#/metric/queue_length",
	"gauges":           "#/metric/rooms_temperature_celsius",
	"histogram":        "#/metric/http_request_duration_seconds",
	"native histogram": "#/metric/response_size_bytes",
	"summary":          "#/metric/wait_seconds",
	"one series":       "#/metric/http_request_duration_seconds?label=route&label=%2Fx",
	"cardinality":      "#/cardinality",
	"labels":           "#/cardinality/http_requests_total",
	"health":           "#/health",
	"no such metric":   "#/metric/missing",
}

// inEveryView shows each view, waits until it has its numbers, and calls a function.
func inEveryView(p *tab, check func(view string)) {
	p.t.Helper()
	for view, hash := range views {
		p.show("#/other")
		p.show(hash)
		p.waitFor(".fact, .row.metric")
		p.until(`() => document.getElementById('state').textContent === 'live'`)
		if view == "labels" {
			p.waitFor("h2.mono")
		}
		check(view)
	}
}

func TestEveryViewFitsIntoANarrowWindow(t *testing.T) {
	p := openLive(t, everyKind(t), live.WithTraceURL("https://traces.example/{trace_id}"))
	for _, width := range []int64{400, 320} {
		p.size(width, 800)
		inEveryView(p, func(view string) {
			require.LessOrEqual(t, p.width(), int(width), "%s needs more than %d pixels", view, width)
			// What one can press is in sight, or in a part that scrolls by itself.
			require.Empty(t, eval[[]string](p, `() => [...document.querySelectorAll('a, button, input')].filter((e) => {
				const box = e.getBoundingClientRect();
				if (e.closest('.scroll') || e.classList.contains('skip') || e.closest('.wide')) return false;
				return !e.checkVisibility() || box.width < 10 || box.left < 0 || box.right > window.innerWidth;
			}).map((e) => e.outerHTML)`), "%s at %d pixels", view, width)
			// No text is over another one in the same row.
			require.Empty(t, eval[[]string](p, `() => [...document.querySelectorAll('.row, header, .bar')].flatMap((row) => {
				const boxes = [...row.children].filter((c) => c.checkVisibility()).map((c) => c.getBoundingClientRect());
				return boxes.some((a, i) => boxes.some((b, j) => i < j && a.left < b.right - 1 && b.left < a.right - 1 &&
					a.top < b.bottom - 1 && b.top < a.bottom - 1)) ? [row.textContent] : [];
			})`), "%s at %d pixels", view, width)
		})
	}
}
