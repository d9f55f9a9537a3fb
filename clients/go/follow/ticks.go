package follow

import (
	"math"

	"revocast.dev/go/record"
)

// told: what a proof must agree with, as it was when we asked. head: how far the log goes at least, by ticks of the service.
// spoken: the service has had its say over this connection, or is not to be waited for any longer.
type told struct {
	head   int64
	spoken bool
}

// ticks tell the service's time, its bound for the fleet, how far the log goes at least, and that the live feed is not dead. Never
// that we are fresh: in a feed that is ten seconds late every tick arrives on time.
type ticks struct {
	newest                  *record.Tick
	heardAt, listeningSince float64
	alarmed, heardHere      bool
	// waiting: nobody was told yet that the wait for the first one over this connection is over.
	waiting bool
	heads   map[string]int64
	epochs  []string

	seen       map[string]bool
	seenOrder  []string
	newestSane float64
}

func newTicks() *ticks {
	return &ticks{heardAt: never, listeningSince: never, waiting: true, heads: map[string]int64{}, seen: map[string]bool{}}
}

// isNew tells new ticks from repeated ones: somebody who replays old signed ticks could otherwise make a dead feed look alive.
func (t *ticks) isNew(tick record.Tick, now Instant) bool {
	time := float64(tick.TimeMs)
	if t.seen[tick.ID] || time < t.newestSane-tickAgeMsMax {
		return false
	}
	t.seen[tick.ID] = true
	t.seenOrder = append(t.seenOrder, tick.ID)
	if len(t.seenOrder) > ticksRememberedMax {
		delete(t.seen, t.seenOrder[0])
		t.seenOrder = t.seenOrder[1:]
	}
	// An instance whose clock runs hours ahead must not make all others' ticks look old.
	t.newestSane = math.Max(t.newestSane, math.Min(time, now.Wall+tickAgeMsMax))
	return true
}

// hear is true if no newer tick was heard before.
func (t *ticks) hear(tick record.Tick, now Instant) bool {
	if t.heardAt != never {
		t.heardAt = now.Monotonic
	}
	t.alarmed = false
	t.tell(tick)
	if t.newest != nil && tick.TimeMs <= t.newest.TimeMs {
		return false
	}
	t.newest = &tick
	t.heardHere = true
	return true
}

func (t *ticks) told(epoch string, now Instant) told { return told{t.heads[epoch], t.hasSpoken(now)} }

// endsWait is true once per connection, when the wait for the first tick is over: what was asked for before proves nothing.
func (t *ticks) endsWait(now Instant) bool {
	if !t.waiting || !t.hasSpoken(now) {
		return false
	}
	t.waiting = false
	return true
}

func (t *ticks) listen(now Instant) { t.heardAt, t.listeningSince = now.Monotonic, now.Monotonic }

// pause: the connection is gone, silence no longer means anything.
func (t *ticks) pause() {
	t.heardAt, t.listeningSince = never, never
	t.alarmed, t.heardHere, t.waiting = false, false, true
}

// alarms once per silence, when it has lasted for three ticks.
func (t *ticks) alarms(now Instant) bool {
	if t.alarmed || now.Monotonic-t.heardAt < ticksMissedMs {
		return false
	}
	t.alarmed = true
	return true
}

func (t *ticks) hasSpoken(now Instant) bool {
	return t.heardHere || now.Monotonic-t.listeningSince >= firstTickMsMax
}

// tell: every instance tells what it knows, so the highest head is true. The epochs that were heard of last are remembered.
func (t *ticks) tell(tick record.Tick) {
	for i, epoch := range t.epochs {
		if epoch == tick.Epoch {
			t.epochs = append(t.epochs[:i], t.epochs[i+1:]...)
			break
		}
	}
	t.epochs = append(t.epochs, tick.Epoch)
	t.heads[tick.Epoch] = larger(t.heads[tick.Epoch], tick.Head)
	if len(t.epochs) > epochsToldMax {
		delete(t.heads, t.epochs[0])
		t.epochs = t.epochs[1:]
	}
}
