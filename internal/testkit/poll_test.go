// SPDX-License-Identifier: Apache-2.0

package testkit

import (
	"errors"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestPollTellsTheLastError(t *testing.T) {
	n := 0
	r := record(t, func(r *recorder) {
		Poll(r, 50*time.Millisecond, func() error { n++; return fmt.Errorf("try %d", n) })
	})
	require.Contains(t, r.failed, "try "+strconv.Itoa(n))
	Poll(t, time.Minute, func() error {
		if n--; n > 0 {
			return errors.New("not yet")
		}
		return nil
	})
}
