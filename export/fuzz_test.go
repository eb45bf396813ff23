// SPDX-License-Identifier: Apache-2.0

package export

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
)

// FuzzAccept checks that any header yields one of the offered formats, and that several lines mean
// the same as one.
func FuzzAccept(f *testing.F) {
	for _, seed := range []string{
		"",
		"*/*",
		"text/plain;version=0.0.4;q=1,*/*;q=0.1",
		"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6," +
			"text/plain;version=1.0.0;q=0.4,*/*;q=0.2",
		protobufType + ";q=0.7,text/plain;version=0.0.4;q=0.3",
		`text/plain;x="a,b;q=0\"",application/*;q=0.5`,
		"text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2",
		`,;=";,q=0,*/*;q=,text/plain;;q=1.0000;`,
		"\x00\xff, text/plain;q=NaN",
		"text/plain;escaping=allow-utf-8,*/*;escaping=dots;q=0.5,text/plain;version=0.0.4;escaping=values",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, accept string) {
		got := Negotiate(accept)
		c := choose(defaultOffers, []string{accept})
		require.True(t, c.quotes || c.escaping < encode.NoEscaping, "text 0.0.4 has no quotes")
		require.Contains(t, []encode.Format{encode.Text, encode.OpenMetrics, encode.Protobuf}, got)

		pinned := choose(defaultOffers[1:2], []string{accept})
		require.Equal(t, encode.OpenMetrics, pinned.format, "what is not offered is not chosen")

		if !strings.ContainsAny(accept, `"`) && len(accept) < maxLineBytes-20 &&
			strings.Count(accept, ",") < maxElements-2 {
			require.Equal(t, got, Negotiate(strings.Split(accept, ",")...), "lines are a list")
			require.Equal(t, got, Negotiate("nothing/ours,"+accept), "what we do not have does not matter")
		}
	})
}

// FuzzAcceptEncoding compares chooseEncoding with a plain reading of the RFC, for well-formed
// headers, with one encoding and with three.
func FuzzAcceptEncoding(f *testing.F) {
	for _, seed := range []string{
		"", "gzip", "gzip;q=0", "*", "*;q=0", "identity;q=1, gzip;q=0.5", "x-gzip",
		"gzip;q=0.001,deflate", "br;q=1.0,*;q=0.1",
		"gzip;q=NaN", "gzip;q=\"0\"", "gzip;;q=1", ",,,gzip", "GZIP;Q=0.5", "gzip;q=1.001",
		"identity, gzip, identity;q=0",
		"gzip, deflate, br, zstd", "zstd;q=0.5,br;q=0.5,*;q=0.6", "*,zstd;q=0",
	} {
		f.Add(seed)
	}
	c := newHandlerConfig([]Option{withTagged("zstd"), withTagged("br")})
	three := c.offeredEncodings()
	one := three[2:]
	f.Fuzz(func(t *testing.T, header string) {
		for _, offered := range [][]*offeredEncoding{one, three} {
			got := ""
			if e := chooseEncoding(offered, []string{header}); e != nil {
				got = e.name
			}
			if strings.ContainsAny(header, `"\`) || len(header) > maxLineBytes ||
				strings.Count(header, ",") >= maxElements {
				return
			}
			names := []string{"zstd", "br", "gzip"}[3-len(offered):]
			require.Equal(t, plainChooseEncoding(names, header), got, "%q", header)
			if lower := strings.ToLower(header); got != "" && !strings.Contains(lower, "*") {
				require.Contains(t, lower, got)
			}
		}
	})
}

// plainChooseEncoding returns the first of the names with the largest weight above 0, if that is
// not below the weight of identity.
func plainChooseEncoding(names []string, header string) (chosen string) {
	weights := map[string]float64{}
	for _, element := range strings.Split(header, ",") {
		parts := strings.Split(element, ";")
		name := strings.ToLower(strings.Trim(parts[0], " \t"))
		weight, ok := 1.0, true
		for _, p := range parts[1:] {
			key, value, _ := strings.Cut(p, "=")
			if strings.EqualFold(strings.Trim(key, " \t"), "q") {
				weight, ok = plainWeight(strings.Trim(value, " \t"))
			}
		}
		if name == "x-gzip" {
			name = "gzip"
		}
		if old, seen := weights[name]; ok && (!seen || weight > old) {
			weights[name] = weight
		}
	}
	best := 0.0
	for _, name := range names {
		weight, ok := weights[name]
		if !ok {
			weight = weights["*"]
		}
		if weight > best && weight >= weights["identity"] {
			chosen, best = name, weight
		}
	}
	return chosen
}

func plainWeight(s string) (float64, bool) {
	if strings.Trim(s, "0123456789.") != "" || len(s) > 1 && s[0] != '.' && s[1] != '.' {
		return 0, false
	}
	if dot := strings.IndexByte(s, '.'); dot >= 0 && len(s) > dot+4 {
		if strings.Contains(s[dot+1:], ".") {
			return 0, false
		}
		s = s[:dot+4]
	}
	weight, err := strconv.ParseFloat(s, 64)
	return weight, err == nil && weight <= 1
}

// FuzzRequest checks that the answer to any GET is 200 with a known content type, and within the
// time limits.
func FuzzRequest(f *testing.F) {
	f.Add("name[]=up", "*/*", "gzip", "10")
	f.Add("name%5B%5D=%zz&&=&name[]", "text/plain;q=0", "*;q=0", "NaN")
	f.Add(strings.Repeat("name[]=x&", 2000), protobufType, "gzip;q=0.1", "-1")
	f.Add("%6eame[]=\xff", "", "", "1e309")
	h := handlerOf(new(asked))
	known := map[string]bool{}
	for i := range defaultOffers {
		known[choice{offer: &defaultOffers[i]}.contentType()] = true
		for escaping := range encode.NoEscaping + 1 {
			known[choice{&defaultOffers[i], escaping, true}.contentType()] = true
		}
	}
	f.Fuzz(func(t *testing.T, query, accept, encoding, timeout string) {
		r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
		r.URL.RawQuery = query
		r.Header = http.Header{"Accept": {accept}, "Accept-Encoding": {encoding}, scrapeTimeoutHeader: {timeout}}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		require.Equal(t, http.StatusOK, w.Code)
		require.True(t, known[w.Header().Get("Content-Type")])
		page := w.Body.String()
		if w.Header().Get("Content-Encoding") == "gzip" {
			page = gunzip(t, w.Body)
		}
		require.Equal(t, "page\n", page)
		limit, _ := h.timeLimit(r.Header[scrapeTimeoutHeader])
		require.True(t, limit >= minScrapeTimeout && limit <= maxScrapeTimeout)
		require.Less(t, callbackBudget(limit), limit)
		require.Greater(t, callbackBudget(limit), time.Duration(0))
	})
}
