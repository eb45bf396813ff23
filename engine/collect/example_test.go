// SPDX-License-Identifier: Apache-2.0

package collect_test

import (
	"errors"
	"fmt"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/engine/collect"
)

// A program registers the groups that it wants. Each can be registered once.
func Example() {
	reg := engine.NewRegistry()
	err := errors.Join(collect.Go(reg), collect.Process(reg), collect.Build(reg))
	fmt.Println(err)
	fmt.Println(errors.Is(collect.Go(reg), engine.ErrTaken))
	// Output:
	// <nil>
	// true
}

func ExampleBuild() {
	reg := engine.NewRegistry()
	if err := collect.Build(reg); err != nil {
		fmt.Println(err)
	}
	info, _ := reg.Lookup("go_build_info")
	fmt.Println(info.Type, info.Labels)
	// Output: gauge [path version checksum]
}
