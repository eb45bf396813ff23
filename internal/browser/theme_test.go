// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// theme returns the name of the theme, and whether its background is dark.
func (p *tab) theme() string {
	p.t.Helper()
	p.waitFor("html[data-theme]")
	theme := eval[[]any](p, `() => [document.documentElement.dataset.theme,
		getComputedStyle(document.body).backgroundColor.match(/\d+/g).every((n) => n < 60)]`)
	require.Equal(p.t, theme[0] == "dark", theme[1])
	return theme[0].(string)
}

func TestTheThemeIsThatOfTheSystemUntilSomebodyChooses(t *testing.T) {
	p := openLive(t, everyKind(t))
	p.show("#/metric/http_request_duration_seconds")
	p.waitFor("canvas")
	p.emulate("prefers-color-scheme", "light")
	require.Equal(t, "light", p.theme())
	p.emulate("prefers-color-scheme", "dark")
	p.until(`() => document.documentElement.dataset.theme === 'dark'`)
	require.Equal(t, "dark", p.theme())

	p.do(chromedp.Click(chromedp.CSS("#theme")))
	require.Equal(t, "light", p.theme())
	p.do(chromedp.Reload())
	require.Equal(t, "light", p.theme(), "the choice is remembered")
	p.emulate("prefers-color-scheme", "light")
	p.press("t")
	require.Equal(t, "dark", p.theme())
	p.do(chromedp.Reload())
	require.Equal(t, "dark", p.theme(), "the choice is remembered")
}

func TestNothingMovesForThoseWhoWantLessMotion(t *testing.T) {
	p := openLive(t, everyKind(t))
	const moving = `() => [...document.querySelectorAll('*')].filter((e) => {
		const style = getComputedStyle(e);
		return style.transitionDuration.split(', ').some((d) => parseFloat(d) > 0) || style.animationName !== 'none' ||
			style.scrollBehavior !== 'auto';
	}).length`
	p.emulate("prefers-reduced-motion", "reduce")
	inEveryView(p, func(view string) { require.Zero(t, eval[int](p, moving), view) })
	p.emulate("prefers-reduced-motion", "no-preference")
	p.show("#/cardinality")
	p.waitFor(".meter")
	require.NotZero(t, eval[int](p, moving), "this test looks for the movements that there are")
}
