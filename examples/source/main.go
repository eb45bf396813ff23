// SPDX-License-Identifier: Apache-2.0

// Source exposes what it finds at scrape time: the files of a spool folder, by queue. Nobody knows
// beforehand which queues there are, so the metrics are not defined; every scrape writes them anew.
//
//	$ go run ./examples/source
//	Serving metrics on: http://127.0.0.1:8000/metrics
//
//	$ curl -s http://127.0.0.1:8000/metrics | grep spool_ | grep -v '^#'
//	spool_bytes{queue="mail"} 18231
//	spool_files{queue="mail"} 3
package main

import (
	"context"
	"io/fs"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/examples/internal/run"
)

// spool is a folder with a folder of files for each queue. It implements engine.Source.
type spool struct{ dir fs.FS }

// Emit is called by every scrape. It ends early when the scrape does not wait any longer.
func (s *spool) Emit(ctx context.Context, w *engine.Writer) error {
	queues, err := fs.ReadDir(s.dir, ".")
	if err != nil {
		return err
	}
	for _, queue := range queues {
		if err := ctx.Err(); err != nil {
			return err // the queues that are written already are on the page
		}
		files, err := fs.ReadDir(s.dir, queue.Name())
		if err != nil {
			continue // a plain file, or a queue that is gone
		}
		size := int64(0)
		for _, file := range files {
			if info, err := file.Info(); err == nil {
				size += info.Size()
			}
		}
		label := engine.Label{Name: "queue", Value: queue.Name()}
		w.Gauge("spool_files", "Files in the queue.", float64(len(files)), label)
		w.Gauge("spool_bytes", "Size of the queue.", float64(size), label)
	}
	return nil
}

func main() {
	dir, err := os.MkdirTemp("", "spool")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)

	reg := engine.NewRegistry()
	if err := reg.Attach(&spool{os.DirFS(dir)}, engine.WithTimeout(time.Second)); err != nil {
		log.Fatal(err)
	}
	run.Work(reg, func(ctx context.Context) {
		for i := 0; run.Pause(ctx, 100*time.Millisecond); i++ {
			if err := enqueue(dir, []string{"mail", "print"}[i%2], i); err != nil {
				log.Print(err)
			}
		}
	})
}

// enqueue puts a file into a queue, and makes the queue with its first file.
func enqueue(dir, queue string, i int) error {
	if err := os.MkdirAll(filepath.Join(dir, queue), 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, queue, strconv.Itoa(i)), []byte("a job"), 0o600)
}
