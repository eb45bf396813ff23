// SPDX-License-Identifier: Apache-2.0

package send

import (
	"context"
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/internal/testkit"
)

func keepOpen(s *Settings) error {
	s.KeepOpen = true
	return nil
}

func TestNothingIsLeftOpenBetweenRequests(t *testing.T) {
	g := newServer(t, nil)
	s := newSenderFor(t, g.URL)
	for range 3 {
		require.NoError(t, put(t.Context(), s))
	}
	g.requireClosed(t, 3)
}

func TestTheRequestsOfATurnShareAConnectionThatTheTurnCloses(t *testing.T) {
	g := newServer(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("stored")) })
	s := newSenderFor(t, g.URL, keepOpen)
	for turns := 1; turns <= 2; turns++ {
		require.NoError(t, s.InTurn(t.Context(), http.MethodPost, func(ctx context.Context) error {
			for range 5 {
				if _, err := s.Send(ctx, Request{Method: http.MethodPost, Body: []byte(page)}); err != nil {
					return err
				}
			}
			return nil
		}))
		g.requireClosed(t, turns)
	}
	require.Len(t, g.seen(), 10)
}

// A request that is given up while its connection is being made leaves that behind.
func TestAConnectionThatIsMadeTooLateIsClosed(t *testing.T) {
	g := newServer(t, nil)
	s := newSenderFor(t, g.URL, keepOpen, withTimeout(20*time.Millisecond))
	dialed := make(chan error)
	s.client.Transport.(*http.Transport).DialContext = func(_ context.Context, network, addr string) (net.Conn, error) {
		time.Sleep(200 * time.Millisecond)
		c, err := net.Dial(network, addr)
		dialed <- err
		return c, err
	}
	require.ErrorIs(t, put(t.Context(), s), context.DeadlineExceeded)
	require.NoError(t, <-dialed)
	g.requireClosed(t, 1)
}

func TestTheConnectionsOfTheCallersClientAreTheCallers(t *testing.T) {
	g := newServer(t, nil)
	client := &http.Client{Transport: &http.Transport{}}
	s := newSenderFor(t, g.URL, withClient(client))
	for range 3 {
		require.NoError(t, put(t.Context(), s))
	}
	g.mu.Lock()
	require.Len(t, g.open, 1)
	g.mu.Unlock()
	client.CloseIdleConnections()
	g.requireClosed(t, 1)
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
