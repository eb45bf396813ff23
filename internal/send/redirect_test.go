// SPDX-License-Identifier: Apache-2.0

package send

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/internal/testkit"
)

func TestRedirects(t *testing.T) {
	elsewhere := testkit.NewRecorder(t, nil)
	for name, tc := range map[string]struct {
		status   int
		location string
		follow   bool
	}{
		"moved":                     {301, "/b/write", false},
		"found":                     {302, "/b/write", false},
		"see other":                 {303, "/b/write", false},
		"temporary":                 {307, "/b/write", true},
		"permanent":                 {308, "/b/write", true},
		"temporary, other server":   {307, elsewhere.URL + "/write?a=b", false},
		"permanent, other scheme":   {308, strings.Replace(elsewhere.URL, "http:", "https:", 1), false},
		"found, other server":       {302, elsewhere.URL, false},
		"other server, credentials": {307, strings.Replace(elsewhere.URL, "://", "://me:"+password+"@", 1), false},
		"without a location":        {307, "", false},
		"with a nonsensical one":    {307, "::%", false},
	} {
		t.Run(name, func(t *testing.T) {
			g := testkit.NewRecorder(t, func(w http.ResponseWriter, r *http.Request) {
				if strings.HasPrefix(r.URL.Path, "/b/") {
					return
				}
				if tc.location != "" {
					w.Header().Set("Location", tc.location)
				}
				w.WriteHeader(tc.status)
			})
			err := secretly(t, g.URL)
			if tc.follow {
				require.NoError(t, err)
				require.Len(t, g.Seen(), 2)
				for _, r := range g.Seen() {
					require.Equal(t, "PUT", r.Method)
					require.Equal(t, page, r.Body)
					require.NotEmpty(t, r.Header.Get("Authorization"))
				}
				return
			}
			require.Error(t, err)
			var answer *StatusError
			if errors.As(err, &answer) {
				require.Equal(t, tc.status, answer.Status)
				require.NotContains(t, answer.Location, "?")
				require.False(t, retriable(err))
			} else {
				require.Equal(t, "with a nonsensical one", name, err)
			}
			g.One(t)
		})
	}
	require.Empty(t, elsewhere.Seen(), "nothing reached the other server")
}

func TestARedirectMayNotShowThePassword(t *testing.T) {
	g := testkit.NewRecorder(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/b/") {
			http.Error(w, "no", http.StatusNotFound)
			return
		}
		http.Redirect(w, r, "/b/"+password+"/x", http.StatusTemporaryRedirect)
	})
	require.ErrorContains(t, secretly(t, g.URL), "/b/***/x: 404 Not Found")
}

func TestRedirectsInACircleEnd(t *testing.T) {
	g := testkit.NewRecorder(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, r.URL.Path, http.StatusTemporaryRedirect)
	})
	var answer *StatusError
	require.ErrorAs(t, secretly(t, g.URL), &answer)
	require.Equal(t, http.StatusTemporaryRedirect, answer.Status)
	require.Len(t, g.Seen(), 1+maxRedirects)
}

func TestACallersClientFollowsRedirectsNoFurther(t *testing.T) {
	elsewhere := testkit.NewRecorder(t, nil)
	g := testkit.NewRecorder(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
	})
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	require.Error(t, secretly(t, g.URL, withClient(client)))
	require.Empty(t, elsewhere.Seen())
	require.Nil(t, client.CheckRedirect, "the caller's client is not changed")
}
