// SPDX-License-Identifier: Apache-2.0

package testkit

import (
	"go/ast"
	"go/parser"
	"go/token"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCheckPinnedFindsWritesAfterUnpinAndOwnersThatAreNotKeptAlive(t *testing.T) {
	for body, want := range map[string][]string{
		"func (c *C) Inc() { p := percpu.Word(percpu.Pin(), 1); percpu.Add(p, 1); percpu.Unpin(); " +
			"runtime.KeepAlive(c) }": nil,
		"func (c *C) Inc() { p := percpu.Word(percpu.Pin(), 1); percpu.Unpin(); percpu.Add(p, 1); " +
			"runtime.KeepAlive(c) }": {
			"writes to a private word after Unpin"},
		"func (c *C) Inc() { p := percpu.Word(percpu.Pin(), 1); if p != nil { percpu.Add(p, 1) }; percpu.Unpin() }": {
			"writes to a row and does not keep its owner alive until after Unpin"},
		"func (c *C) Inc() { percpu.Pin(); if c == nil { percpu.Unpin(); return }; percpu.Store(&c.n, 1); " +
			"percpu.Unpin() }": nil,
		"func (c *C) Load() int { return c.sum() }": {"reads rows and does not keep its receiver alive"},
	} {
		file, err := parser.ParseFile(token.NewFileSet(), "c.go", "package c\n"+body, 0)
		require.NoError(t, err)
		require.Equal(t, want, pinnedFaults(file.Decls[0].(*ast.FuncDecl)), body)
	}
}
