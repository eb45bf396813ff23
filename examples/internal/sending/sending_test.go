// SPDX-License-Identifier: Apache-2.0

package sending

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestArgumentsThatCannotBeParsedAreWrongUsage(t *testing.T) {
	parse := func(args ...string) (string, error) {
		var stderr strings.Builder
		flags := flag.NewFlagSet("example", flag.ContinueOnError)
		flags.Int("n", 1, "a `number`")
		err := Parse(flags, args, &stderr)
		return stderr.String(), err
	}
	out, err := parse("-n", "3")
	require.NoError(t, err)
	require.Empty(t, out)
	require.Equal(t, 0, status(err))

	out, err = parse("-n", "three")
	require.ErrorIs(t, err, ErrUsage)
	require.Equal(t, 2, status(err))
	require.Contains(t, out, "-n number")

	out, err = parse("-h")
	require.ErrorIs(t, err, flag.ErrHelp)
	require.Equal(t, 0, status(err))
	require.Contains(t, out, "-n number")

	require.Equal(t, 1, status(fmt.Errorf("sending: %w", io.ErrUnexpectedEOF)))
}

// The last values are those of the last piece of work, so sending ends after the work.
func TestTheLastSendComesAfterTheLastPieceOfWork(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	worked, last := 0, make(chan error, 1)
	failed := errors.New("503")
	send := func(ctx context.Context, every time.Duration) error {
		require.Equal(t, time.Minute, every)
		<-ctx.Done()
		return <-last
	}
	work := func() {
		if worked++; worked == 3 {
			stop()
			last <- failed
		}
	}
	err := Until(ctx, send, time.Minute, work)
	require.ErrorIs(t, err, failed)
	require.ErrorContains(t, err, "the last values have not arrived")
	require.Equal(t, 3, worked)
}
