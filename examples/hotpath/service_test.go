// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSeriesBeginAtZero(t *testing.T) {
	s := newService()
	p := page(t, s.server.Handler)
	require.Equal(t, []string{"/analyze", "/digest", "/gzip", "/kv/{key}", "/orders/{id}", unmatched}, s.routes)
	for _, route := range s.routes {
		require.Zero(t, p.Value(t, "http_request_duration_seconds_count", "route", route))
	}
}

func TestURLIsOneThatAClientCanUse(t *testing.T) {
	for addr, host := range map[string]string{":0": "127.0.0.1", "0.0.0.0:0": "127.0.0.1", "127.0.0.2:0": "127.0.0.2"} {
		l, err := net.Listen("tcp", addr)
		require.NoError(t, err)
		require.Equal(t, fmt.Sprintf("http://%s:%d", host, l.Addr().(*net.TCPAddr).Port), url(l))
		require.NoError(t, l.Close())
	}
}
