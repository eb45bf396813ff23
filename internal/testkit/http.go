// SPDX-License-Identifier: Apache-2.0

package testkit

import (
	"fmt"
	"io"
	"net/http"
)

// do sends a request without a body. It returns the body of the answer, and an error if the status
// is another one.
func do(method, url string, status int) ([]byte, error) {
	req, err := http.NewRequest(method, url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != status {
		err = fmt.Errorf("%s %s: %s: %s", method, url, resp.Status, body)
	}
	return body, err
}
