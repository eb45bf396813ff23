// SPDX-License-Identifier: Apache-2.0

package testkit

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAWireFailsAsOftenAsItIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := FailingWire(1, http.StatusConflict, "retry-after", "7")
		w.Begin = time.Now()
		client := &http.Client{Transport: w}
		answer, err := client.Post("http://gw", "text/plain", strings.NewReader("page"))
		require.NoError(t, err)
		require.Equal(t, http.StatusConflict, answer.StatusCode)
		require.Equal(t, "7", answer.Header.Get("Retry-After"))
		require.NoError(t, answer.Body.Close())
		time.Sleep(time.Second)
		answer, err = client.Get("http://gw")
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, answer.StatusCode)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, []time.Duration{0, time.Second}, w.At)
		require.Equal(t, []string{http.MethodPost, http.MethodGet}, w.Methods)
		require.Equal(t, []string{"page", ""}, w.Bodies)
	})
}

func TestAServerThatHangsAnswersWhenNobodyWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://gw", nil)
		require.NoError(t, err)
		_, err = RoundTrip(Hang).Client().Do(r)
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
}
