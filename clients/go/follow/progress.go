package follow

// span of sequences, both included.
type span struct{ from, to int64 }

// progress tells which sequences of one log are done. The watermark is the highest one at or below which nothing is missing, not the
// highest one seen: with the maximum instead, a record that arrives early would hide the one before it.
type progress struct {
	watermark, target int64
	// ahead: done, and above a gap; true where the log itself said so. Bounded by aheadMax.
	ahead map[int64]bool
	// highest that is done.
	highest int64
}

func newProgress() *progress { return &progress{ahead: map[int64]bool{}} }

func (p *progress) complete() bool { return p.watermark >= p.target }

func (p *progress) has(at int64) bool {
	_, ahead := p.ahead[at]
	return at <= p.watermark || ahead
}

// mark notes that `at` was applied. False: too far ahead to be remembered; it will be read again.
func (p *progress) mark(at int64, fromLog bool) bool {
	p.claim(at)
	if at > p.watermark+aheadMax {
		return false
	}
	if at > p.watermark {
		p.ahead[at] = fromLog
	}
	p.highest = larger(p.highest, at)
	p.advance()
	return true
}

// unmark: what the live feed brought as `at` stands elsewhere. Nothing happens where the log itself said so.
func (p *progress) unmark(at int64) {
	if fromLog, ahead := p.ahead[at]; ahead && !fromLog {
		delete(p.ahead, at)
		p.findHighest()
	}
}

// isPassed: something above `at` is done already, so what comes as `at` over the live feed comes out of order.
func (p *progress) isPassed(at int64) bool { return at < p.highest }

func (p *progress) findHighest() {
	p.highest = p.watermark
	for at := range p.ahead {
		p.highest = larger(p.highest, at)
	}
}

// read is the highest sequence that the log itself answered, or that everything before is done of.
func (p *progress) read() int64 {
	read := p.watermark
	for at, fromLog := range p.ahead {
		if fromLog {
			read = larger(read, at)
		}
	}
	return read
}

// claim: the log has, or is said to have, records up to `at`.
func (p *progress) claim(at int64) {
	if at > p.target {
		p.target = at
	}
}

// shrinkTo: what was claimed above `last` was not in the log when it said so; what it answered itself meanwhile is.
func (p *progress) shrinkTo(last int64) {
	for at, fromLog := range p.ahead {
		if at > last && !fromLog {
			delete(p.ahead, at)
		}
	}
	p.target = larger(last, p.read())
	p.findHighest()
}

// skipBefore: everything before `first` has aged out, and can hit no living token any more.
func (p *progress) skipBefore(first int64) {
	if first-1 <= p.watermark {
		return
	}
	p.watermark = first - 1
	for at := range p.ahead {
		if at < first {
			delete(p.ahead, at)
		}
	}
	p.claim(p.watermark)
	p.advance()
}

// nextMissing is the lowest missing span that nobody is reading.
func (p *progress) nextMissing(reading []span) (span, bool) {
	taken := func(at int64) bool {
		if _, ahead := p.ahead[at]; ahead {
			return true
		}
		for _, one := range reading {
			if one.from <= at && at <= one.to {
				return true
			}
		}
		return false
	}
	end := lesser(p.target, p.watermark+aheadMax)
	from := p.watermark + 1
	for from <= end && taken(from) {
		from++
	}
	if from > end {
		return span{}, false
	}
	to := from
	for to < end && to-from+1 < readChunkRecords && !taken(to+1) {
		to++
	}
	return span{from, to}, true
}

func (p *progress) advance() {
	for p.has(p.watermark + 1) {
		p.watermark++
		delete(p.ahead, p.watermark)
	}
	p.claim(p.watermark)
}

func larger(a, b int64) int64 {
	if a > b {
		return a
	}
	return b
}

func lesser(a, b int64) int64 {
	if a < b {
		return a
	}
	return b
}
