// SPDX-License-Identifier: Apache-2.0

package collect

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

// refusing is a database that nobody can connect to. Its pool has statistics all the same. The
// nested module internal/databases has tests with databases that answer.
type refusing struct{}

func (refusing) Connect(context.Context) (driver.Conn, error) { return nil, errors.New("refused") }
func (refusing) Driver() driver.Driver                        { return nil }

func openDB(t testing.TB, maxOpen int) *sql.DB {
	db := sql.OpenDB(refusing{})
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	db.SetMaxOpenConns(maxOpen)
	return db
}

func TestDatabasesStandBesideEachOtherUnderTheirNames(t *testing.T) {
	reg := engine.NewRegistry()
	require.NoError(t, DB(reg, "orders", openDB(t, 3)))
	require.NoError(t, DB(reg, "users", openDB(t, 4)))
	page := pageOf(t, reg)
	require.Equal(t, map[string]float64{`{db_name="orders"}`: 3, `{db_name="users"}`: 4},
		page.Named("go_sql_max_open_connections"))
	require.Len(t, page.Types, 9)
	require.Len(t, page.Samples, 18)

	err := DB(reg, "users", openDB(t, 5))
	require.ErrorIs(t, err, engine.ErrTaken)
	require.ErrorContains(t, err, `collect.DB("users")`)
	require.Equal(t, page.Samples, pageOf(t, reg).Samples)
}

func TestADatabaseThatIsNilIsAnError(t *testing.T) {
	require.ErrorIs(t, DB(engine.NewRegistry(), "orders", nil), engine.ErrOption)
	require.ErrorIs(t, DB(nil, "orders", openDB(t, 1)), engine.ErrOption)
}

func TestADatabaseThatIsClosedHasMetrics(t *testing.T) {
	reg, db := engine.NewRegistry(), openDB(t, 3)
	require.NoError(t, DB(reg, "orders", db))
	require.NoError(t, db.Close())
	require.EqualValues(t, 3, pageOf(t, reg).Value(t, "go_sql_max_open_connections", "db_name", "orders"))
}
