module revocast.dev/go

go 1.19
