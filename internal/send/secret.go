// SPDX-License-Identifier: Apache-2.0

package send

import (
	"cmp"
	"encoding/base64"
	"errors"
	"net/url"
	"reflect"
	"slices"
	"strings"
)

const (
	// minSecret is the length from which a user name, a header or a query value counts as a secret.
	// Users, tenants and switches such as 1 are shorter, and if every 1 were blacked out, an error
	// would be unreadable. Passwords are secret at any length.
	minSecret = 8

	// minUser is this length for a user name without a password, which is usually a token.
	minUser = 4

	// withheld replaces a text that repeats a secret in a form that cannot be blacked out.
	withheld = "(not shown, it repeats credentials)"
)

// redact removes secrets from a text. This package never puts them into an error, but servers send
// them back: a page for a 404 may contain the whole request, and net/http quotes a line that is not
// HTTP. Secrets are blacked out as they are and in the usual encodings. If the text still contains
// a secret, or a part of one, in any other encoding, the whole text is withheld: see finder.
//
// It is a function and not a struct, so that a Sender that is printed, dumped or compared shows no
// secret.
type redact func(text string) string

func newRedact(secrets []string) redact {
	if len(secrets) == 0 {
		return func(text string) string { return text }
	}
	var forms []string
	for _, s := range secrets {
		forms = append(forms, s, url.QueryEscape(s), url.PathEscape(s), base64.StdEncoding.EncodeToString([]byte(s)))
	}
	// If several forms begin at the same place, the replacer takes the first in its list. A
	// password may begin with another secret, so the longer forms come first.
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

// secretsOf collects the secrets that must not be shown.
func secretsOf(s *Settings, u *url.URL, proxy *url.URL) []string {
	var secrets []string
	add := func(secret string, least int) {
		if len(secret) >= max(least, 1) {
			secrets = append(secrets, secret)
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
	if s.auth {
		login(s.user, s.password)
	}
	if proxy != nil && proxy.User != nil {
		password, _ := proxy.User.Password()
		login(proxy.User.Username(), password)
	}
	for _, values := range s.header {
		for _, v := range values {
			add(v, minSecret)
			// Bearer x, and session=x; other=y
			separates := func(r rune) bool { return strings.ContainsRune(" \t,;=\"", r) }
			for _, part := range strings.FieldsFunc(v, separates) {
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
			continue // it is a label, which is probably the subject of the error
		}
		add(value, minSecret)
		if plain, err := url.QueryUnescape(value); err == nil {
			add(plain, minSecret)
		}
	}
	slices.Sort(secrets)
	return slices.Compact(secrets)
}

// wrap returns an error with the text of err without secrets. errors.Is and errors.As treat it like
// err.
func (r redact) wrap(err error) error {
	// The error of http.Client repeats the method and the URL.
	if e := (*url.Error)(nil); errors.As(err, &e) {
		err = e.Err
	}
	return &redacted{r(err.Error()), func() (redact, error) { return r, err }}
}

// redacted is an error whose text has no secrets. It has no Unwrap method, so that code that prints
// a chain of errors does not print the cause.
type redacted struct {
	text  string
	cause func() (redact, error) // a function, so that a dump of the error does not show it
}

func (e *redacted) Error() string { return e.text }

func (e *redacted) Is(target error) bool {
	_, cause := e.cause()
	return errors.Is(cause, target)
}

// As finds an error in the chain of the cause, but not one whose text has a secret.
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
