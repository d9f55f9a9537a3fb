package index_test

import (
	"testing"

	"revocast.dev/go/index"
	"revocast.dev/go/internal/vectors"
	"revocast.dev/go/record"
)

func TestCutoffVectors(t *testing.T) {
	var file struct {
		OfEvents []struct {
			At                  int64
			LeadSeconds, Cutoff float64
		}
		InFuture []struct {
			IssuedBefore, ClockSkewSeconds, LeadSeconds float64
			Now                                         int64
			Refused                                     bool
		}
	}
	vectors.Read(t, "test/vectors/cutoffs.json", &file)
	vectors.Cases(t, len(file.OfEvents))
	vectors.Cases(t, len(file.InFuture))
	for _, c := range file.OfEvents {
		if got := index.CutoffForEvent(c.At, c.LeadSeconds); got != c.Cutoff {
			t.Errorf("%+v: got %v", c, got)
		}
	}
	for _, c := range file.InFuture {
		if got := index.IsCutoffInFuture(c.IssuedBefore, c.Now, c.ClockSkewSeconds, c.LeadSeconds); got != c.Refused {
			t.Errorf("%+v: got %v", c, got)
		}
	}
}

// endsAt ends at second 10,000.
func endsAt(seconds float64) record.Revocation {
	return record.Revocation{ID: "r", Issuer: "i", Key: record.Key{Scope: "session", SID: "s"}, RetainUntil: &seconds}
}

func TestReclaimsByTheClockThatIsBehind(t *testing.T) {
	token := index.Token{Issuer: "i", SID: "s"}
	isHeld := func(nowMs, tickMs int64) bool {
		x := index.New()
		x.Apply(endsAt(10_000))
		x.Reclaim(nowMs, tickMs)
		_, found := x.Find(token, 9_999_000, "iat")
		if found != (x.Held() == 1) {
			t.Errorf("holds %d", x.Held())
		}
		return found
	}
	const later = (10_000 + 3600) * 1000
	if isHeld(later, later) {
		t.Error("keeps what ended an hour ago by both clocks")
	}
	for _, clocks := range [][2]int64{{later - 1, later}, {later, later - 1}, {1 << 50, 0}, {0, 1 << 50}} {
		if !isHeld(clocks[0], clocks[1]) {
			t.Errorf("forgets at %v", clocks)
		}
	}
}

func TestHashesTheSigningInputOnlyIfAsked(t *testing.T) {
	hashed := 0
	token := index.Token{Issuer: "i", SID: "s", SigningInputHash: func() string { hashed++; return "h" }}
	x := index.New()
	x.Apply(endsAt(10_000))
	x.Find(token, 0, "iat")
	if hashed != 0 {
		t.Error("hashes though nothing asks for it")
	}
	until := 10_000.0
	byHash := record.Revocation{ID: "h", Issuer: "i", Key: record.Key{Scope: "token", SigningInputHash: "h"}, RetainUntil: &until}
	x.Apply(byHash)
	if hit, _ := x.Find(token, 0, "iat"); hit.RevocationID != "h" || hashed != 1 {
		t.Errorf("got %+v after %d hashes", hit, hashed)
	}
}

// Without the hash key nobody can say when a wave comes: everybody is hit.
func TestSpreadWithoutHashKey(t *testing.T) {
	entry := record.Revocation{ID: "r", Issuer: "i", Key: record.Key{Scope: "issuer"}, Suspended: true}
	entry.Condition = &record.Condition{Spread: &record.Spread{From: 9_000, Until: 10_000}}
	x := index.New()
	x.Apply(entry)
	token := index.Token{Issuer: "i", Sub: "alice"}
	if _, hit := x.Find(token, 8_999_000, "iat"); !hit {
		t.Error("passes without a hash key")
	}
	x.LearnHashKey([16]byte{1})
	if _, hit := x.Find(token, 8_999_000, "iat"); hit {
		t.Error("is hit before the first wave")
	}
}
