// SPDX-License-Identifier: Apache-2.0

package atomicf

import (
	"testing"

	"github.com/quipu-metrics/quipu/internal/testkit"
)

func TestRowsAreWrittenPinnedAndTheirOwnersKeptAlive(t *testing.T) { testkit.CheckPinned(t, ".") }
