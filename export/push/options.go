// SPDX-License-Identifier: Apache-2.0

package push

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/send"
)

// Option configures a [Pusher]. [New] returns an error if an option cannot work.
type Option func(*config) error

type config struct {
	reg      *engine.Registry
	grouping []label
	path     string // of WithPath, instead of /metrics/job/...; "" if not given
	query    string // of path
	format   encode.Format
	settings send.Settings
}

// WithRegistry sets the registry whose metrics are pushed. The default is engine.Default().
func WithRegistry(reg *engine.Registry) Option {
	return func(c *config) error {
		if reg == nil {
			return errors.New("WithRegistry(nil): a registry is needed")
		}
		c.reg = reg
		return nil
	}
}

// WithGrouping adds a label to the group (see the documentation of the package). The name must be a
// label name without two leading underscores, and not job, le or quantile. The value may be any
// valid UTF-8 of up to [engine.MaxLabelValue] bytes.
//
// The URL of a group has base64 for values, but not for names. Only a Pushgateway that is started
// with --push.enable-utf8-names takes other names, in the form of [encode.ValuesEscaping], such as
// U__data_2e_center. An error tells this form.
func WithGrouping(name, value string) Option {
	return func(c *config) error {
		l := label{name, value}
		if err := l.check(); err != nil {
			return err
		}
		for _, other := range c.grouping {
			if other.name == name {
				return fmt.Errorf("WithGrouping(%q): the name is given twice", name)
			}
		}
		c.grouping = append(c.grouping, l)
		return nil
	}
}

// WithBasicAuth sends a user name and a password. They replace those in the URL.
func WithBasicAuth(user, password string) Option {
	return func(c *config) error { return c.settings.BasicAuth(user, password) }
}

// WithHeader adds a header to every request, such as a token or a tenant. Headers that describe the
// body cannot be set.
func WithHeader(name, value string) Option {
	return func(c *config) error { return c.settings.AddHeader(name, value) }
}

// WithClient sets the HTTP client, for example because of its TLS configuration. The Pusher uses a
// copy without its CheckRedirect, because it follows redirects as the documentation of the package
// says. The caller has to close connections that the client keeps open.
//
// The default client takes the proxy from the environment and keeps no connection between pushes.
// An idle connection needs goroutines that only the caller could end, and the gateway would often
// close it before the next push.
func WithClient(client *http.Client) Option {
	return func(c *config) error { return c.settings.SetClient(client) }
}

// WithPath sets the path of a server that is not a Pushgateway, such as /api/v1/import/prometheus
// of VictoriaMetrics and vmagent. The path is appended to that of the URL and may have a query.
// Such a server takes the job and the grouping labels from extra_label parameters. It has no
// groups, so [Pusher.Delete] returns an error, and [Pusher.Add] and [Pusher.Replace] do the same.
// It reads the text format only.
func WithPath(path string) Option {
	return func(c *config) error {
		before, query, _ := strings.Cut(path, "?")
		odd := func(r rune) bool { return r <= ' ' || r == 0x7F || r == '#' }
		if !strings.HasPrefix(before, "/") || strings.ContainsFunc(path, odd) {
			return errors.New("WithPath: it must begin with a slash and have no blanks, control characters " +
				"or fragment, as in /api/v1/import/prometheus")
		}
		c.path, c.query = before, query
		return nil
	}
}

// WithFormat sets the format of the page: [encode.Text], which is the default, or
// [encode.Protobuf], in which a Pushgateway understands native histograms. A Pushgateway does not
// read OpenMetrics.
func WithFormat(format encode.Format) Option {
	return func(c *config) error {
		if format != encode.Text && format != encode.Protobuf {
			return fmt.Errorf("WithFormat(%v): a Pushgateway reads text and protobuf", format)
		}
		c.format = format
		return nil
	}
}

// WithTimeout bounds the time of one push. The default is 30 seconds. The timeouts of the context
// and of the client hold as well.
func WithTimeout(d time.Duration) Option {
	return func(c *config) error { return c.settings.SetTimeout(d) }
}

// WithLogger sets the logger to which [Pusher.Run] reports that pushes fail, and that they work
// again. The default is slog.Default().
func WithLogger(logger *slog.Logger) Option {
	return func(c *config) error { return c.settings.SetLogger(logger) }
}
