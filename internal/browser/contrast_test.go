// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export/live"
)

// contrasts is a function of the page. It returns the texts whose contrast with what is behind them
// is below a bound, as WCAG 2 computes it. A canvas resolves colours, whatever their syntax.
const contrasts = `(least) => {
	const context = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
	const rgba = (color) => {
		context.clearRect(0, 0, 1, 1);
		context.fillStyle = color;
		context.fillRect(0, 0, 1, 1);
		const [r, g, b, a] = context.getImageData(0, 0, 1, 1).data;
		return [r, g, b, a / 255];
	};
	const over = (top, below, opacity = 1) => below.map((c, i) => c + (top[i] - c) * top[3] * opacity);
	const linear = (c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4);
	const luminance = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
	const low = [];
	for (const e of document.querySelectorAll('body, body *')) {
		const own = [...e.childNodes].some((n) => n.nodeType === Node.TEXT_NODE && n.data.trim());
		const holds = e.tagName === 'INPUT';
		if (!own && !holds || !e.checkVisibility() || e.tagName === 'NOSCRIPT') continue;
		const line = [];
		for (let at = e; at; at = at.parentElement) line.unshift(at);
		let back = [255, 255, 255], opacity = 1;
		for (const at of line) {
			const style = getComputedStyle(at);
			opacity *= style.opacity;
			back = over(rgba(style.backgroundColor), back, opacity);
		}
		const text = over(rgba(getComputedStyle(e, holds ? '::placeholder' : null).color), back, opacity);
		const [a, b] = [luminance(text), luminance(back)].sort((x, y) => y - x);
		const contrast = (a + 0.05) / (b + 0.05);
		if (contrast < least) low.push(contrast.toFixed(2) + ' ' + e.className + ': ' + (e.textContent || e.placeholder));
	}
	return [...new Set(low)];
}`

func TestTextsStandOutFromWhatIsBehindThem(t *testing.T) {
	reg := everyKind(t)
	p := openLive(t, reg, live.WithTraceURL("https://traces.example/{trace_id}"))
	require.NotEmpty(t, eval[[]string](p, contrasts, 21), "this test must see the texts")
	for _, theme := range []string{"light", "dark"} {
		p.emulate("prefers-color-scheme", theme)
		inEveryView(p, func(view string) {
			require.Empty(t, eval[[]string](p, contrasts, 4.5), "%s, %s", view, theme)
		})
	}
}

func TestSeriesThatAreGoneCanBeRead(t *testing.T) {
	reg := manyMetrics(0)
	vec := engine.Must(reg.NewCounterVec("parts_total", "Parts.", []string{"part"}))
	p := openLive(t, reg)
	p.size(1280, 2000)
	p.metric("parts_total")
	vec.Delete("a")
	p.until(`() => document.querySelectorAll('.row.series.gone').length === 1`)
	for _, theme := range []string{"light", "dark"} {
		p.emulate("prefers-color-scheme", theme)
		require.Empty(t, eval[[]string](p, contrasts, 4.5), theme)
	}
}
