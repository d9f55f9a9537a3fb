package follow

import "math"

// headSchedule says when to ask for the head; all times by the monotonic clock.
type headSchedule struct {
	dice           func() float64
	everyMs        float64
	dueAt, askedAt float64
	// hinted: something looked odd since the last ask. overdue: an answer under way comes too late for what made the next one due.
	hinted, overdue bool
}

func newHeadSchedule(dice func() float64, stalenessMs float64) headSchedule {
	every := math.Min(askEveryMsMax, math.Max(askEveryMsMin, stalenessMs/asksPerBound))
	return headSchedule{dice: dice, everyMs: every, dueAt: already, askedAt: already}
}

func (h *headSchedule) isDue(now Instant) bool { return now.Monotonic >= h.dueAt }

// nextAt is infinity when an ask is due already and waits for something else.
func (h *headSchedule) nextAt(now Instant) float64 {
	if h.isDue(now) {
		return never
	}
	return h.dueAt
}

// dueNow holds also while an ask is under way: what is asked for after this moment counts.
func (h *headSchedule) dueNow() {
	h.dueAt = already
	h.overdue = true
}

// dueSoon, not at once if we asked just now: a flood of odd things must not become a flood of asks.
func (h *headSchedule) dueSoon(now Instant, jitterMs float64) {
	h.hinted = true
	earliest := math.Max(now.Monotonic, h.askedAt+hintedAskEveryMs)
	h.dueAt = math.Min(h.dueAt, earliest+h.dice()*jitterMs)
}

func (h *headSchedule) asked(now Instant) {
	h.askedAt = now.Monotonic
	h.hinted, h.overdue = false, false
}

// answered: counted from the ask, with jitter that only shortens, since a fleet must not ask as one.
func (h *headSchedule) answered(askedAt Instant, proven bool) {
	if h.overdue {
		return
	}
	pauseMs := h.everyMs
	if !proven || h.hinted {
		pauseMs = math.Min(h.everyMs, hintedAskEveryMs)
	}
	h.dueAt = askedAt.Monotonic + pauseMs*(0.8+0.2*h.dice())
}
