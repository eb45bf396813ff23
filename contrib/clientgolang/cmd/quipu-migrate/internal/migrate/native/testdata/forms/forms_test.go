package forms

import (
	"testing"

	"github.com/quipu-metrics/quipu/contrib/clientgolang/testutil"
)

func TestForms(t *testing.T) {
	newServer().handle("GET", nil, 1)
	if testutil.ToFloat64(plain) != 1 || testutil.ToFloat64(requests.WithLabelValues("made", "")) != 0 {
		t.Fatal()
	}
}
