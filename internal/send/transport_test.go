// SPDX-License-Identifier: Apache-2.0

package send

import (
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/internal/testkit"
)

func TestNothingIsLeftOpenBetweenRequests(t *testing.T) {
	var mu sync.Mutex
	open := map[net.Conn]bool{}
	testkit.Baseline(t)
	g := &server{}
	g.Server = httptest.NewUnstartedServer(g)
	g.Config.ConnState = func(c net.Conn, state http.ConnState) {
		mu.Lock()
		defer mu.Unlock()
		if open[c] = true; state == http.StateClosed {
			delete(open, c)
		}
	}
	g.Start()
	t.Cleanup(g.Close)
	s := newSenderFor(t, g.URL)
	for range 3 {
		require.NoError(t, put(t.Context(), s))
	}
	testkit.Poll(t, 5*time.Second, func() error {
		mu.Lock()
		defer mu.Unlock()
		if len(open) > 0 {
			return fmt.Errorf("%d connections", len(open))
		}
		return nil
	})
}

func TestTLSIsTheClients(t *testing.T) {
	testkit.Baseline(t)
	g := &server{}
	g.Server = httptest.NewUnstartedServer(g)
	g.Config.ErrorLog = log.New(io.Discard, "", 0) // the handshake fails on purpose
	g.StartTLS()
	t.Cleanup(g.Close)

	require.ErrorContains(t, secretly(t, g.URL), "certificate", "an unknown authority is refused")
	require.Empty(t, g.seen())
	pool := g.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	defer client.CloseIdleConnections()
	require.NoError(t, secretly(t, g.URL, withClient(client)))
	require.Equal(t, page, g.one(t).body)
}
