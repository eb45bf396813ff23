// SPDX-License-Identifier: Apache-2.0

package push

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/internal/testkit"
)

func TestAnswersThatAreErrors(t *testing.T) {
	for _, status := range []int{300, 304, 400, 401, 403, 404, 413, 429, 500, 502, 503, 599} {
		g := testkit.NewRecorder(t, func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(status)
			_, _ = fmt.Fprintf(w, "no: line\none\x00\xff")
		})
		err := secretly(t, g.URL)
		var answer *StatusError
		require.ErrorAs(t, err, &answer)
		require.Equal(t, status, answer.Status)
		require.Equal(t, g.URL+"/metrics/job/backup", answer.URL)
		require.ErrorContains(t, err, fmt.Sprintf("quipu: push: PUT %s/metrics/job/backup: %d ", g.URL, status))
		if status != 304 {
			require.ErrorContains(t, err, `"no: line\none\x00"`, "in one line, printable")
		}
		require.Len(t, g.Seen(), 1, "only Run tries again")
	}
}

// An error of this kind that a test of a program has made reads like one of a push.
func TestAStatusErrorMadeByHandIsOneOfAPush(t *testing.T) {
	err := &StatusError{Method: "PUT", URL: "http://gw", Status: 307, Location: "http://other", Body: "no"}
	require.EqualError(t, err, `quipu: push: PUT http://gw: 307 Temporary Redirect, to "http://other": `+
		`a redirect is followed only if it keeps the method and the server: "no"`)
}
