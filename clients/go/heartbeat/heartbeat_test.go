package heartbeat_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"revocast.dev/go/heartbeat"
	"revocast.dev/go/index"
	"revocast.dev/go/internal/vectors"
	"revocast.dev/go/record"
	"revocast.dev/go/settings"
)

// TestHeartbeatVectors: what the service reads, our heartbeats can say, member by member.
func TestHeartbeatVectors(t *testing.T) {
	var file struct {
		Cases []struct {
			About, Payload string
			Heartbeat      json.RawMessage
		}
	}
	vectors.Read(t, "test/vectors/heartbeats.json", &file)
	read := 0
	for _, c := range file.Cases {
		if string(c.Heartbeat) == "null" {
			continue
		}
		read++
		t.Run(c.About, func(t *testing.T) {
			var beat heartbeat.Heartbeat
			decoder := json.NewDecoder(strings.NewReader(string(c.Heartbeat)))
			decoder.DisallowUnknownFields()
			if err := decoder.Decode(&beat); err != nil {
				t.Fatal(err)
			}
			payload, ok := beat.Encode()
			if !ok || !reflect.DeepEqual(asJSON(t, payload), asJSON(t, c.Heartbeat)) {
				t.Errorf("got  %s\nwant %s", payload, c.Heartbeat)
			}
		})
	}
	vectors.Cases(t, read)
}

func asJSON(t *testing.T, text []byte) any {
	t.Helper()
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatal(err)
	}
	return value
}

func TestSettingsVectors(t *testing.T) {
	var file struct {
		Cases []struct {
			About, Digest string
			Settings      record.Settings
			Scopes        []string
			WeakerThan    map[string][]string
		}
	}
	vectors.Read(t, "test/vectors/settings.json", &file)
	vectors.Cases(t, len(file.Cases))
	for _, c := range file.Cases {
		if got := settings.Digest(c.Settings); got != c.Digest {
			t.Errorf("%s: digest %s, want %s", c.About, got, c.Digest)
		}
		if got := settings.Enforceable(c.Settings); !reflect.DeepEqual(got, c.Scopes) {
			t.Errorf("%s: scopes %v, want %v", c.About, got, c.Scopes)
		}
		for _, other := range file.Cases {
			if got := settings.Weaknesses(c.Settings, other.Settings); !reflect.DeepEqual(got, c.WeakerThan[other.About]) {
				t.Errorf("%s, not %s: %v, want %v", c.About, other.About, got, c.WeakerThan[other.About])
			}
		}
	}
}

func TestCountsTheLatestTokensAlone(t *testing.T) {
	window := heartbeat.NewWindow(record.Settings{Issuer: "i", Claims: map[string][]string{"session": {"sid"}, "subject": {"sub"}}})
	for i := 0; i < 4; i++ {
		window.Note(index.Token{SID: "s", ClientID: "c"})
	}
	want := map[string]int{"token": 0, "session": 4, "subject": 0}
	if got := window.Coverage(); got.Tokens != 4 || !reflect.DeepEqual(got.Seen, want) {
		t.Errorf("got %+v", got)
	}
	for i := 0; i < 10_000; i++ {
		window.Note(index.Token{Sub: "a"})
	}
	want = map[string]int{"token": 0, "session": 0, "subject": 10_000}
	if got := window.Coverage(); got.Tokens != 10_000 || !reflect.DeepEqual(got.Seen, want) {
		t.Errorf("got %+v", got)
	}
}
