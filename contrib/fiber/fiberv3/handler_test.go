// SPDX-License-Identifier: Apache-2.0

package fiberv3

import (
	"testing"

	"github.com/quipu-metrics/quipu/contrib/fiber/internal/fibertest"
)

func TestPagesAreThoseOfTheHandlerOfPackageExport(t *testing.T) {
	fibertest.Pages(t, version)
}

func TestAPageThatIsCutOffIsNoWholePage(t *testing.T) {
	fibertest.PagesThatAreCutOff(t, version)
}

func TestStalledReadersDoNotKeepOthersOut(t *testing.T) {
	fibertest.StalledReaders(t, version)
}

func TestTheDeadlineOfAPageEndsWithIt(t *testing.T) {
	fibertest.DeadlinesEndWithThePage(t, version)
}

func TestAPageWhoseRequestIsGivenUpLeavesNothing(t *testing.T) {
	fibertest.LatePages(t, version)
}
