// SPDX-License-Identifier: Apache-2.0

package pages

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// quipuPages writes the pages of a handler to the directory that the test in package realcode
// names, one in each format, and the packages that the types of some metrics come from.
func quipuPages(t *testing.T, h http.Handler, metrics ...any) {
	for _, format := range [][2]string{ // a page counts those before it
		{"text", "text/plain;version=0.0.4"},
		{"utf8", "text/plain;version=1.0.0;escaping=allow-utf-8"},
		{"openmetrics", "application/openmetrics-text;version=1.0.0"},
		{"protobuf", "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"},
	} {
		name, accept := format[0], format[1]
		r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
		r.Header.Set("Accept", accept)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
		quipuWrite(t, name, w.Header().Get("Content-Type")+"\n"+w.Body.String())
	}
	var types strings.Builder
	for _, m := range metrics {
		typ := reflect.TypeOf(m)
		if typ.Kind() == reflect.Pointer {
			typ = typ.Elem()
		}
		types.WriteString(typ.PkgPath() + "\n")
	}
	quipuWrite(t, "types", types.String())
}

func quipuWrite(t *testing.T, name, content string) {
	if err := os.WriteFile(filepath.Join(os.Getenv("QUIPU_PAGES"), name), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
