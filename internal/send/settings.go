// SPDX-License-Identifier: Apache-2.0

package send

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// defaultTimeout is enough for a page of some megabytes, and less than a minute, a common interval.
const defaultTimeout = 30 * time.Second

// Settings are what a package and its options set of a [Sender]. The zero value is ready to use.
// The errors begin with the name of the option, such as WithHeader, which all packages share.
type Settings struct {
	// Retry reports whether a request should be repeated after an answer. The default is [Busy].
	Retry func(*StatusError) bool

	// KeepOpen keeps connections open between the requests of a turn. If the server sends something
	// on one that nobody has asked for, net/http logs the beginning of it.
	KeepOpen bool

	// Dated says that requests hold the times of their values, so that one which arrives late
	// replaces nothing. It is for [Sender.Run].
	Dated bool

	client  *http.Client  // nil: one with newTransport
	timeout time.Duration // 0: defaultTimeout
	logger  *slog.Logger  // nil: slog.Default() at the time

	auth           bool
	user, password string
	host           string
	header         http.Header
}

// BasicAuth sets a user name and a password. They replace those in the URL.
func (s *Settings) BasicAuth(user, password string) error {
	s.auth, s.user, s.password = true, user, password
	return nil
}

// AddHeader adds a header to every request. Headers that describe the body cannot be set, and
// neither can those that the package reserves.
func (s *Settings) AddHeader(name, value string, reserved ...string) error {
	key := http.CanonicalHeaderKey(name)
	switch {
	case !IsToken(name):
		return fmt.Errorf("WithHeader(%q): not a header name", name)
	case strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }):
		return fmt.Errorf("WithHeader(%q): the value has control characters", name) // and may be secret
	case strings.HasPrefix(key, "Content-"), key == "Transfer-Encoding", slices.Contains(reserved, key):
		return fmt.Errorf("WithHeader(%q): each request sets it", name)
	case key == "Host":
		s.host = value // net/http does not take it from the header
	default:
		if s.header == nil {
			s.header = http.Header{}
		}
		s.header.Add(key, value)
	}
	return nil
}

// SetClient sets the HTTP client. The Sender uses a copy that follows redirects in its own way.
func (s *Settings) SetClient(client *http.Client) error {
	if client == nil {
		return errors.New("WithClient(nil): a client is needed")
	}
	s.client = client
	return nil
}

// SetTimeout bounds the time of one turn (see [Sender.InTurn]). The default is 30 seconds.
func (s *Settings) SetTimeout(d time.Duration) error {
	if d <= 0 {
		return fmt.Errorf("WithTimeout(%v): it must be positive", d)
	}
	s.timeout = d
	return nil
}

// SetLogger sets the logger of [Sender.Run]. The default is slog.Default().
func (s *Settings) SetLogger(logger *slog.Logger) error {
	if logger == nil {
		return errors.New("WithLogger(nil): a logger is needed")
	}
	s.logger = logger
	return nil
}

// Check reports whether the settings go together and with a URL, as [New] does. It is for packages
// that have more to check before they know the URL of the requests.
func (s *Settings) Check(server *url.URL) error {
	with := s.withLogin(server)
	if with.auth && strings.Contains(with.user, ":") {
		return errors.New("basic auth: a user name with a colon cannot be sent")
	}
	if with.auth && with.header.Get("Authorization") != "" {
		return errors.New(`basic auth and WithHeader("Authorization") exclude each other`)
	}
	return nil
}

// withLogin returns the settings with the user name and the password of a URL, unless there are
// others.
func (s *Settings) withLogin(u *url.URL) *Settings {
	with := *s
	if !with.auth && u.User != nil {
		with.auth, with.user = true, u.User.Username()
		with.password, _ = u.User.Password()
	}
	return &with
}

// IsToken reports whether s is a token of RFC 9110, such as the name of a header.
func IsToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		alphanumeric := c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
		if !alphanumeric && !strings.ContainsRune("!#$%&'*+-.^_`|~", rune(c)) {
			return false
		}
	}
	return s != ""
}
