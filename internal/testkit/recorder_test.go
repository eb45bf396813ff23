// SPDX-License-Identifier: Apache-2.0

package testkit

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestARecorderKnowsItsRequestsAndConnections(t *testing.T) {
	r := NewRecorder(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	client := &http.Client{Transport: &http.Transport{}}
	answer, err := client.Post(r.URL+"/write?a=1", "text/plain", strings.NewReader("page"))
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusTeapot, answer.StatusCode)
	got := r.One(t)
	require.Equal(t, Received{http.MethodPost, "/write?a=1", "page", 4, r.Listener.Addr().String(), got.Header}, got)
	require.Equal(t, "text/plain", got.Header.Get("Content-Type"))
	require.Equal(t, 1, r.PollConnections(t, 1))
	client.CloseIdleConnections()
	require.Equal(t, 1, r.PollConnections(t, 0))
}
