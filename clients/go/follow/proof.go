package follow

import (
	"math"
	"sync/atomic"
)

// proof: at this moment we held everything that the log had. It is dated by asking, never by the answer.
type proof struct {
	at Instant
	// jumped is remembered: a clock that is stepped back again does not bring the proof back.
	jumped atomic.Bool
}

// stalenessMs by the clock that ran faster: neither a stopped process nor a stepped clock makes us fresher.
func (p *proof) stalenessMs(now Instant) float64 {
	if p == nil {
		return never
	}
	return math.Max(now.Monotonic-p.at.Monotonic, now.Wall-p.at.Wall)
}

// isDoubtful: the clocks disagree since the proof, so nobody knows its age; only a new proof ends that.
func (p *proof) isDoubtful(now Instant) bool {
	if p == nil {
		return false
	}
	if math.Abs(now.Wall-p.at.Wall-(now.Monotonic-p.at.Monotonic)) > clockJumpMsMax {
		p.jumped.Store(true)
	}
	return p.jumped.Load()
}

// claim: the log's head as its leader told it, not yet reached by our watermark.
type claim struct {
	target int64
	at     Instant
}

// claims keeps the oldest head that is not reached yet, and the newest. With the newest alone, a log that grows faster than we
// read would never prove anything; with all of them, memory would grow.
type claims struct{ oldest, newest *claim }

func (c *claims) offer(target int64, at Instant) {
	if c.oldest != nil && c.oldest.target > target {
		// Heads only grow: the log lost what the older claim waits for.
		*c = claims{}
	}
	if c.oldest == nil {
		c.oldest = &claim{target, at}
	} else {
		c.newest = &claim{target, at}
	}
}

// takeReached answers the latest instant whose head the watermark has reached.
func (c *claims) takeReached(watermark int64) *Instant {
	var reached *Instant
	for c.oldest != nil && c.oldest.target <= watermark {
		at := c.oldest.at
		reached = &at
		c.oldest, c.newest = c.newest, nil
	}
	return reached
}
