// SPDX-License-Identifier: Apache-2.0

package load

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/internal/testkit"
)

func TestMixAddsUpToAHundred(t *testing.T) {
	sum := 0
	for _, kind := range mix {
		sum += kind.percent
	}
	require.Equal(t, 100, sum)
}

func TestLedgerSurvivesJSON(t *testing.T) {
	l := newLedger()
	l.add(Request{"GET", "/kv/{key}", 200}, 0, 7, time.Second)
	l.add(Request{"PUT", "/kv/{key}", 204}, 9, 0, time.Second)
	l.add(Request{"GET", Unmatched, 404}, 0, 19, time.Second)
	l.Keys, l.KeyBytes, l.Ended = 1, 9, l.Started.Add(time.Minute)
	var text bytes.Buffer
	n, err := l.WriteTo(&text)
	require.NoError(t, err)
	require.EqualValues(t, text.Len(), n)

	var back Ledger
	require.NoError(t, json.Unmarshal(text.Bytes(), &back))
	require.Equal(t, l.Requests, back.Requests)
	require.Equal(t, l.RequestBytes, back.RequestBytes)
	require.Equal(t, l.ResponseBytes, back.ResponseBytes)
	require.Equal(t, l.Seconds, back.Seconds)
	require.Equal(t, time.Minute, back.Elapsed())
	require.EqualValues(t, 3, back.Total())
	require.EqualValues(t, 26, back.ResponseBytes["/kv/{key}"].Sum()+back.ResponseBytes[Unmatched].Sum())

	require.Error(t, new(Request).UnmarshalText([]byte("GET /")))
}

func TestLoadKeepsItsPaceAndItsEnd(t *testing.T) {
	testkit.Baseline(t)
	served := 0
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { served++ }))
	defer server.Close()
	began := time.Now()
	l := Run(t.Context(), Config{URL: server.URL, Workers: 1, Rate: 200, Duration: 500 * time.Millisecond})
	require.GreaterOrEqual(t, time.Since(began), 500*time.Millisecond)
	require.Zero(t, l.Failed, l.FirstFailure)
	require.EqualValues(t, served, l.Total())
	require.LessOrEqual(t, served, 101)
	require.Positive(t, served)
}

func TestLoadEndsWithItsContextAndKeepsTheLastAnswer(t *testing.T) {
	testkit.Baseline(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		cancel() // with this request under way
		time.Sleep(20 * time.Millisecond)
	}))
	defer server.Close()
	l := Run(ctx, Config{URL: server.URL, Workers: 1})
	require.Zero(t, l.Failed, l.FirstFailure)
	require.EqualValues(t, 1, l.Total())
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

func TestRequestsWithoutAnAnswerAreNotCountedAsAnswered(t *testing.T) {
	l := Run(t.Context(), Config{URL: "http://" + testkit.FreeAddr(t), Workers: 1, Rate: 100, Duration: 100 * time.Millisecond})
	require.Zero(t, l.Total())
	require.Positive(t, l.Failed)
	require.Contains(t, l.FirstFailure, "refused")
}
