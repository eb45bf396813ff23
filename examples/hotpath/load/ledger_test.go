// SPDX-License-Identifier: Apache-2.0

package load

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

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
