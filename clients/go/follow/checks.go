package follow

// check is a span to compare with the log. last: once it is the same there, everything up to its end is.
type check struct {
	span
	last bool
}

// checks knows what must be compared with the log before a proof counts. A log that lost its newest records gives their sequences
// out again, so the record at the watermark alone proves little. Compared are the watermarks of the last proof and of every
// cut since (what came over one connection came from one history), the newest records since, and every conflict.
type checks struct {
	// watermarks ascend; the first is that of the last proof. compared: how many were, since the last cut or proof.
	watermarks []int64
	compared   int
	conflicts  map[int64]bool
}

func newChecks() *checks { return &checks{conflicts: map[int64]bool{}} }

func (c *checks) inConflict() bool { return len(c.conflicts) > 0 }

func (c *checks) tooManyConflicts() bool { return len(c.conflicts) > conflictsMax }

// sawConflict: whether our record at this sequence is the one that the log has there is in doubt.
func (c *checks) sawConflict(at int64) {
	if !c.tooManyConflicts() {
		c.conflicts[at] = true
	}
}

// sawCut: the connection was cut at this watermark. False: too many cuts without a proof to remember them all.
func (c *checks) sawCut(watermark int64) bool {
	c.compared = 0
	if len(c.watermarks) == 0 && watermark > 0 || len(c.watermarks) > 0 && watermark > c.watermarks[len(c.watermarks)-1] {
		c.watermarks = append(c.watermarks, watermark)
	}
	return len(c.watermarks) <= cutsRememberedMax
}

// agedOutBefore: what is before `first` can no longer be compared, and need not be.
func (c *checks) agedOutBefore(first int64) {
	c.compared = 0
	var kept []int64
	for _, watermark := range c.watermarks {
		if watermark >= first {
			kept = append(kept, watermark)
		}
	}
	c.watermarks = kept
	c.forgetConflicts(func(at int64) bool { return at < first })
}

// endsAt: neither the log nor the watermark goes further, so there is nothing to compare conflicts above with.
func (c *checks) endsAt(last int64) { c.forgetConflicts(func(at int64) bool { return at > last }) }

// next is what to compare on the way to a proof at `watermark`.
func (c *checks) next(watermark, first int64) check {
	if c.inConflict() {
		return c.conflictCheck()
	}
	from := larger(larger(1, first), watermark-verifyRecordsMax+1)
	if len(c.watermarks) > 0 {
		from = larger(from, c.watermarks[0])
	}
	if c.compared < len(c.watermarks) && c.watermarks[c.compared] < from {
		earlier := c.watermarks[c.compared]
		return check{span{earlier, earlier}, false}
	}
	return check{span{from, watermark}, true}
}

// same: the log has the same records there as we do.
func (c *checks) same(done check) {
	settled := c.forgetConflicts(func(at int64) bool { return done.from <= at && at <= done.to })
	if !done.last {
		if settled == 0 {
			c.compared++
		}
		return
	}
	c.watermarks = []int64{done.to}
	c.compared = 0
}

// conflictCheck begins at the lowest conflict and takes in as many as one read covers.
func (c *checks) conflictCheck() check {
	from, to := int64(0), int64(0)
	for at := range c.conflicts {
		if from == 0 || at < from {
			from = at
		}
	}
	for at := range c.conflicts {
		if at < from+verifyRecordsMax {
			to = larger(to, at)
		}
	}
	return check{span{from, to}, false}
}

func (c *checks) forgetConflicts(isOver func(int64) bool) int {
	forgotten := 0
	for at := range c.conflicts {
		if isOver(at) {
			delete(c.conflicts, at)
			forgotten++
		}
	}
	return forgotten
}
