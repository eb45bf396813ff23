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
	mux := http.NewServeMux()
	mux.Handle("/debug/metrics/", page)
	mux.Handle("/stripped/live/", http.StripPrefix("/stripped/live", page))
	mux.Handle("/short/", http.StripPrefix("/short/", page))
	mux.Handle("/", page)
	server := testkit.Serve(t, mux)
	p := startBrowser(t).newTab(server.URL)
	for address, at := range map[string]string{
		"/":                          "/",
		"/debug/metrics/":            "/debug/metrics/",
		"/debug/metrics":             "/debug/metrics/",
		"/stripped/live/":            "/stripped/live/",
		"/short/":                    "/short/",
		"/debug/metrics/?utm=1#/":    "/debug/metrics/",
		"/debug/metrics/index.html":  "/debug/metrics/index.html",
		"/stripped/live/#/health":    "/stripped/live/",
		"/debug/metrics/#/no/such/%": "/debug/metrics/",
	} {
		p.visit(address)
		require.Equal(t, at, eval[string](p, `() => location.pathname`))
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
