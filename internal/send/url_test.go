// SPDX-License-Identifier: Apache-2.0

package send

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseURLRefusesWhatIsNoServer(t *testing.T) {
	for raw, want := range map[string]string{
		"localhost:9091":      "the URL must begin with http:// or https://",
		"ftp://gw":            "the URL must begin with http:// or https://",
		"unix:///run/gw.sock": "the URL must begin with http:// or https://",
		"":                    "the URL must begin with http:// or https://",
		"http://":             "the URL has no host",
		"http://:9091":        "the URL has no host",
		"http://gw/#x":        "the URL has a fragment (#...), which no server sees",
		"http://gw/%zz":       `the URL cannot be parsed: invalid URL escape "%zz"`,
		"http://me:secret%@gw": "the URL cannot be parsed (not shown, it may hold a password): " +
			"percent-encode the user name and the password",
	} {
		_, err := ParseURL(raw)
		require.EqualError(t, err, want, raw)
	}
}

func TestErrorsOfParseURLDoNotShowThePassword(t *testing.T) {
	for _, raw := range []string{
		"http://me:hunter2@gw:port/", "http://me:hunter2@/", "http://me:hunter2%zz@gw", "http://me:hun ter2@gw",
		"http://me:hunter2/x@gw:1", "ftp://me:hunter2@gw", "http://me:hunter2@gw/%zz", "http://me:hunter2@gw/#x",
	} {
		_, err := ParseURL(raw)
		require.Error(t, err, raw)
		require.NotContains(t, err.Error(), "hun", raw)
		require.NotContains(t, err.Error(), "ter2", raw)
	}
}

func TestAShownURLHasNoUserPasswordAndQuery(t *testing.T) {
	u, err := ParseURL("https://me:" + password + "@gw:1/a%2Fb/c?key=" + token)
	require.NoError(t, err)
	require.Equal(t, "https://gw:1/a%2Fb/c", shown(u))
}
