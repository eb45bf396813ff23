// SPDX-License-Identifier: Apache-2.0

package load

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestMixAddsUpToAHundred(t *testing.T) {
	sum := 0
	for _, kind := range mix {
		sum += kind.percent
	}
	require.Equal(t, 100, sum)
}

func TestWrongAnswersAreNoticed(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusTeapot)
	}))
	defer server.Close()
	l := Run(t.Context(), Config{URL: server.URL, Workers: 2, Duration: 100 * time.Millisecond})
	require.Equal(t, l.Total(), l.Wrong)
	require.Contains(t, l.FirstWrong, "418")
}
