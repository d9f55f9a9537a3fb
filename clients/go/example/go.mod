module revocast.dev/go/example

go 1.19

require (
	github.com/golang-jwt/jwt/v5 v5.2.2
	github.com/nats-io/nats.go v1.31.0
	revocast.dev/go v0.0.0
	revocast.dev/go/revocast v0.0.0
)

require (
	github.com/klauspost/compress v1.17.2 // indirect
	github.com/nats-io/nkeys v0.4.7 // indirect
	github.com/nats-io/nuid v1.0.1 // indirect
	golang.org/x/crypto v0.17.0 // indirect
	golang.org/x/sys v0.15.0 // indirect
)

replace (
	revocast.dev/go => ../
	revocast.dev/go/revocast => ../revocast
)
