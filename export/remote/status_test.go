// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"html"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/internal/testkit"
)

const (
	password = "hunter2-and-<more>"
	token    = "t0ken-of-the-tenant"
)

func TestNoErrorShowsCredentials(t *testing.T) {
	basic := base64.StdEncoding.EncodeToString([]byte("me:" + password))
	passwordOf := func(r *http.Request) string { _, pass, _ := r.BasicAuth(); return pass }
	for name, tell := range map[string]func(r *http.Request) string{
		"as they were sent": func(r *http.Request) string { return fmt.Sprint("you sent ", r.Header, " to ", r.URL) },
		"decoded":           passwordOf,
		"escaped":           func(r *http.Request) string { return html.EscapeString(passwordOf(r)) },
		"in quotes":         func(r *http.Request) string { return strconv.QuoteToASCII(fmt.Sprint(r.Header, r.URL)) },
		"re-encoded":        func(r *http.Request) string { return fmt.Sprintf("%x", r.Header.Get("X-Token")) },
		"cut":               func(r *http.Request) string { return r.Header.Get("X-Token")[:20] },
		"at the cut":        func(r *http.Request) string { return strings.Repeat(".", 505) + passwordOf(r) },
	} {
		t.Run(name, func(t *testing.T) {
			s := testkit.NewRecorder(t, func(w http.ResponseWriter, r *http.Request) {
				w.WriteHeader(http.StatusForbidden)
				_, _ = io.WriteString(w, tell(r))
			})
			for how, opt := range map[string]Option{
				"basic auth": WithBasicAuth("me", password), "header": WithHeader("Authorization", "Basic "+basic),
			} {
				w, err := New(s.URL+"/write?token="+token+"-q", WithRegistry(one()), opt,
					WithHeader("X-Token", "Bearer "+token))
				require.NoError(t, err)
				err = w.Send(t.Context())
				require.ErrorContains(t, err, " did not arrive: POST "+s.URL+"/write: 403 Forbidden: ", how)
				testkit.RequireHidden(t, err, password, html.EscapeString(password), basic, token,
					token[:len(token)*2/3], hex.EncodeToString([]byte(token)))
			}
		})
	}
	s := testkit.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "no such tenant", http.StatusForbidden)
	})
	w, err := New(s.URL, WithRegistry(one()), WithBasicAuth("me", password))
	require.NoError(t, err)
	require.ErrorContains(t, w.Send(t.Context()), `403 Forbidden: "no such tenant"`, "what has no credentials is shown")
}
