package follow

import (
	"math"
	"sort"
)

type retry struct {
	attempts  int
	notBefore float64
}

// asks bounds and orders what is asked: numbers, time limits, and pauses after a refusal.
type asks struct {
	dice    func() float64
	started map[int]Ask
	retries map[AskKind]retry
	last    int
}

func newAsks(dice func() float64) *asks {
	return &asks{dice: dice, started: map[int]Ask{}, retries: map[AskKind]retry{}}
}

func (a *asks) start(ask Ask, now Instant) Ask {
	a.last++
	ask.Number, ask.startedAt = a.last, now
	a.started[ask.Number] = ask
	return ask
}

// settle takes out the ask that was answered; false if it was given up meanwhile.
func (a *asks) settle(number int) (Ask, bool) {
	ask, there := a.started[number]
	delete(a.started, number)
	return ask, there
}

// giveUpAll: what is under way was asked before a cut or of another log, so its answer says nothing any more.
func (a *asks) giveUpAll() {
	a.started = map[int]Ask{}
	a.retries = map[AskKind]retry{}
}

func (a *asks) running(kind AskKind) bool {
	for _, ask := range a.started {
		if ask.Kind == kind {
			return true
		}
	}
	return false
}

func (a *asks) reading() []span {
	var spans []span
	for _, ask := range a.started {
		if ask.Kind == Read {
			spans = append(spans, span{ask.From, ask.To})
		}
	}
	return spans
}

func (a *asks) mayStart(kind AskKind, now Instant) bool {
	one, pausing := a.retries[kind]
	return !pausing || now.Monotonic >= one.notBefore
}

func (a *asks) succeeded(kind AskKind) { delete(a.retries, kind) }

// refused waits twice as long each time, with full jitter, so that a fleet that lost its broker does not come back as one.
func (a *asks) refused(kind AskKind, now Instant) {
	attempts := a.retries[kind].attempts + 1
	pauseMs := math.Min(retryMsMax, retryMsMin*math.Pow(2, math.Min(float64(attempts), 16)))
	a.retries[kind] = retry{attempts, now.Monotonic + retryMsMin + a.dice()*pauseMs}
}

// delay: not before delayMs from now, unless a pause is already on.
func (a *asks) delay(kind AskKind, now Instant, delayMs float64) {
	if a.mayStart(kind, now) {
		a.retries[kind] = retry{a.retries[kind].attempts, now.Monotonic + delayMs}
	}
}

// hasten: not later than delayMs from now, whatever pause is on.
func (a *asks) hasten(kind AskKind, now Instant, delayMs float64) {
	if one, pausing := a.retries[kind]; pausing && one.notBefore > now.Monotonic+delayMs {
		a.retries[kind] = retry{one.attempts, now.Monotonic + delayMs}
	}
}

// nextStart is when the next pause ends; infinity when none is on.
func (a *asks) nextStart(now Instant) float64 {
	next := never
	for _, one := range a.retries {
		if one.notBefore > now.Monotonic {
			next = math.Min(next, one.notBefore)
		}
	}
	return next
}

// takeOverdue takes out what nobody answered in time, in the order of asking.
func (a *asks) takeOverdue(now Instant) []Ask {
	var overdue []Ask
	for number, ask := range a.started {
		if now.Monotonic-ask.startedAt.Monotonic >= askTimeoutMs {
			overdue = append(overdue, ask)
			delete(a.started, number)
		}
	}
	sort.Slice(overdue, func(i, j int) bool { return overdue[i].Number < overdue[j].Number })
	return overdue
}
