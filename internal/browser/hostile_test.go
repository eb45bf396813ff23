// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"log/slog"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export/live"
)

// hostile are texts that a page would take for more than text if it were careless. The mark in each
// makes it easy to find.
var hostile = []string{
	`<img src=x onerror=document.title='caught'>mark`,
	`"><script>document.title='caught'</script>mark`,
	`</script></style></title><svg onload=alert(1)>mark`,
	`' onmouseover='alert(1)' mark`,
	`javascript:alert(1)//mark`,
	`mark` + "\u202e" + `gnp.exe` + "\u2066",
	`mark&lt;b&gt;&amp;<b>bold</b>`,
	"mark\x00\n\t\\n{{constructor.constructor('alert(1)')()}}${alert(1)}",
	`../../mark?x=1#y%2e%2e/%00`,
	"mark" + strings.Repeat("W", 10_000),
}

// tags are the elements that the page is made of. Anything else came from a text.
const tags = `A B BDI BODY BUTTON CANVAS DIV FOOTER H1 H2 HEAD HEADER HTML I IMG INPUT KBD LINK MAIN META NAV NOSCRIPT P
	SCRIPT SECTION SPAN TABLE TBODY TD TH THEAD TITLE TR WBR`

// isText requires that the document has no elements and attributes but those of the page.
func (p *tab) isText() {
	p.t.Helper()
	require.Empty(p.t, eval[[]string](p, `(tags) => {
		const known = new Set(tags.split(/\s+/));
		const strange = [];
		for (const e of document.querySelectorAll('*')) {
			if (!known.has(e.tagName)) strange.push(e.outerHTML.slice(0, 200));
			for (const a of e.attributes) if (a.name.startsWith('on')) strange.push(e.tagName + ' ' + a.name);
			if (e.tagName === 'SCRIPT' && !['main.js', 'uPlot.min.js'].includes(e.getAttribute('src'))) strange.push(e.outerHTML);
			if (e.tagName === 'IMG' && e.getAttribute('src') !== 'icon.svg') strange.push(e.outerHTML);
		}
		return strange;
	}`, tags))
	require.LessOrEqual(p.t, p.width(), 1280, "this is wider than the window: %s", p.text("main"))
}

// width is how wide the document is, with the part that one must scroll to.
func (p *tab) width() int {
	p.t.Helper()
	return eval[int](p, `() => document.documentElement.scrollWidth`)
}

// named returns a text as a name, which has no NUL.
func named(text string) string { return strings.ReplaceAll(text, "\x00", "") }

// hostileRegistry has a counter with all hostile values, and a gauge for each text with that as its
// name, its help, its label and its value, and with a lookup that went to the overflow series.
func hostileRegistry() *engine.Registry {
	reg := engine.NewRegistry(engine.WithUTF8Names(), engine.WithMaxLabelValue(engine.NoLimit),
		engine.WithLogger(slog.New(slog.DiscardHandler)))
	vec := engine.Must(reg.NewCounterVec("victim_total", hostile[0], []string{"value"}))
	for i, text := range hostile {
		vec.With(text).Add(float64(100 - i))
		name := named(text)
		gauges := engine.Must(reg.NewGaugeVec(name, text, []string{name}, engine.WithMaxSeries(1)))
		gauges.With(text).Set(1)
		gauges.With("another").Set(1)
	}
	return reg
}

