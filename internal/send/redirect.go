// SPDX-License-Identifier: Apache-2.0

package send

import (
	"net/http"
	"strings"
)

// maxRedirects bounds the redirects of one request. All of them lead to the same server.
const maxRedirects = 3

// checkRedirect follows a redirect only if the next request is the same one to the same server.
// Otherwise the redirect is the answer, and an error. Without this function, net/http would turn a
// POST into a GET after a 301, and report success.
func checkRedirect(next *http.Request, via []*http.Request) error {
	first := via[0]
	if len(via) > maxRedirects || next.Method != first.Method ||
		next.URL.Scheme != first.URL.Scheme || !strings.EqualFold(next.URL.Host, first.URL.Host) {
		return http.ErrUseLastResponse
	}
	return nil
}
