// SPDX-License-Identifier: Apache-2.0

package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRoutesDoTheirWork(t *testing.T) {
	h := newService().server.Handler
	for _, test := range []struct {
		method, target, body string
		code                 int
		answer               string
	}{
		{"POST", "/analyze", `{"text": "so much so Much depends"}`, 200,
			`{"bytes":23,"words":5,"unique":3,"top":[{"word":"much","count":2},{"word":"so","count":2},` +
				`{"word":"depends","count":1}]}` + "\n"},
		{"POST", "/analyze", `{"text": ""}`, 200, `{"bytes":0,"words":0,"unique":0,"top":null}` + "\n"},
		{"POST", "/analyze", `{`, 400, "want {\"text\": \"...\"}\n"},
		{"POST", "/analyze", strings.Repeat("x", maxBody+1), 413, "the body is too large\n"},
		{"POST", "/digest", "abc", 200, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n"},
		{"GET", "/kv/a", "", 404, "no such key\n"},
		{"PUT", "/kv/a", "one", 201, ""},
		{"PUT", "/kv/a", "two", 204, ""},
		{"GET", "/kv/a", "", 200, "two"},
		{"DELETE", "/kv/a", "", 204, ""},
		{"DELETE", "/kv/a", "", 404, "no such key\n"},
		{"GET", "/orders/1", "", 200, `{"id":1,"lines":[{"article":"article-31","quantity":1,"cents":101},` +
			`{"article":"article-32","quantity":2,"cents":102}],"total_cents":305}` + "\n"},
		{"GET", "/orders/5", "", 404, "no such order\n"},
		{"GET", "/orders/x", "", 400, "an order has a number\n"},
		{"GET", "/nowhere", "", 404, "404 page not found\n"},
		{"GET", "/digest", "", 405, "Method Not Allowed\n"},
	} {
		w := do(h, test.method, test.target, test.body)
		require.Equal(t, test.code, w.Code, test)
		require.Equal(t, test.answer, w.Body.String(), test)
	}
}

func TestBackendFailsAtTimes(t *testing.T) {
	h := newService().server.Handler
	failed := 0
	for range 100 {
		if w := do(h, "GET", "/orders/1", ""); w.Code == http.StatusInternalServerError {
			failed++
		}
	}
	require.Equal(t, 2, failed)
	require.Equal(t, 2.0, page(t, h).Value(t, "http_requests_total", "method", "GET", "route", "/orders/{id}", "code",
		"500"))
}
