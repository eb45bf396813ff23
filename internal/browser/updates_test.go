// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export/live"
)

// state returns what the page says about its connection.
func (p *tab) state() string {
	p.t.Helper()
	return p.text("#state")
}

func TestUpdatesArriveWithinTwoIntervals(t *testing.T) {
	const second = time.Second
	reg := engine.NewRegistry()
	c := engine.Must(reg.NewCounter("jobs_total", "Jobs."))
	p := openLive(t, reg, live.WithInterval(second))
	p.metric("jobs_total")
	for n := range 3 {
		began := time.Now()
		c.Inc()
		p.until(`(n) => document.querySelector('[data-fact="value"] b').textContent === String(n)`, n+1)
		took := time.Since(began)
		t.Logf("%v after the update", took)
		require.Less(t, took, 2*second)
	}
	p.show("#/")
	p.until(`() => document.querySelector('.under')?.textContent === '3 in all'`)
	c.Inc()
	p.until(`() => document.querySelector('.under').textContent === '4 in all'`)
}

func TestMetricsAndSeriesComeAndGo(t *testing.T) {
	reg := engine.NewRegistry()
	vec := engine.Must(reg.NewGaugeVec("rooms", "Rooms.", []string{"name"}))
	vec.With("blue").Set(1)
	vec.With("red").Set(2)
	p := openLive(t, reg)
	p.size(1280, 2000) // a table has only the rows in sight
	p.metric("rooms")
	require.Equal(t, "1", p.cells("name=blue")["value"])

	vec.Delete("blue")
	p.until(`() => document.querySelectorAll('.row.series.gone').length === 1`)
	require.Equal(t, "gone", p.cells("name=blue")["value"])
	require.Equal(t, "1", p.fact("series"))
	vec.With("green").Set(3)
	p.until(`() => document.querySelectorAll('.row.series:not(.head)').length === 3`)
	require.Equal(t, "3", p.cells("name=green")["value"])
	vec.With("blue").Set(4)
	p.until(`() => document.querySelectorAll('.row.series.gone').length === 0`)
	require.Equal(t, "4", p.cells("name=blue")["value"])

	// The whole metric leaves, and another one with its name comes.
	require.True(t, reg.Unregister("rooms"))
	p.until(`() => document.querySelectorAll('.row.series.gone').length === 3`)
	require.True(t, eval[bool](p, `() => document.querySelector('.lead.bad').checkVisibility()`))
	require.Equal(t, "–", p.fact("sum"))
	engine.Must(reg.NewCounter("rooms", "Another metric.")).Add(8)
	p.until(`() => document.querySelector('.chip').textContent === 'counter' &&
		document.querySelector('.lead').textContent === 'Another metric.'`)
	require.Equal(t, "8", p.cells("no labels")["value"])
	require.False(t, eval[bool](p, `() => document.querySelector('.lead.bad').checkVisibility()`))

	p.show("#/")
	p.waitFor(`[data-metric="rooms"]`)
	require.True(t, reg.Unregister("rooms"))
	p.until(`() => document.querySelector('[data-metric="rooms"]') === null`)
	engine.Must(reg.NewGauge("cellars", "Cellars."))
	p.waitFor(`[data-metric="cellars"]`)
}

func TestAPausedPageStandsStillUntilItGoesOn(t *testing.T) {
	reg := engine.NewRegistry()
	c := engine.Must(reg.NewCounter("jobs_total", "Jobs."))
	p := openLive(t, reg)
	p.metric("jobs_total")
	p.until(`() => document.getElementById('state').textContent === 'live'`)
	p.press("p")
	require.Equal(t, "paused", p.state())
	require.Equal(t, "Go on", p.text("#pause"))
	c.Inc()
	time.Sleep(5 * interval)
	require.Equal(t, "0", p.fact("in all"))
	// Another view waits too.
	p.show("#/")
	time.Sleep(5 * interval)
	require.Equal(t, "paused", p.state())
	p.showMetric("jobs_total")
	eval[any](p, `() => document.getElementById('pause').click()`)
	p.until(`() => document.querySelector('[data-fact="value"] b')?.textContent === '1'`)
	require.Equal(t, "live", p.state())
	require.Equal(t, "Pause", p.text("#pause"))
}

func TestWhatSomebodyDoesIsNotDisturbedByMetricsThatCome(t *testing.T) {
	reg := manyMetrics(3)
	p := openLive(t, reg)
	p.waitFor(`[data-metric="gauge_001"]`)
	p.press(kb.ArrowDown)
	require.Equal(t, "gauge_001", p.pressed(kb.ArrowDown))
	engine.Must(reg.NewGauge("aaa", "A metric before the others."))
	p.waitFor(`[data-metric="aaa"]`)
	require.Equal(t, "gauge_001", p.focused())
	require.True(t, reg.Unregister("gauge_000"))
	p.until(`() => document.querySelector('[data-metric="gauge_000"]') === null`)
	require.Equal(t, "gauge_001", p.focused())

	p.metric("parts_total")
	require.Equal(t, "Search series", p.pressed("/"))
	p.press("b")
	engine.Must(reg.NewGauge("bbb", "Another metric."))
	time.Sleep(5 * interval)
	require.Equal(t, "Search series", p.focused())
	require.Equal(t, "b", eval[string](p, `() => document.querySelector('main input').value`))
	require.Contains(t, p.text(".series-bar"), "1 of 2 series")
}
