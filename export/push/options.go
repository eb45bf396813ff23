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
)

// defaultTimeout is ample for a page of some megabytes, and less than the minute in which many people push.
const defaultTimeout = 30 * time.Second

// Option configures a [Pusher]. What is wrong with one is an error of [New].
type Option func(*config) error

type config struct {
	reg      *engine.Registry
	client   *http.Client
	grouping []label
	path     string // instead of /metrics/job/...; empty when not given
	query    string // of path
	format   encode.Format
	timeout  time.Duration
	logger   *slog.Logger

	auth           bool
	user, password string
	host           string
	header         http.Header
}

// WithRegistry pushes this registry's metrics instead of those of engine.Default().
func WithRegistry(reg *engine.Registry) Option {
	return func(c *config) error {
		if reg == nil {
			return errors.New("WithRegistry(nil): a registry is needed")
		}
		c.reg = reg
		return nil
	}
}

// WithGrouping adds a label to the group: see the package's documentation. The name must be a label name, without two
// leading underscores, and not job, le or quantile; the value is any valid UTF-8 up to engine.MaxLabelValue bytes.
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

// WithBasicAuth sends a user name and a password, instead of those in the URL if it has any.
func WithBasicAuth(user, password string) Option {
	return func(c *config) error {
		c.auth, c.user, c.password = true, user, password
		return nil
	}
}

// WithHeader adds a header to every request, a token or a tenant. Headers that describe the body cannot be set.
func WithHeader(name, value string) Option {
	return func(c *config) error {
		key := http.CanonicalHeaderKey(name)
		switch {
		case !isToken(name):
			return fmt.Errorf("WithHeader(%q): not a header name", name)
		case strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }):
			return fmt.Errorf("WithHeader(%q): the value has control characters", name) // and may be secret
		case key == "Content-Type" || key == "Content-Length" || key == "Content-Encoding" || key == "Transfer-Encoding":
			return fmt.Errorf("WithHeader(%q): the push sets it", name)
		case key == "Host":
			c.host = value // net/http takes it from elsewhere
		default:
			c.header.Add(key, value)
		}
		return nil
	}
}

// WithClient uses this client, for its TLS configuration, say. The client is copied; its CheckRedirect is not used, because
// redirects are followed as the package says. Connections that it keeps open are the caller's to close.
//
// By default a Pusher has a client that takes the proxy from the environment and keeps no connection between pushes: an
// idle one would be lost among the gateway's timeouts, and needs goroutines that nobody ends.
func WithClient(client *http.Client) Option {
	return func(c *config) error {
		if client == nil {
			return errors.New("WithClient(nil): a client is needed")
		}
		c.client = client
		return nil
	}
}

// WithPath pushes to a server that is no Pushgateway: /api/v1/import/prometheus of VictoriaMetrics and vmagent. It follows the
// path of the URL and may have a query. Such a server takes the job and the grouping labels from extra_label parameters,
// has no groups that Delete could delete, makes no difference between Add and Replace, and reads text only.
func WithPath(path string) Option {
	return func(c *config) error {
		before, query, _ := strings.Cut(path, "?")
		odd := func(r rune) bool { return r <= ' ' || r == 0x7F || r == '#' }
		if !strings.HasPrefix(before, "/") || strings.ContainsFunc(path, odd) {
			return errors.New("WithPath: it must begin with a slash and have no blanks, control characters or fragment, " +
				"as in /api/v1/import/prometheus")
		}
		c.path, c.query = before, query
		return nil
	}
}

// WithFormat is the format of the page, encode.Text by default or encode.Protobuf, in which a Pushgateway understands native
// histograms. It does not read OpenMetrics.
func WithFormat(format encode.Format) Option {
	return func(c *config) error {
		if format != encode.Text && format != encode.Protobuf {
			return fmt.Errorf("WithFormat(%v): a Pushgateway reads text and protobuf", format)
		}
		c.format = format
		return nil
	}
}

// WithTimeout is the longest time that one push may take, 30 seconds by default. It holds beside that of the context and that
// of the client.
func WithTimeout(d time.Duration) Option {
	return func(c *config) error {
		if d <= 0 {
			return fmt.Errorf("WithTimeout(%v): it must be positive", d)
		}
		c.timeout = d
		return nil
	}
}

// WithLogger is where [Pusher.Run] reports that pushing fails, and that it works again. The default is slog.Default().
func WithLogger(logger *slog.Logger) Option {
	return func(c *config) error {
		if logger == nil {
			return errors.New("WithLogger(nil): a logger is needed")
		}
		c.logger = logger
		return nil
	}
}

// isToken reports whether s is what RFC 9110 calls a token.
func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		alphanumeric := c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
		if !alphanumeric && !strings.ContainsRune("!#$%&'*+-.^_`|~", rune(c)) {
			return false
		}
	}
	return s != ""
}
