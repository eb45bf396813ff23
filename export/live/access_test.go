// SPDX-License-Identifier: Apache-2.0

package live

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

func TestOnlyThisMachineIsAnswered(t *testing.T) {
	local, remote := Handler(engine.NewRegistry()), Handler(engine.NewRegistry(), WithRemote(true))
	for name, test := range map[string]struct {
		addr, host string
		header     []string
		ok         bool
	}{
		"IPv4":                        {addr: "127.0.0.1:4711", ok: true},
		"another address of loopback": {addr: "127.3.2.1:4711", ok: true},
		"IPv6":                        {addr: "[::1]:4711", host: "[::1]:80", ok: true},
		"IPv4 in IPv6":                {addr: "[::ffff:127.0.0.1]:4711", ok: true},
		"the name localhost":          {addr: "127.0.0.1:4711", host: "LocalHost.:8000", ok: true},
		"no port in the host":         {addr: "127.0.0.1:4711", host: "127.0.0.1", ok: true},
		"no port, IPv6":               {addr: "[::1]:4711", host: "[::1]", ok: true},
		"another machine":             {addr: "192.0.2.1:4711"},
		"another machine, IPv6":       {addr: "[2001:db8::1]:4711"},
		"a socket without an address": {addr: "@"},
		"no address":                  {addr: ""},
		"a name that leads here":      {addr: "127.0.0.1:4711", host: "rebound.example"},
		"a name like localhost":       {addr: "127.0.0.1:4711", host: "localhost.example:80"},
		"another address as the host": {addr: "127.0.0.1:4711", host: "192.0.2.1"},
		"no host":                     {addr: "127.0.0.1:4711", host: "-"},
		"Forwarded":                   {addr: "127.0.0.1:4711", header: []string{"Forwarded", "for=192.0.2.1"}},
		"X-Forwarded-For":             {addr: "127.0.0.1:4711", header: []string{"x-forwarded-for", "192.0.2.1"}},
		"X-Forwarded-Host":            {addr: "127.0.0.1:4711", header: []string{"X-Forwarded-Host", "a.example"}},
		"an empty X-Forwarded-For":    {addr: "127.0.0.1:4711", header: []string{"X-Forwarded-For", ""}},
		"X-Real-Ip":                   {addr: "127.0.0.1:4711", header: []string{"X-Real-IP", "192.0.2.1"}},
		"Via":                         {addr: "127.0.0.1:4711", header: []string{"Via", "1.1 proxy"}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, path := range []string{"", "main.js", "settings.json", "find.json?text=a", "labels.json?metric=a"} {
				r := httptest.NewRequest(http.MethodGet, "/live/"+path, nil)
				r.RemoteAddr, r.Host = test.addr, "127.0.0.1:8000"
				if test.host != "" {
					r.Host = test.host
				}
				for i := 0; i+1 < len(test.header); i += 2 {
					r.Header.Set(test.header[i], test.header[i+1])
				}
				w := httptest.NewRecorder()
				local.ServeHTTP(w, r)
				want := http.StatusForbidden
				if test.ok {
					want = http.StatusOK
				}
				require.Equal(t, want, w.Code, path)
				w = httptest.NewRecorder()
				remote.ServeHTTP(w, r)
				require.Equal(t, http.StatusOK, w.Code, path)
			}
		})
	}
}

func TestAProxyThatAddsNoHeaderIsKnownByItsVersionOfHTTP(t *testing.T) {
	for version, want := range map[string]int{"HTTP/1.0": 403, "HTTP/1.1": 200, "HTTP/2.0": 200} {
		r := httptest.NewRequest(http.MethodGet, "http://localhost:8000/live/", nil)
		r.RemoteAddr, r.Proto = "127.0.0.1:4711", version
		r.ProtoMajor, r.ProtoMinor, _ = http.ParseHTTPVersion(version)
		w := httptest.NewRecorder()
		Handler(engine.NewRegistry()).ServeHTTP(w, r)
		require.Equal(t, want, w.Code, version)
	}
}

func TestPagesOfOtherSitesGetNothing(t *testing.T) {
	h := Handler(engine.NewRegistry(), WithRemote(true))
	for site, want := range map[string]int{
		"": 200, "same-origin": 200, "none": 200, "same-site": 403, "cross-site": 403,
	} {
		r := httptest.NewRequest(http.MethodGet, "/live/find.json", nil)
		if site != "" {
			r.Header.Set("Sec-Fetch-Site", site)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		require.Equal(t, want, w.Code, site)
	}
	// A link from elsewhere may lead to the page, and not to what would be saved as a file.
	for path, want := range map[string]int{"": 200, "find.json": 403, "events?view=list": 403} {
		r := httptest.NewRequest(http.MethodHead, "/live/"+path, nil)
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		r.Header.Set("Sec-Fetch-Mode", "navigate")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		require.Equal(t, want, w.Code, path)
	}
}
