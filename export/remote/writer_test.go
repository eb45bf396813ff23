// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

func one() *engine.Registry {
	reg := engine.NewRegistry()
	engine.Must(reg.NewGauge("g", "G.")).Set(1)
	return reg
}

func TestNoPrinterFindsASecretInAWriter(t *testing.T) {
	w, err := New("http://me:"+url.QueryEscape(password)+"@r.example/write?key="+token, WithRegistry(one()),
		WithHeader("X-Token", "Bearer "+token))
	require.NoError(t, err)
	var log bytes.Buffer
	for _, v := range []any{w, *w, WithHeader("X-Token", token)} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
			fmt.Fprintf(&log, verb+"\n", v)
		}
		slog.New(slog.NewJSONHandler(&log, nil)).Info("sending", "writer", v)
	}
	for _, secret := range []string{password, token} {
		require.NotContains(t, log.String(), secret)
		require.NotContains(t, log.String(), hex.EncodeToString([]byte(secret)))
	}
	require.Contains(t, log.String(), `"writer":"remote write to http://r.example/write"`)
	require.False(t, testkit.Reaches(w, password, token), "a dumper that follows pointers finds a secret")
}

func TestTheRequestsOfASendShareConnectionsAndLeaveNone(t *testing.T) {
	s := testkit.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	w, err := New(s.URL, WithRegistry(counters(3*maxSamples)), WithProtocol(V1))
	require.NoError(t, err)
	for range 2 {
		require.NoError(t, w.Send(t.Context()))
		// net/http may make another one if the machine is too slow for it.
		require.Less(t, s.PollConnections(t, 0), len(s.Seen()))
	}
	require.GreaterOrEqual(t, len(s.Seen()), 6)
}

func TestAWriterThatNobodyMadeSendsNothing(t *testing.T) {
	w := new(Writer)
	require.ErrorIs(t, w.Send(t.Context()), errNotMade)
	require.ErrorIs(t, w.Run(t.Context(), time.Second), errNotMade)
	require.Equal(t, "remote write to ", w.String())
}

// Each Writer has a list of its own of what has gone.
func TestTwoWritersOfOneRegistryAreIndependent(t *testing.T) {
	reg := engine.NewRegistry()
	c := numbered(reg, 100)
	var senders sync.WaitGroup
	for range 2 {
		r := &receiver{t: t, knowsV2: true}
		w := r.writer(reg)
		require.NoError(t, w.Send(t.Context()))
		senders.Go(func() {
			for range 20 {
				if err := w.Send(context.Background()); err != nil {
					t.Error(err)
				}
			}
		})
		t.Cleanup(func() {
			require.NoError(t, w.Send(context.Background()))
			last := r.latest()
			require.Len(t, last, 100)
			for labels, value := range last {
				require.Equal(t, strings.Contains(labels, "x=1"), value == "stale", labels)
			}
		})
	}
	for i := range 100 {
		if x := strconv.Itoa(i); strings.HasPrefix(x, "1") {
			c.Delete(x)
		}
	}
	senders.Wait()
}
