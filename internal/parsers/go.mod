module github.com/quipu-metrics/quipu/internal/parsers

go 1.26.0

require (
	github.com/prometheus/client_model v0.6.3
	github.com/prometheus/common v0.72.0
	github.com/prometheus/prometheus v0.315.0
	github.com/quipu-metrics/quipu v0.0.0
	github.com/stretchr/testify v1.12.1
	google.golang.org/protobuf v1.36.12
)

replace github.com/quipu-metrics/quipu => ../..
