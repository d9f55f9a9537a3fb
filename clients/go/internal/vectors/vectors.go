// Package vectors reads the golden vectors of the repository, for tests.
package vectors

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// Root is the top of the repository.
func Root(t *testing.T) string {
	t.Helper()
	_, here, _, ok := runtime.Caller(0)
	if !ok {
		t.Fatal("no source file to start from")
	}
	return filepath.Join(filepath.Dir(here), "../../../..")
}

// Read decodes one file, named from the top of the repository, into what `into` points to.
func Read(t *testing.T, path string, into any) {
	t.Helper()
	bytes, err := os.ReadFile(filepath.Join(Root(t), path))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(bytes, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// Cases refuses a file without cases: a test that looks at nothing must not pass.
func Cases(t *testing.T, count int) {
	t.Helper()
	if count == 0 {
		t.Fatal("the vectors hold no case")
	}
}
