// SPDX-License-Identifier: Apache-2.0

package fiberv3

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v3"
	"github.com/gofiber/fiber/v3/middleware/timeout"
	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/contrib/fiber/internal/fibertest"
	"github.com/quipu-metrics/quipu/engine"
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

// Fiber's middleware timeout answers while the handler goes on, and leaves it the context of the
// request, whose values are no place for two goroutines.
func TestAHandlerThatGoesOnAfterItsTimeoutIsNotDisturbed(t *testing.T) {
	ended := make(chan bool)
	slow := func(c fiber.Ctx) error {
		intact := true
		for began := time.Now(); time.Since(began) < 300*time.Millisecond; {
			c.Locals("a", 1)
			intact = intact && c.Locals("a") == 1
		}
		ended <- intact
		return nil
	}
	fibertest.TimedOutHandler(t, version, timeout.New(slow, timeout.Config{Timeout: 50 * time.Millisecond}), ended)
}

func TestHandlersMayGoOnWhenTheirRequestIsGivenUp(t *testing.T) {
	fibertest.LateHandlers(t, version)
}

// customCtx is a context of the application's own type, which fiber routes by other code.
type customCtx struct{ *fiber.DefaultCtx }

func TestAnApplicationWithItsOwnTypeOfContextIsMeasured(t *testing.T) {
	reg := engine.NewRegistry()
	app := fiber.NewWithCustomCtx(func(app *fiber.App) fiber.CustomCtx {
		return &customCtx{fiber.NewDefaultCtx(app)}
	})
	app.Use(Middleware(reg))
	app.Get("/users/:id", func(c fiber.Ctx) error {
		_, ok := c.(*customCtx)
		require.True(t, ok)
		return fiber.NewError(http.StatusTeapot)
	})
	for path, code := range map[string]int{"/users/1": http.StatusTeapot, "/none": http.StatusNotFound} {
		response, err := app.Test(httptest.NewRequest("GET", path, nil))
		require.NoError(t, err)
		require.Equal(t, code, response.StatusCode)
	}
	var page strings.Builder
	_, err := reg.Expose(&page, engine.Exposition{})
	require.NoError(t, err)
	require.Contains(t, page.String(), `http_responses_total{method="GET",route="/users/:id",code="418"} 1`)
	require.Contains(t, page.String(), `http_responses_total{method="GET",route="unmatched",code="404"} 1`)
}
