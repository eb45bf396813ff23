// SPDX-License-Identifier: Apache-2.0

package promhttp

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"github.com/prometheus/common/expfmt"

	"github.com/quipu-metrics/quipu/contrib/clientgolang/internal/page"
	"github.com/quipu-metrics/quipu/contrib/clientgolang/prometheus"
)

// Handler returns a handler for [prometheus.DefaultGatherer], which also counts its own requests:
// see [InstrumentMetricHandler].
func Handler() http.Handler {
	return InstrumentMetricHandler(prometheus.DefaultRegisterer, HandlerFor(prometheus.DefaultGatherer, HandlerOpts{}))
}

// HandlerFor returns a handler that shows what a Gatherer gathers. The parameters name[] of a
// request name the families that it wants.
func HandlerFor(reg prometheus.Gatherer, opts HandlerOpts) http.Handler {
	if own, ok := reg.(*prometheus.Registry); ok {
		return newHandler(func() ([]page.Family, func(), error) {
			families, err := own.Families()
			return families, func() {}, err
		}, opts)
	}
	return HandlerForTransactional(prometheus.ToTransactionalGatherer(reg), opts)
}

// HandlerForTransactional is [HandlerFor] for a gatherer that is told when its families are not
// needed any longer.
func HandlerForTransactional(reg prometheus.TransactionalGatherer, opts HandlerOpts) http.Handler {
	return newHandler(func() ([]page.Family, func(), error) {
		messages, done, err := reg.Gather()
		families := make([]page.Family, len(messages))
		for i, m := range messages {
			families[i] = page.Message{MetricFamily: m}
		}
		return families, done, err
	}, opts)
}

// gather gathers the families of a page. The function that it returns is called when they are
// written.
type gather func() ([]page.Family, func(), error)

// handler serves pages.
type handler struct {
	opts      HandlerOpts
	gather    gather
	accepted  []expfmt.Format
	encodings []string
	slots     chan struct{} // nil without a limit of requests
	errors    errorCounter
}

// errorCounter counts errors by their cause. It may be a Vec of either library, because another
// handler may have registered it.
type errorCounter interface {
	WithLabelValues(values ...string) prometheus.Counter
}

func newHandler(g gather, opts HandlerOpts) http.Handler {
	h := &handler{opts: opts, gather: g, accepted: opts.AcceptedFormats, errors: newErrorCounter(opts.Registry)}
	if opts.CoalesceGather {
		h.gather = (&coalesced{gather: g}).join
	}
	if len(h.accepted) == 0 {
		h.accepted = expfmt.DefaultAcceptedFormats()
		if opts.EnableOpenMetrics {
			h.accepted = expfmt.DefaultOpenMetricsAcceptedFormats()
		}
	}
	if !opts.DisableCompression {
		h.encodings = offered(opts.OfferedCompressions)
	}
	if opts.MaxRequestsInFlight > 0 {
		h.slots = make(chan struct{}, opts.MaxRequestsInFlight)
	}
	if opts.Timeout <= 0 {
		return h
	}
	return http.TimeoutHandler(h, opts.Timeout, fmt.Sprintf("Exceeded configured timeout of %v.\n", opts.Timeout))
}

// newErrorCounter returns the counter of errors, and registers it unless there is one.
func newErrorCounter(reg prometheus.Registerer) errorCounter {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "promhttp_metric_handler_errors_total",
		Help: "Total number of internal errors encountered by the promhttp metric handler.",
	}, []string{"cause"})
	c.WithLabelValues("gathering")
	c.WithLabelValues("encoding")
	if reg == nil {
		return c
	}
	err := reg.Register(c)
	var already prometheus.AlreadyRegisteredError
	if errors.As(err, &already) {
		if existing, ok := already.ExistingCollector.(errorCounter); ok {
			return existing
		}
	}
	if err != nil {
		panic(err)
	}
	return c
}

// ServeHTTP implements [http.Handler].
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !h.opts.ProcessStartTime.IsZero() {
		w.Header().Set("Process-Start-Time-Unix", strconv.FormatInt(h.opts.ProcessStartTime.Unix(), 10))
	}
	if h.slots != nil {
		select {
		case h.slots <- struct{}{}:
			defer func() { <-h.slots }()
		default:
			http.Error(w, fmt.Sprintf("Limit of concurrent requests reached (%d), try again later.",
				h.opts.MaxRequestsInFlight), http.StatusServiceUnavailable)
			return
		}
	}
	families, done, err := h.gather()
	defer done()
	if err != nil && h.failed(w, err, len(families)) {
		return
	}
	h.write(w, r, named(families, r))
}

// failed handles an error of gathering, and reports whether it is the response.
func (h *handler) failed(w http.ResponseWriter, err error, families int) bool {
	h.log("error gathering metrics:", err)
	h.errors.WithLabelValues("gathering").Inc()
	switch h.opts.ErrorHandling {
	case PanicOnError:
		panic(err)
	case ContinueOnError:
		if families > 0 {
			return false
		}
	}
	http.Error(w, "An error has occurred while serving metrics:\n\n"+err.Error(), http.StatusInternalServerError)
	return true
}

func (h *handler) log(what string, err error) {
	if h.opts.ErrorLog != nil {
		h.opts.ErrorLog.Println(what, err)
	}
}

// named returns the families that a request names, or all if it names none.
func named(families []page.Family, r *http.Request) []page.Family {
	if r.URL == nil || r.URL.RawQuery == "" {
		return families
	}
	names := r.URL.Query()["name[]"]
	if len(names) == 0 {
		return families
	}
	wanted := make(map[string]bool, len(names))
	for _, name := range names {
		wanted[name] = true
	}
	var some []page.Family
	for _, f := range families {
		if wanted[f.Name()] {
			some = append(some, f)
		}
	}
	return some
}

// write writes the page.
func (h *handler) write(w http.ResponseWriter, r *http.Request, families []page.Family) {
	format := expfmt.NegotiateAccept(r.Header, h.accepted...)
	encoding := h.encoding(r)
	if encoding == string(Zstd) && zstdIsKnown() {
		h.writeTheirs(w, r, families)
		return
	}
	header := w.Header()
	header.Add("Vary", "Accept")
	if len(h.encodings) > 0 {
		header.Add("Vary", "Accept-Encoding")
	}
	header.Set("Content-Type", string(format))
	var to io.Writer = w
	switch encoding {
	case string(Gzip):
		header.Set("Content-Encoding", encoding)
		z := compressorTo(w)
		defer z.finish()
		to = z
	case string(Identity):
	default:
		h.log("error getting writer", unknownEncoding(encoding))
	}
	page.Write(to, families, page.Options{
		Format: format, Created: h.opts.EnableOpenMetricsTextCreatedSamples, Failed: h.cannotWrite,
	})
}

// cannotWrite handles an error of writing, and reports whether the page ends.
func (h *handler) cannotWrite(err error) (stop bool) {
	h.log("error encoding and sending metric family:", err)
	h.errors.WithLabelValues("encoding").Inc()
	if h.opts.ErrorHandling == PanicOnError {
		panic(err)
	}
	return h.opts.ErrorHandling == HTTPErrorOnError
}
