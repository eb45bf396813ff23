// SPDX-License-Identifier: Apache-2.0

package promhttp

import (
	"context"
	"net/http"

	client "github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/quipu-metrics/quipu/contrib/clientgolang/prometheus"
)

// These types are client_golang's: see there.
type (
	Compression           = client.Compression
	HandlerErrorHandling  = client.HandlerErrorHandling
	HandlerOpts           = client.HandlerOpts
	InstrumentTrace       = client.InstrumentTrace
	LabelValueFromCtx     = client.LabelValueFromCtx
	LabelValueFromRequest = client.LabelValueFromRequest
	Logger                = client.Logger
	Option                = client.Option
	RoundTripperFunc      = client.RoundTripperFunc
)

// These constants are client_golang's.
const (
	ContinueOnError  = client.ContinueOnError
	Gzip             = client.Gzip
	HTTPErrorOnError = client.HTTPErrorOnError
	Identity         = client.Identity
	PanicOnError     = client.PanicOnError
	Zstd             = client.Zstd
)

// InstrumentHandlerDuration is client_golang's InstrumentHandlerDuration.
func InstrumentHandlerDuration(obs prometheus.ObserverVec, next http.Handler, opts ...Option) http.HandlerFunc {
	return client.InstrumentHandlerDuration(obs, next, opts...)
}

// InstrumentHandlerInFlight is client_golang's InstrumentHandlerInFlight.
func InstrumentHandlerInFlight(g prometheus.Gauge, next http.Handler) http.Handler {
	return client.InstrumentHandlerInFlight(g, next)
}

// InstrumentHandlerRequestSize is client_golang's InstrumentHandlerRequestSize.
func InstrumentHandlerRequestSize(obs prometheus.ObserverVec, next http.Handler, opts ...Option) http.HandlerFunc {
	return client.InstrumentHandlerRequestSize(obs, next, opts...)
}

// InstrumentHandlerResponseSize is client_golang's InstrumentHandlerResponseSize.
func InstrumentHandlerResponseSize(obs prometheus.ObserverVec, next http.Handler, opts ...Option) http.Handler {
	return client.InstrumentHandlerResponseSize(obs, next, opts...)
}

// InstrumentHandlerTimeToWriteHeader is client_golang's InstrumentHandlerTimeToWriteHeader.
func InstrumentHandlerTimeToWriteHeader(
	obs prometheus.ObserverVec, next http.Handler, opts ...Option,
) http.HandlerFunc {
	return client.InstrumentHandlerTimeToWriteHeader(obs, next, opts...)
}

// InstrumentMetricHandler is client_golang's InstrumentMetricHandler.
func InstrumentMetricHandler(reg prometheus.Registerer, handler http.Handler) http.Handler {
	return client.InstrumentMetricHandler(reg, handler)
}

// InstrumentRoundTripperDuration is client_golang's InstrumentRoundTripperDuration.
func InstrumentRoundTripperDuration(
	obs prometheus.ObserverVec, next http.RoundTripper, opts ...Option,
) RoundTripperFunc {
	return client.InstrumentRoundTripperDuration(obs, next, opts...)
}

// InstrumentRoundTripperInFlight is client_golang's InstrumentRoundTripperInFlight.
func InstrumentRoundTripperInFlight(gauge prometheus.Gauge, next http.RoundTripper) RoundTripperFunc {
	return client.InstrumentRoundTripperInFlight(gauge, next)
}

// InstrumentRoundTripperTrace is client_golang's InstrumentRoundTripperTrace.
func InstrumentRoundTripperTrace(it *InstrumentTrace, next http.RoundTripper) RoundTripperFunc {
	return client.InstrumentRoundTripperTrace(it, next)
}

// WithExemplarFromContext is client_golang's WithExemplarFromContext.
func WithExemplarFromContext(getExemplarFn func(requestCtx context.Context) prometheus.Labels) Option {
	return client.WithExemplarFromContext(getExemplarFn)
}

// WithExemplarFromRequest is client_golang's WithExemplarFromRequest.
func WithExemplarFromRequest(getExemplarFn func(req *http.Request) prometheus.Labels) Option {
	return client.WithExemplarFromRequest(getExemplarFn)
}

// WithExtraMethods is client_golang's WithExtraMethods.
func WithExtraMethods(methods ...string) Option {
	return client.WithExtraMethods(methods...)
}

// WithLabelFromCtx is client_golang's WithLabelFromCtx.
func WithLabelFromCtx(name string, valueFn LabelValueFromCtx) Option {
	return client.WithLabelFromCtx(name, valueFn)
}

// WithLabelFromRequest is client_golang's WithLabelFromRequest.
func WithLabelFromRequest(name string, valueFn LabelValueFromRequest) Option {
	return client.WithLabelFromRequest(name, valueFn)
}
