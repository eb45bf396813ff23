// SPDX-License-Identifier: Apache-2.0

package otlp

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"
	"unicode/utf8"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/send"
)

// Option configures an [Exporter]. [New] returns an error if an option cannot work.
type Option func(*config) error

type config struct {
	reg      *engine.Registry
	resource engine.Labels
	delta    bool
	plain    bool // bodies are not compressed
	settings send.Settings
}

// WithRegistry sets the registry whose metrics are sent. The default is engine.Default().
func WithRegistry(reg *engine.Registry) Option {
	return func(c *config) error {
		if reg == nil {
			return errors.New("WithRegistry(nil): a registry is needed")
		}
		c.reg = reg
		return nil
	}
}

// WithResource adds attributes of the resource, which is what sends: service.name,
// service.instance.id, deployment.environment.name and the like. Prometheus makes the labels job
// and instance of the first two. These attributes win over those of the environment (see the
// documentation of the package).
func WithResource(attributes engine.Labels) Option {
	return func(c *config) error {
		for name, value := range attributes {
			switch {
			case name == "" || !utf8.ValidString(name):
				return fmt.Errorf("WithResource: %q is not the name of an attribute", name)
			case value == "":
				return fmt.Errorf("WithResource: the attribute %s has no value", name)
			case !utf8.ValidString(value):
				return fmt.Errorf("WithResource: the value of %s is not valid UTF-8", name)
			}
			c.resource[name] = value
		}
		return nil
	}
}

// WithDelta sends what counters and histograms have counted since the last request that arrived, in
// the place of what they have counted since they began. It is for receivers that take nothing else:
// a receiver may count a difference twice if it does not answer (see the documentation of the
// package), and the end of a series is not sent. Gauges and summaries are sent as without it.
func WithDelta() Option {
	return func(c *config) error {
		c.delta = true
		return nil
	}
}

// WithoutCompression sends requests as they are. By default they are compressed with gzip.
func WithoutCompression() Option {
	return func(c *config) error {
		c.plain = true
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

// WithClient sets the HTTP client, for example because of its TLS configuration. The Exporter uses
// a copy without its CheckRedirect, because it follows redirects as [StatusError] says. The caller
// has to close connections that the client keeps open.
func WithClient(client *http.Client) Option {
	return func(c *config) error { return c.settings.SetClient(client) }
}

// WithTimeout bounds the time of one send, with all of its requests and their repetitions. The
// default is 30 seconds. The timeouts of the context and of the client hold as well.
func WithTimeout(d time.Duration) Option {
	return func(c *config) error { return c.settings.SetTimeout(d) }
}

// WithLogger sets the logger for warnings of receivers and of [New], and for reports of
// [Exporter.Run] that sends fail, and that they work again. The default is slog.Default().
func WithLogger(logger *slog.Logger) Option {
	return func(c *config) error { return c.settings.SetLogger(logger) }
}
