// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"database/sql/driver"
	"errors"
)

// connector opens connections without a database, so the example needs none.
type connector struct{}

func (connector) Connect(context.Context) (driver.Conn, error) { return connection{}, nil }
func (connector) Driver() driver.Driver                        { return nil }

type connection struct{}

var errNoDatabase = errors.New("this connection has no database")

func (connection) Prepare(string) (driver.Stmt, error) { return nil, errNoDatabase }
func (connection) Begin() (driver.Tx, error)           { return nil, errNoDatabase }
func (connection) Close() error                        { return nil }
