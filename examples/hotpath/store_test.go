// SPDX-License-Identifier: Apache-2.0

package main

import (
	"net/http"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestStoreIsBounded(t *testing.T) {
	s := newService()
	for i := range maxKeys {
		require.Equal(t, http.StatusCreated, do(s.server.Handler, "PUT", "/kv/"+strconv.Itoa(i), "v").Code)
	}
	require.Equal(t, http.StatusInsufficientStorage, do(s.server.Handler, "PUT", "/kv/one-more", "v").Code)
	require.Equal(t, http.StatusNoContent, do(s.server.Handler, "PUT", "/kv/0", "longer").Code)
	p := page(t, s.server.Handler)
	require.Equal(t, float64(maxKeys), p.Value(t, "kv_keys"))
	require.Equal(t, float64(maxKeys+5), p.Value(t, "kv_bytes"))
}
