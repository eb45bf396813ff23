// SPDX-License-Identifier: Apache-2.0

package export

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNamesLimitThePage(t *testing.T) {
	for _, tt := range []struct {
		query string
		want  []string
	}{
		{"", nil},
		{"a=b&c", nil},
		{"name=x", nil},
		{"xname[]=x", nil},
		{"name[]=up", []string{"up"}},
		{"name%5B%5D=up", []string{"up"}},
		{"name%5b]=up&other=1&name[]=down", []string{"up", "down"}},
		{"name[]=a%3Ab+c", []string{"a:b c"}},
		{"name[]", []string{""}},
		{"name[]=", []string{""}},
		{"name[]=%zz", []string{"%zz"}},
		{"name[]=%00%ff", []string{"\x00\xff"}},
		{"&&&=&name[]=x&", []string{"x"}},
		{strings.Repeat("%6e", 1000) + "=x", nil},
		{strings.Repeat("name[]=x&", maxNames+1), nil},
	} {
		src := new(asked)
		r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
		r.URL.RawQuery = tt.query
		w := httptest.NewRecorder()
		handlerOf(src).ServeHTTP(w, r)
		require.Equal(t, http.StatusOK, w.Code)
		require.Equal(t, textType, w.Header().Get("Content-Type"))
		require.Equal(t, tt.want, src.Names, "%.80q", tt.query)
	}
	require.Len(t, familyNames(strings.Repeat("name[]=x&", maxNames)), maxNames)
}
