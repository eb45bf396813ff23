// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/quipu-metrics/quipu/internal/testkit"
)

// Every other test relies on this: a page that has one of these faults fails it.
func TestFaultsOfAPageAreSeen(t *testing.T) {
	p := open(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/":
			w.Header().Set("Content-Security-Policy", "default-src 'self'; img-src *")
			w.Header().Set("Content-Type", "text/html")
			_, _ = w.Write([]byte(`<title>x</title><link rel="icon" href="icon"><script>inline()</script>` +
				`<script src="script"></script><img src="http://elsewhere.example/picture">`))
		case "/script":
			w.Header().Set("Content-Type", "text/javascript")
			_, _ = w.Write([]byte(`console.error('a complaint'); setTimeout(() => { throw new Error('a throw'); });`))
		}
	}))
	var faults string
	testkit.Poll(t, patience, func() error {
		faults += strings.Join(p.takeFaults(), "\n")
		for _, want := range []string{
			`console: error "a complaint"`, "exception: Uncaught Error: a throw", "inline script violates",
			"request to http://elsewhere.example/picture", "net::ERR_",
		} {
			if !strings.Contains(faults, want) {
				return fmt.Errorf("%q is not among the faults:\n%s", want, faults)
			}
		}
		return nil
	})
}
