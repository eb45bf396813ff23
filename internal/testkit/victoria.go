// SPDX-License-Identifier: Apache-2.0

package testkit

import (
	"net/http"
	"testing"
	"time"
)

// StartVictoria starts a real VictoriaMetrics and waits until it is ready. It is queried like
// Prometheus. Queries find new samples after Flush.
func StartVictoria(t testing.TB, args ...string) *Victoria {
	t.Helper()
	program := Require(t, "victoria-metrics")
	addr := FreeAddr(t)
	process := Start(t, program, append([]string{
		"-httpListenAddr=" + addr, "-storageDataPath=" + t.TempDir(), "-retentionPeriod=1", "-search.latencyOffset=0s",
		"-loggerLevel=WARN",
	}, args...)...)
	v := &Victoria{Prometheus{URL: "http://" + addr, t: t, process: process}}
	Poll(t, 30*time.Second, func() error {
		process.alive()
		_, err := do(http.MethodGet, v.URL+"/health", http.StatusOK)
		return err
	})
	return v
}

// Victoria is a client of a VictoriaMetrics server.
type Victoria struct{ Prometheus }

// Flush makes all samples received so far visible to queries.
func (v *Victoria) Flush() {
	v.t.Helper()
	if _, err := do(http.MethodGet, v.URL+"/internal/force_flush", http.StatusOK); err != nil {
		v.t.Fatal(err)
	}
}
