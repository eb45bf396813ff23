// SPDX-License-Identifier: Apache-2.0

package promhttp

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/contrib/clientgolang/internal/page"
)

func TestRequestsAtOneTimeShareAGatheringAndItEndsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls, ended atomic.Int64
		c := &coalesced{gather: func() ([]page.Family, func(), error) {
			calls.Add(1)
			time.Sleep(time.Second)
			families := []page.Family{page.Message{MetricFamily: &dto.MetricFamily{}}}
			return families, func() { ended.Add(1) }, errors.New("half of it")
		}}
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				families, done, err := c.join()
				defer done()
				require.EqualError(t, err, "half of it")
				require.Len(t, families, 1)
				families[0] = nil // each has its own slice
			})
		}
		all.Wait()
		require.Equal(t, int64(1), calls.Load())
		require.Equal(t, int64(1), ended.Load())
		_, done, _ := c.join()
		require.Equal(t, int64(2), calls.Load(), "a later one is another one")
		done()
		require.Equal(t, int64(2), ended.Load())
	})
}

func TestAPanicOfASharedGatheringIsAnErrorOfTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := true
		c := &coalesced{gather: func() ([]page.Family, func(), error) {
			time.Sleep(time.Second)
			if first {
				first = false
				panic("gone")
			}
			return nil, func() {}, nil
		}}
		go func() {
			defer func() { require.Equal(t, "gone", recover()) }()
			_, _, _ = c.join()
		}()
		synctest.Wait()
		_, done, err := c.join()
		done()
		require.ErrorIs(t, err, errPanicked)
		_, done, err = c.join()
		done()
		require.NoError(t, err)
	})
}
