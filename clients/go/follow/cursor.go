package follow

import (
	"math"

	"revocast.dev/go/record"
)

// outcome of a live record. doubtful: only the log can say what stands at its sequence. waiting: it will be read anyway.
type outcome int

const (
	applied outcome = iota
	gap
	duplicate
	conflict
	doubtful
	otherEpoch
	waiting
)

// belief is what we held when we asked for the head: only that may be held against the answer.
type belief struct {
	watermark, target int64
	told              told
}

// headOutcome: rolledBack, the log has less than we had read when we asked; short, less than the service had told by then, and not once only.
type headOutcome int

const (
	headTaken headOutcome = iota
	headRolledBack
	headShort
)

// cursor is where we stand in one log. A log that was rolled back, recreated or replaced gets a new one, which forgets identities
// and watermark; what was revoked stays in the applier.
type cursor struct {
	log        Log
	applier    *applier
	progress   *progress
	identities *identities
	claims     claims
	checks     *checks
	first      int64
	// joinedAt is the first proven head that was heard over this connection; -1 before.
	joinedAt   int64
	headHeard  bool
	shortHeads int
	openedAt   int64
}

func newCursor(log Log, applier *applier) *cursor {
	return &cursor{
		log: log, applier: applier, progress: newProgress(), identities: newIdentities(), checks: newChecks(), joinedAt: -1,
	}
}

func (c *cursor) watermark() int64 { return c.progress.watermark }

// identity is empty where the record at the watermark has aged out before we could read it; and while two records are in conflict
// below it, for whoever is told a watermark takes it that everything up to there is known.
func (c *cursor) identity() string {
	if c.checks.inConflict() {
		return ""
	}
	return c.identities.at(c.watermark())
}

// opened: the watermark covers the record that opens the epoch. That it was heard live is not enough: it may come late, from a log
// of this name that is gone. The lowest place counts: it may be sent again under a later one, and is published again before it ages out.
func (c *cursor) opened() bool { return c.openedAt > 0 && c.openedAt <= c.watermark() }

// isShort: the last head lay below what the service had told, so this log proves nothing.
func (c *cursor) isShort() bool { return c.shortHeads > 0 }

func (c *cursor) caughtUp() bool { return c.headHeard && c.progress.complete() }

// live takes a record of the live feed. It takes effect at once; whether the watermark may move over it is another matter.
func (c *cursor) live(one Record, now Instant) outcome {
	if one.Kind != record.Read {
		return doubtful
	}
	if one.Epoch != c.log.Epoch {
		return otherEpoch
	}
	if c.progress.has(one.Sequence) {
		return c.liveAgain(one)
	}
	return c.liveFirst(one, now.Wall)
}

func (c *cursor) liveAgain(one Record) outcome {
	known := c.identities.at(one.Sequence)
	if known == one.Identity {
		return duplicate
	}
	c.applier.apply(one, c.log.Epoch)
	if known != "" {
		c.checks.sawConflict(one.Sequence)
	}
	return conflict
}

func (c *cursor) liveFirst(one Record, wall float64) outcome {
	if !c.isPlausible(one, wall) {
		c.applier.apply(one, c.log.Epoch)
		return doubtful
	}
	// What stood in the log before we had joined, or is missing below what we have, is for the log to tell: we know too little of it
	// to notice a record that is sent under the sequence of another one that we have yet to read.
	if c.joinedAt < 0 || one.Sequence <= c.joinedAt || c.progress.isPassed(one.Sequence) {
		c.applier.apply(one, c.log.Epoch)
		return waiting
	}
	expected := c.progress.target + 1
	c.take(one, false)
	if one.Sequence > expected {
		return gap
	}
	return applied
}

// isPlausible: the signature does not cover the sequence, so an old record could have been sent again under a new one.
func (c *cursor) isPlausible(one Record, wall float64) bool {
	stands := c.identities.sequenceOf(one.Identity)
	if stands != 0 && stands != one.Sequence {
		return false
	}
	return float64(one.TimeMs) >= math.Min(c.applier.newestRecord, wall)-liveRecordAgeMsMax
}

