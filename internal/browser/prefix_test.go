// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export/live"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

func TestThePageWorksUnderEveryPrefix(t *testing.T) {
	reg := engine.NewRegistry()
	engine.Must(reg.NewCounterVec("jobs_total", "Jobs.", []string{"queue"})).With("fast").Add(3)
	page := live.Handler(reg, live.WithInterval(interval))
	// The page is at no other path of this server, so that links that forget the prefix fail.
	mux := http.NewServeMux()
	mux.Handle("/debug/metrics/", page)
	mux.Handle("/stripped/live/", http.StripPrefix("/stripped/live", page))
	mux.Handle("/short/", http.StripPrefix("/short/", page))
	prefixed, root := testkit.Serve(t, mux), testkit.Serve(t, page)
	b := startBrowser(t)
	atPrefix, atRoot := b.newTab(prefixed.URL), b.newTab(root.URL)
	for _, test := range []struct {
		p             *tab
		address, path string
	}{
		{atRoot, "/", "/"},
		{atPrefix, "/debug/metrics/", "/debug/metrics/"},
		{atPrefix, "/debug/metrics", "/debug/metrics/"},
		{atPrefix, "/stripped/live/", "/stripped/live/"},
		{atPrefix, "/short/", "/short/"},
		{atPrefix, "/debug/metrics/?utm=1#/", "/debug/metrics/"},
		{atPrefix, "/debug/metrics/index.html", "/debug/metrics/index.html"},
		{atPrefix, "/stripped/live/#/health", "/stripped/live/"},
		{atPrefix, "/debug/metrics/#/no/such/%", "/debug/metrics/"},
	} {
		p := test.p
		p.visit(test.address)
		require.Equal(t, test.path, eval[string](p, `() => location.pathname`))
		p.show("#/")
		_, under := p.inList("jobs_total")
		require.Equal(t, "3 in all", under)
		p.search("fast")
		p.waitFor(".hits td a")
		p.metric("jobs_total")
		p.show("#/cardinality/jobs_total")
		p.until(`() => document.querySelector('td.mono')?.textContent === 'queue'`)
	}
}
