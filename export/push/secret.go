// SPDX-License-Identifier: Apache-2.0

package push

import (
	"cmp"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
)

const (
	// minSecret is the length from which a user name, a header or a query value is taken for a secret: users, tenants and
	// switches, such as 1, are shorter, and to black out every 1 would leave nothing of an error. Passwords are secret at
	// any length.
	minSecret = 8

	// minUser is that length for a user name without a password, which is mostly a token.
	minUser = 4

	// withheld stands for a text that repeats a secret in a form that cannot be cut out of it.
	withheld = "(not shown, it repeats credentials)"
)

// redact takes secrets out of a text. They are never put into an error, but servers send back what they were sent: a page
// for 404 with the whole request, or a line that is not HTTP, which net/http quotes. Secrets as they are, and in the usual
// forms, are blacked out. If the text then still has one, escaped or encoded in another way or in part, none of the text is
// shown: see finder.
//
// It is a function and no type, so that whoever prints, dumps or compares a Pusher finds no secret in it.
type redact func(text string) string

func newRedact(secrets []string) redact {
	if len(secrets) == 0 {
		return func(text string) string { return text }
	}
	var forms []string
	for _, s := range secrets {
		forms = append(forms, s, url.QueryEscape(s), url.PathEscape(s), base64.StdEncoding.EncodeToString([]byte(s)))
	}
	// Of forms that begin at the same place the replacer takes the first in its list: a password may begin with another
	// secret, and the longer one must go.
	slices.SortFunc(forms, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	var pairs []string
	for _, s := range forms {
		pairs = append(pairs, s, "***")
	}
	replacer, finder := strings.NewReplacer(pairs...), newFinder(secrets)
	return func(text string) string {
		if text = replacer.Replace(text); finder.finds(text) {
			return withheld
		}
		return text
	}
}

// secretsOf collects what must not be shown.
func secretsOf(c *config, u *url.URL, proxy *url.URL) []string {
	var secrets []string
	add := func(s string, least int) {
		if len(s) >= max(least, 1) {
			secrets = append(secrets, s)
		}
	}
	login := func(user, password string) {
		add(password, 1)
		if password == "" {
			add(user, minUser)
		} else {
			add(user, minSecret)
			add(user+":"+password, 1)
		}
	}
	if c.auth {
		login(c.user, c.password)
	}
	if proxy != nil && proxy.User != nil {
		password, _ := proxy.User.Password()
		login(proxy.User.Username(), password)
	}
	for _, values := range c.header {
		for _, v := range values {
			add(v, minSecret)
			// Bearer x, and session=x; other=y
			for _, part := range strings.FieldsFunc(v, func(r rune) bool { return strings.ContainsRune(" \t,;=\"", r) }) {
				add(part, minSecret)
			}
			if scheme, coded, ok := strings.Cut(v, " "); ok && strings.EqualFold(scheme, "Basic") {
				if plain, err := base64.StdEncoding.DecodeString(strings.TrimSpace(coded)); err == nil {
					user, password, _ := strings.Cut(string(plain), ":")
					login(user, password)
				}
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
	slices.Sort(secrets)
	return slices.Compact(secrets)
}

// proxyOf is the proxy that the default client would use, for the credentials in its URL.
func proxyOf(c *config, u *url.URL) *url.URL {
	if c.client != nil {
		return nil
	}
	proxy, _ := http.ProxyFromEnvironment(&http.Request{URL: u})
	return proxy
}

// proxyFromEnvironment is http.ProxyFromEnvironment but for its error, which quotes the variable, password and all.
func proxyFromEnvironment(r *http.Request) (*url.URL, error) {
	proxy, err := http.ProxyFromEnvironment(r)
	if err != nil {
		return nil, errors.New("the proxy of the environment is no URL (not shown, it may hold a password)")
	}
	return proxy, nil
}

// wrap returns an error that says what err says, without secrets, and that is what err is for errors.Is and errors.As.
func (r redact) wrap(err error) error {
	// The client's own wrapper repeats the method and the URL.
	if e := (*url.Error)(nil); errors.As(err, &e) {
		err = e.Err
	}
	return &redacted{r(err.Error()), func() (redact, error) { return r, err }}
}

// redacted has no Unwrap, so that nobody prints the cause who only walks the chain.
type redacted struct {
	text  string
	cause func() (redact, error) // a function for the same reason that redact is one
}

func (e *redacted) Error() string { return e.text }

func (e *redacted) Is(target error) bool {
	_, cause := e.cause()
	return errors.Is(cause, target)
}

// As finds an error in the chain of the cause, unless its text has a secret.
func (e *redacted) As(target any) bool {
	hide, cause := e.cause()
	found := reflect.New(reflect.TypeOf(target).Elem())
	if !errors.As(cause, found.Interface()) {
		return false
	}
	if err, ok := found.Elem().Interface().(error); ok && hide(err.Error()) != err.Error() {
		return false
	}
	reflect.ValueOf(target).Elem().Set(found.Elem())
	return true
}
