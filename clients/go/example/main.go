// A small protected API: GET /me answers for a good token, /health says how the node is. All settings come from the environment, named
// as those of the Node.js apps (docs/settings.md).
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"revocast.dev/go/revocast"
)

func main() {
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	settings, err := readSettings(os.Getenv)
	if err != nil {
		return err
	}
	settings.node.Log = func(event, about string) { log.Println(event, about) }
	// Not with ctx: requests that are under way when it ends still need an answer.
	node, err := revocast.Connect(context.Background(), settings.node)
	if err != nil {
		return err
	}
	defer node.Close()
	node.Guard()

	guard := &guard{node: node, issuers: settings.issuers}
	mux := http.NewServeMux()
	mux.Handle("/me", guard.protect(http.HandlerFunc(me)))
	mux.HandleFunc("/health", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, node.Status()) })
	return serve(ctx, settings.address, mux)
}

func me(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, http.StatusOK, map[string]string{"sub": subjectOf(r.Context())})
}

func serve(ctx context.Context, address string, handler http.Handler) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		<-ctx.Done()
		within, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = server.Shutdown(within)
	}()
	fmt.Printf("listening on http://%s\n", listener.Addr())
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
