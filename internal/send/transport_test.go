// SPDX-License-Identifier: Apache-2.0

package send

import (
	"context"
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
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
	g := testkit.NewRecorder(t, nil)
	s := newSenderFor(t, g.URL)
	for range 3 {
		require.NoError(t, put(t.Context(), s))
	}
	require.Equal(t, 3, g.PollConnections(t, 0))
}

func TestTheRequestsOfATurnShareAConnectionThatTheTurnCloses(t *testing.T) {
	g := testkit.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("stored")) })
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
		// net/http may make another one if the machine is too slow for it.
		require.Less(t, g.PollConnections(t, 0), 5*turns)
	}
	require.Len(t, g.Seen(), 10)
}

// A request that is given up while its connection is being made leaves that behind.
func TestAConnectionThatIsMadeTooLateIsClosed(t *testing.T) {
	g := testkit.NewRecorder(t, nil)
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
	require.Equal(t, 1, g.PollConnections(t, 0))
}

func TestTheConnectionsOfTheCallersClientAreTheCallers(t *testing.T) {
	g := testkit.NewRecorder(t, nil)
	client := &http.Client{Transport: &http.Transport{}}
	s := newSenderFor(t, g.URL, withClient(client))
	for range 3 {
		require.NoError(t, put(t.Context(), s))
	}
	g.PollConnections(t, 1)
	client.CloseIdleConnections()
	g.PollConnections(t, 0)
}

func TestTLSIsTheClients(t *testing.T) {
	g := testkit.NewUnstartedRecorder(t, nil)
	g.Config.ErrorLog = log.New(io.Discard, "", 0) // the handshake fails on purpose
	g.StartTLS()

	require.ErrorContains(t, secretly(t, g.URL), "certificate", "an unknown authority is refused")
	require.Empty(t, g.Seen())
	pool := g.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	defer client.CloseIdleConnections()
	require.NoError(t, secretly(t, g.URL, withClient(client)))
	require.Equal(t, page, g.One(t).Body)
}
