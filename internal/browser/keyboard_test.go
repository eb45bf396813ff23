// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

// focused describes the element that has the focus. It requires that one can see that: there is an
// outline around it, it is in the window, and nothing is over it.
func (p *tab) focused() string {
	p.t.Helper()
	focus := eval[struct{ Name, Fault string }](p, `async () => {
		await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
		const e = document.activeElement;
		const name = e === document.body ? 'nothing' : e.id || e.dataset.metric || e.getAttribute('aria-label') || e.textContent.trim();
		if (e === document.body || e.tagName === 'MAIN') return { Name: name, Fault: '' };
		const style = getComputedStyle(e), box = e.getBoundingClientRect();
		const over = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
		let fault = '';
		if (style.outlineStyle === 'none' || parseFloat(style.outlineWidth) < 2) fault = 'has no outline';
		else if (box.top < 0 || box.bottom > window.innerHeight || box.left < 0) fault = 'is not in the window, but from ' + box.top + ' to ' + box.bottom;
		else if (!e.contains(over)) fault = 'is under ' + over?.outerHTML.slice(0, 100);
		return { Name: name, Fault: fault };
	}`)
	require.Empty(p.t, focus.Fault, focus.Name)
	return focus.Name
}

// pressed presses a key and returns what has the focus then.
func (p *tab) pressed(key string, modifiers ...chromedp.Modifier) string {
	p.t.Helper()
	p.press(key, modifiers...)
	return p.focused()
}

func manyMetrics(n int) *engine.Registry {
	reg := engine.NewRegistry()
	for i := range n {
		engine.Must(reg.NewGauge(fmt.Sprintf("gauge_%03d", i), "One of many.")).Set(float64(i))
	}
	vec := engine.Must(reg.NewCounterVec("parts_total", "Parts.", []string{"part"}))
	vec.With("a").Inc()
	vec.With("b").Add(2)
	return reg
}

func TestThePageIsUsedWithAKeyboardAlone(t *testing.T) {
	p := openLive(t, manyMetrics(100))
	p.waitFor(`[data-metric="gauge_000"]`)

	require.Equal(t, "Search metrics", p.pressed("/"))
	p.press("parts")
	p.until(`() => document.querySelectorAll('.row.metric').length === 1`)
	require.Equal(t, "parts_total", p.pressed(kb.ArrowDown))
	p.press(kb.Enter)
	p.waitFor(".series-bar")
	require.Equal(t, "#/metric/parts_total", eval[string](p, `() => location.hash`))
	require.Equal(t, "Search series", p.pressed("/"))
	p.press("b")
	p.until(`() => document.querySelector('.series-bar').textContent.includes('1 of 2')`)
	require.Equal(t, "part=b", p.pressed(kb.ArrowDown)[:6])
	p.press(kb.Enter)
	p.waitFor(".chip.mono")
	require.Equal(t, "2", p.fact("in all"))

	// Esc leads to the list, which shows what was searched for, then all metrics.
	p.press(kb.Escape)
	p.waitFor(`[data-metric="parts_total"]`)
	require.Equal(t, "parts_total", p.focused())
	require.Equal(t, "parts", eval[string](p, `() => document.querySelector('main input').value`))
	require.Equal(t, "Search metrics", p.pressed("/"))
	require.Equal(t, "Search metrics", p.pressed(kb.Escape))
	p.until(`() => document.querySelectorAll('.row.metric').length > 10`)
	require.Equal(t, "nothing", p.pressed(kb.Escape))
}

func TestArrowsReachEveryRowOfALongList(t *testing.T) {
	const n = 40
	p := openLive(t, manyMetrics(n))
	for _, width := range []int64{1280, 400} {
		p.size(width, 800)
		p.visit("/")
		p.waitFor(`[data-metric="gauge_000"]`)
		for i := range n {
			require.Equal(t, fmt.Sprintf("gauge_%03d", i), p.pressed(kb.ArrowDown))
		}
		for i := n - 2; i >= 0; i-- {
			require.Equal(t, fmt.Sprintf("gauge_%03d", i), p.pressed(kb.ArrowUp))
		}
	}
}

func TestTheListIsWhereItWasLeft(t *testing.T) {
	p := openLive(t, manyMetrics(60))
	p.waitFor(`[data-metric="gauge_000"]`)
	// A key that is held down on a busy machine: no frame is painted in between.
	eval[any](p, `async () => {
		for (let i = 0; i < 40; i++) {
			const key = new KeyboardEvent('keydown', { key: 'ArrowDown', bubbles: true, cancelable: true });
			document.activeElement.dispatchEvent(key);
			await null;
		}
	}`)
	require.Equal(t, "gauge_039", p.focused())
	const scrolled = `() => window.scrollY`
	before := eval[int](p, scrolled)
	require.Positive(t, before)
	p.press(kb.Enter)
	p.waitFor(".series-bar")
	require.Zero(t, eval[int](p, scrolled))
	p.press(kb.Escape)
	p.waitFor(`[data-metric="gauge_039"]`)
	require.Equal(t, "gauge_039", p.focused())
	require.Equal(t, before, eval[int](p, scrolled))
}

func TestTabsReachEverythingInTheOrderOfThePage(t *testing.T) {
	p := openLive(t, manyMetrics(30))
	p.waitFor(`[data-metric="gauge_000"]`)
	for _, want := range []string{
		"Skip to the metrics", "Live metrics", "Metrics", "Cardinality", "Health", "pause", "theme", "Search metrics",
		"gauge_000", "gauge_001",
	} {
		require.Equal(t, want, p.pressed(kb.Tab))
	}
	for i := 2; i < 30; i++ {
		require.Equal(t, fmt.Sprintf("gauge_%03d", i), p.pressed(kb.Tab))
	}
	for i := 28; i >= 0; i-- {
		require.Equal(t, fmt.Sprintf("gauge_%03d", i), p.pressed(kb.Tab, chromedp.ModifierShift))
	}

	p.visit("/#/metric/parts_total")
	p.waitFor(".series-bar")
	p.pressed(kb.Tab)
	p.press(kb.Enter) // skips the links above
	for _, want := range []string{"← All metrics", "Labels of this metric", "Search series", "value", "per second"} {
		require.Equal(t, want, p.pressed(kb.Tab))
	}
	require.Contains(t, p.pressed(kb.Tab), "part=b")
	require.Contains(t, p.pressed(kb.Tab), "part=a")
}

func TestKeysThatAreForTheBrowserAreNotTaken(t *testing.T) {
	p := openLive(t, manyMetrics(3))
	p.waitFor(`[data-metric="gauge_000"]`)
	p.press("p", chromedp.ModifierCtrl)
	require.NotEqual(t, "paused", p.state())
	require.Equal(t, "Search metrics", p.pressed("/"))
	p.press("pt/")
	require.Equal(t, "pt/", eval[string](p, `() => document.querySelector('main input').value`))
	require.NotEqual(t, "paused", p.state())
}