// read takes a record that the log itself answered. False: it contradicts what we hold, so the log was rolled back.
func (c *cursor) read(one Record) bool {
	known := c.identities.at(one.Sequence)
	if known == one.Identity && c.progress.has(one.Sequence) {
		return true
	}
	if known != "" && known != one.Identity && one.Sequence <= c.watermark() {
		return false
	}
	c.doubtTwins(one)
	c.take(one, true)
	return true
}

// doubtTwins: the log has this record here, so what we took for it elsewhere was perhaps sent by somebody else. That sequence is
// read before the watermark may pass it; where it has, the log is asked and nothing is proven meanwhile.
func (c *cursor) doubtTwins(one Record) {
	twin := c.identities.sequenceOf(one.Identity)
	switch {
	case twin == 0 || twin == one.Sequence:
	case twin > c.watermark():
		c.progress.unmark(twin)
	default:
		c.checks.sawConflict(twin)
	}
}

// take applies first and moves the watermark second: it never passes what is not in the index.
func (c *cursor) take(one Record, fromLog bool) {
	c.applier.apply(one, c.log.Epoch)
	if c.progress.mark(one.Sequence, fromLog) {
		c.identities.remember(one.Sequence, one.Identity)
	}
	opens := one.Kind == record.Read && one.Epoch == c.log.Epoch && one.Body.EpochOpened != nil
	if opens && (c.openedAt == 0 || one.Sequence < c.openedAt) {
		c.openedAt = one.Sequence
	}
}

// head takes the leader's answer to an ask made at askedAt.
func (c *cursor) head(head Head, askedAt Instant, believed belief) headOutcome {
	proven := head.QuorumAgeMs <= quorumAgeMsMax
	if proven && head.Last < believed.watermark {
		return headRolledBack
	}
	c.headHeard = true
	c.agedOutBefore(head.First)
	c.progress.claim(head.Last)
	if !proven {
		return headTaken
	}
	if c.joinedAt < 0 {
		c.joinedAt = head.Last
	}
	if c.progress.target == believed.target {
		c.progress.shrinkTo(head.Last)
		c.checks.endsAt(c.progress.target)
	}
	if head.Last < believed.told.head {
		c.shortHeads++
		c.claims = claims{}
		if c.shortHeads < shortHeadsMax {
			return headTaken
		}
		return headShort
	}
	c.shortHeads = 0
	if believed.told.spoken {
		c.claims.offer(head.Last, Instant{askedAt.Wall - head.QuorumAgeMs, askedAt.Monotonic - head.QuorumAgeMs})
	}
	return headTaken
}

func (c *cursor) agedOutBefore(first int64) {
	if first == c.first {
		return
	}
	c.first = first
	c.progress.skipBefore(first)
	c.checks.agedOutBefore(first)
}

// hinted: a tick says that the log reaches `head`. True if that is news: the live feed lost something.
func (c *cursor) hinted(head int64) bool {
	complete := c.progress.complete()
	c.progress.claim(head)
	return complete && !c.progress.complete()
}

// cut: heads that were asked for over another connection prove nothing. False: so much is in doubt that reading again is cheaper.
func (c *cursor) cut() bool {
	c.claims = claims{}
	c.joinedAt = -1
	return c.checks.sawCut(c.watermark())
}

// nextCheck is false where all that could be compared has aged out.
func (c *cursor) nextCheck() (check, bool) {
	next := c.checks.next(c.watermark(), c.first)
	return next, next.to >= c.first && c.identities.at(next.to) != ""
}

// compare is false if the log really has other records there than ours: it was rolled back.
func (c *cursor) compare(done check, records []Record) bool {
	for _, one := range records {
		if known := c.identities.at(one.Sequence); known != "" && known != one.Identity {
			return false
		}
	}
	c.checks.same(done)
	return true
}
