// SPDX-License-Identifier: Apache-2.0

package databases

import (
	"net"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"
)

// postgres is a server that speaks just enough of PostgreSQL's protocol to let pgx connect and to
// answer that every query has done nothing.
type postgres struct {
	listener net.Listener
	serving  sync.WaitGroup

	mu          sync.Mutex
	connections []net.Conn
}

// startPostgres starts a server, which stops with the test, and returns its URL.
func startPostgres(t testing.TB) (url string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &postgres{listener: listener}
	p.serving.Go(p.accept)
	t.Cleanup(p.stop)
	return "postgres://user@" + listener.Addr().String() + "/orders?sslmode=disable"
}

func (p *postgres) accept() {
	for {
		connection, err := p.listener.Accept()
		if err != nil {
			return // the listener is closed
		}
		p.mu.Lock()
		p.connections = append(p.connections, connection)
		p.mu.Unlock()
		p.serving.Go(func() {
			defer connection.Close()
			serve(connection)
		})
	}
}

// stop closes all connections and waits for their goroutines.
func (p *postgres) stop() {
	p.listener.Close()
	p.mu.Lock()
	for _, connection := range p.connections {
		connection.Close()
	}
	p.mu.Unlock()
	p.serving.Wait()
}

// serve answers one connection until it ends.
func serve(connection net.Conn) {
	backend := pgproto3.NewBackend(connection, connection)
	if _, err := backend.ReceiveStartupMessage(); err != nil {
		return
	}
	backend.Send(&pgproto3.AuthenticationOk{})
	backend.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
	for backend.Flush() == nil {
		message, err := backend.Receive()
		if err != nil {
			return
		}
		switch message.(type) {
		case *pgproto3.Query:
			backend.Send(&pgproto3.EmptyQueryResponse{})
			backend.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
		case *pgproto3.Terminate:
			return
		default:
			backend.Send(&pgproto3.ErrorResponse{Severity: "FATAL", Code: "0A000", Message: "simple queries only"})
			_ = backend.Flush()
			return
		}
	}
}
