// SPDX-License-Identifier: Apache-2.0

package push

import (
	"cmp"
	"encoding/base64"
	"errors"
	"net/url"
	"slices"
	"strings"
)

// minSecret is the length from which a header or a query value is taken for a secret: tenants and switches, such as 1, are
// shorter, and to black out every 1 would leave nothing of an error. Passwords are secret at any length.
const minSecret = 8

// redactor blacks out secrets. They are never put into an error, but servers send back what they were sent: a page for 404
// with the whole request, or a line that is not HTTP, which net/http quotes.
type redactor struct{ *strings.Replacer }

func newRedactor(c *config, u *url.URL) redactor {
	var secrets []string
	add := func(s string, least int) {
		if len(s) >= least {
			secrets = append(secrets, s)
		}
	}
	if c.auth {
		add(base64.StdEncoding.EncodeToString([]byte(c.user+":"+c.password)), 1)
		add(c.password, 1)
		add(url.QueryEscape(c.password), 1)
		add(url.PathEscape(c.password), 1)
	}
	for _, values := range c.header {
		for _, v := range values {
			add(v, minSecret)
			if _, token, ok := strings.Cut(v, " "); ok { // Bearer ...
				add(token, minSecret)
			}
		}
	}
	for pair := range strings.SplitSeq(u.RawQuery, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if name == "extra_label" {
			continue // a label, and most likely what the error is about
		}
		add(value, minSecret)
		if plain, err := url.QueryUnescape(value); err == nil {
			add(plain, minSecret)
		}
	}
	// Of secrets that begin at the same place the replacer takes the first in its list: a password may begin with another
	// secret, and the longer one must go.
	slices.SortFunc(secrets, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	var pairs []string
	for _, s := range secrets {
		pairs = append(pairs, s, "***")
	}
	return redactor{strings.NewReplacer(pairs...)}
}

// wrap returns an error that says what err says, secrets blacked out, and that is what err is for errors.Is and errors.As.
func (r redactor) wrap(err error) error {
	// The client's own wrapper repeats the method and the URL.
	if e := (*url.Error)(nil); errors.As(err, &e) {
		err = e.Err
	}
	return &redacted{r.Replace(err.Error()), err}
}

// redacted has no Unwrap, so that nobody prints the cause who only walks the chain.
type redacted struct {
	text  string
	cause error
}

func (e *redacted) Error() string        { return e.text }
func (e *redacted) Is(target error) bool { return errors.Is(e.cause, target) }
func (e *redacted) As(target any) bool   { return errors.As(e.cause, target) }
