// SPDX-License-Identifier: Apache-2.0

package fiberv2

import (
	"testing"

	"github.com/quipu-metrics/quipu/contrib/fiber/internal/fibertest"
)

func TestRequestsCountUnderTheirTemplateAndTheCodeOfTheClient(t *testing.T) {
	fibertest.RoutesAndCodes(t, version)
}

func TestTheMetricsAreThoseOfTheMiddlewareForNetHTTP(t *testing.T) {
	fibertest.SamePage(t, version)
}

func TestTheErrorHandlerDecidesAboutTheCode(t *testing.T) {
	fibertest.ErrorHandlers(t, version)
}

func TestARequestThatIsPassedOnCountsUnderTheRouteThatAnswers(t *testing.T) {
	fibertest.NextRoutes(t, version)
}

func TestPanicsAreCountedAndPassedOn(t *testing.T) {
	fibertest.Panics(t, version)
}

func TestMadeUpPathsAndMethodsMakeNoSeries(t *testing.T) {
	fibertest.ClosedSets(t, version)
}

func TestLabelsDoNotReferToMemoryThatFasthttpReuses(t *testing.T) {
	fibertest.ReusedMemory(t, version)
}

func TestARequestIsCountedOnceByManyMiddlewares(t *testing.T) {
	fibertest.Nesting(t, version)
}

func TestResponsesHaveTheSizeThatTheClientGets(t *testing.T) {
	fibertest.ResponseSizes(t, version)
}

func TestRequestsHaveTheSizeOfTheirBody(t *testing.T) {
	fibertest.RequestSizes(t, version)
}

func TestRequestsAreInFlightWhileTheirHandlerRuns(t *testing.T) {
	fibertest.InFlight(t, version)
}

func TestWhatAStreamFlushesArrivesBeforeItsEnd(t *testing.T) {
	fibertest.Streams(t, version)
}

func TestAnUpgradedConnectionHasItsCodeAndNoSize(t *testing.T) {
	fibertest.Upgrades(t, version)
}

func TestAResponseThatTimedOutHasTheCodeThatIsSent(t *testing.T) {
	fibertest.TimedOut(t, version)
}

func TestOptionsWorkOrAreRefused(t *testing.T) {
	fibertest.Options(t, version)
}

func TestThePageAndEarlierHandlersAreNotCounted(t *testing.T) {
	fibertest.LeftOut(t, version)
}

func TestAnApplicationUnderNetHTTPIsMeasured(t *testing.T) {
	fibertest.UnderNetHTTP(t, version)
}

func TestARequestWhoseBodyIsRefusedIsNotMeasured(t *testing.T) {
	fibertest.RefusedBodies(t, version)
}

func TestAPanicThatNobodyRecoversFromEndsTheProcessWithItsStack(t *testing.T) {
	fibertest.Unrecovered(t, version)
}

func TestHandlersMayGoOnWhenTheirRequestIsGivenUp(t *testing.T) {
	fibertest.LateHandlers(t, version)
}
