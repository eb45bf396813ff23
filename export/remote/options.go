// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"
	"unicode/utf8"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/send"
)

// Protocol is a version of remote write.
type Protocol uint8

const (
	Auto Protocol = iota // 2.0, and 1.0 for receivers that do not know it
	V1                   // 1.0 only
	V2                   // 2.0 only: a receiver that does not know it is an error
)

// String returns the version.
func (p Protocol) String() string {
	switch p {
	case V1:
		return "1.0"
	case V2:
		return "2.0"
	}
	return "auto"
}

// Option configures a [Writer]. [New] returns an error if an option cannot work.
type Option func(*config) error

type config struct {
	reg      *engine.Registry
	labels   engine.Labels
	protocol Protocol
	encoding string
	compress func(dst, text []byte) []byte
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

// WithLabels adds labels to all series that do not have them, such as job and instance. A label of
// a series wins.
func WithLabels(labels engine.Labels) Option {
	return func(c *config) error {
		for name, value := range labels {
			switch {
			case !encode.ValidUTF8Name(name):
				return fmt.Errorf("WithLabels: %q is not a label name", name)
			case name == nameLabel || name == "le" || name == "quantile":
				return fmt.Errorf("WithLabels: the label %s is that of a series", name)
			case value == "":
				return fmt.Errorf("WithLabels: the label %s has no value", name)
			case !utf8.ValidString(value):
				return fmt.Errorf("WithLabels: the value of %s is not valid UTF-8", name)
			}
			c.labels[name] = value
		}
		return nil
	}
}

// WithProtocol sets the version of remote write. The default is [Auto].
func WithProtocol(p Protocol) Option {
	return func(c *config) error {
		if p > V2 {
			return fmt.Errorf("WithProtocol(%d): there is no such version", p)
		}
		c.protocol = p
		return nil
	}
}

// WithCompressor sets the compression of requests and the name of its encoding, as in "zstd". It is
// for receivers that read more than the protocol asks for, which is snappy. compress appends the
// compressed text to dst, and is called by one goroutine at a time.
func WithCompressor(encoding string, compress func(dst, text []byte) []byte) Option {
	return func(c *config) error {
		if !send.IsToken(encoding) || compress == nil {
			return fmt.Errorf("WithCompressor(%q): the name of an encoding and a function are needed", encoding)
		}
		c.encoding, c.compress = encoding, compress
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
	return func(c *config) error { return c.settings.AddHeader(name, value, versionHeader) }
}

// WithClient sets the HTTP client, for example because of its TLS configuration. The Writer uses a
// copy without its CheckRedirect, because it follows redirects as the documentation of the package
// says. The caller has to close connections that the client keeps open.
//
// The default client takes the proxy from the environment. It keeps a connection open between the
// requests of a send, and none between sends.
func WithClient(client *http.Client) Option {
	return func(c *config) error { return c.settings.SetClient(client) }
}

// WithTimeout bounds the time of one send, with all of its requests and their repetitions. The
// default is 30 seconds. The timeouts of the context and of the client hold as well.
func WithTimeout(d time.Duration) Option {
	return func(c *config) error { return c.settings.SetTimeout(d) }
}

// WithLogger sets the logger to which [Writer.Run] reports that sends fail, and that they work
// again, and any send that the receiver refuses native histograms. The default is slog.Default().
func WithLogger(logger *slog.Logger) Option {
	return func(c *config) error { return c.settings.SetLogger(logger) }
}