func TestHostileTextsStayTextInEveryView(t *testing.T) {
	p := openLive(t, hostileRegistry())
	views := map[string]func(text string) string{ // each returns a selector of elements with the text
		"list": func(string) string {
			p.show("#/")
			p.search("mark")
			return ".row.metric .name"
		},
		"help in the list": func(string) string { return ".row.metric .help" },
		"hits":             func(string) string { return ".hits td" },
		"metric": func(text string) string {
			p.metric(named(text))
			return "h2, .lead, .labels"
		},
		"series": func(text string) string {
			p.metric("victim_total")
			p.cells("value=" + text)
			eval[any](p, `(text) => [...document.querySelectorAll('a.row.series')].find(
				(a) => a.textContent.includes(text)).click()`, text)
			p.waitFor(".chip.mono")
			return ".chip.mono"
		},
		"cardinality": func(text string) string {
			p.show("#/cardinality/" + eval[string](p, `encodeURIComponent`, named(text)))
			p.waitFor("h2.mono")
			return "td.mono, h2.mono"
		},
		"health": func(string) string {
			p.show("#/health")
			p.until(`() => document.querySelectorAll('section.card').length > 5`)
			return "td.mono"
		},
	}
	for _, text := range hostile {
		for _, view := range []string{"list", "help in the list", "hits", "metric", "series", "cardinality", "health"} {
			selector := views[view](text)
			p.until(`(selector, text, name) => [...document.querySelectorAll(selector)].some((e) =>
				[text, name].some((t) => e.textContent.includes(t) || e.textContent.includes(JSON.stringify(t))))`,
				selector, text, named(text))
			title := eval[string](p, `() => document.title`)
			require.NotEqual(t, "caught", title, view)
			if view == "metric" {
				require.Contains(t, title, strings.Fields(named(text))[0], "the title has spaces of its own")
			}
			p.isText()
		}
	}
}

// search types a text into the box above the list, as a paste does.
func (p *tab) search(text string) {
	p.t.Helper()
	p.waitFor("main input")
	eval[any](p, `(text) => {
		const box = document.querySelector('main input');
		box.value = text;
		box.dispatchEvent(new Event('input'));
	}`, text)
}

func TestTextsThatRunFromRightToLeftDoNotReorderOthers(t *testing.T) {
	reg := engine.NewRegistry()
	vec := engine.Must(reg.NewCounterVec("files_total", "Files.", []string{"file", "kind"}))
	vec.With("\u202egnp.exe", "harmless").Inc()
	p := openLive(t, reg)
	p.metric("files_total")
	p.cells("file=\u202egnp.exe kind=harmless")
	// The name of the second label is to the right of the first value, as it was written.
	require.True(t, eval[bool](p, `() => {
		const [first, second] = document.querySelectorAll('.row.series .labels b');
		const value = document.createRange();
		value.selectNode(first.nextSibling);
		return value.getBoundingClientRect().right <= second.getBoundingClientRect().left;
	}`), "the text of the first label turns the second one around")
}

func TestExemplarsLinkOnlyToTheServerOfTheTemplate(t *testing.T) {
	reg := engine.NewRegistry()
	h := engine.Must(reg.NewHistogramVec("work_seconds", "Work.", []string{"n"}, engine.WithBuckets(1)))
	texts := []string{
		`javascript:alert(1)`, `"><img src=x onerror=alert(1)>`, `//evil.example/`, `../../..`, `@evil.example`,
		`x#y?z=1&w=2`, `https://evil.example`, `%2f%2e`, "\u202ex",
	}
	for i, text := range texts {
		h.With(strconv.Itoa(i)).ObserveWithExemplar(0.5, engine.Labels{"trace_id": text})
	}
	h.With("none").ObserveWithExemplar(0.5, engine.Labels{"other": "1"})
	p := openLive(t, reg, live.WithTraceURL("https://traces.example/t/{trace_id}?of={trace_id}"))
	p.metric("work_seconds")
	p.until(`(n) => document.querySelectorAll('section:last-child tbody tr').length === n`, len(texts)+1)
	p.isText()
	links := eval[map[string]string](p, `() => Object.fromEntries(
		[...document.querySelectorAll('section:last-child td a')].map((a) => [a.textContent, a.href]))`)
	require.Len(t, links, len(texts), "an exemplar without the label is no link")
	for _, text := range texts {
		link, err := url.Parse(links["trace_id="+eval[string](p, `JSON.stringify`, text)])
		require.NoError(t, err)
		require.Equal(t, "https://traces.example", link.Scheme+"://"+link.Host, text)
		require.Nil(t, link.User)
		require.Equal(t, text, link.Query().Get("of"))
		require.Empty(t, link.Fragment)
	}
	require.True(t, eval[bool](p, `() => [...document.querySelectorAll('section:last-child td a')].every(
		(a) => a.rel.includes('noopener') && a.target === '_blank')`))
}
