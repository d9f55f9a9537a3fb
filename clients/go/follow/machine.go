// Package follow keeps an index at a watermark of the log and knows how far it may be behind. It does no I/O and has no clock and no
// dice of its own: events in, asks out. docs/protocol.md says what it must do; test/vectors/following.json holds what it must answer.
//
// It reads the log from its first record on: it knows no snapshots, which only ever make a start shorter.
package follow

import (
	"math"

	"revocast.dev/go/index"
	"revocast.dev/go/record"
)

// Options of a follower.
type Options struct {
	// Index that is kept; nothing else may write to it.
	Index *index.Index
	// StalenessMsMax is the largest age of a proof with which anything is called active. Milliseconds.
	StalenessMsMax float64
	// Issuers whose tokens this process accepts, and how; compared with what the log declares.
	Issuers []record.Settings
	// Dice in [0, 1), for jitter.
	Dice func() float64
}

// Machine is a follower without its surroundings. The order that matters: subscribe and let the broker confirm it, only then ask
// for the head and read up to it. What is published in between then arrives twice, which changes nothing; the other way round
// it would never arrive. Not safe for concurrent use; its View is.
type Machine struct {
	options Options
	applier *applier
	asks    *asks
	heads   headSchedule
	ticks   *ticks
	cursor  *cursor
	proof   *proof
	ever    bool
	// located: the log was looked up over this connection.
	connected, subscribed, located, wantsLocate, noLog bool
	// reached: when we were at the head, as far as known; becomes a proof with the identity check.
	reached      *Instant
	resync       Because
	openedCursor *cursor
	failure      Because
	reclaimedAt  float64
	out          []Ask
	issuers      *doubtfulIssuers
}

// New makes a follower that waits for Connected.
func New(options Options) *Machine {
	taken := &applier{index: options.Index, unreadable: newUnreadable()}
	taken.declared = declared{own: options.Issuers, byIssuer: map[string]declaration{}}
	return &Machine{
		options: options, applier: taken, asks: newAsks(options.Dice), ticks: newTicks(), wantsLocate: true,
		heads: newHeadSchedule(options.Dice, options.StalenessMsMax), issuers: &doubtfulIssuers{}, reclaimedAt: already,
	}
}

// Step takes one event at `now` and answers what to ask, in order.
func (m *Machine) Step(event Event, now Instant) []Ask {
	if m.failure == "" {
		m.take(event, now)
	}
	if m.proof.isDoubtful(now) {
		m.heads.dueSoon(now, 0)
	}
	if m.failure == "" {
		m.plan(now)
	}
	out := m.out
	m.out = nil
	return out
}

// NextWakeMs is how long nothing is due that no event announces.
func (m *Machine) NextWakeMs(now Instant) float64 {
	due := math.Min(m.heads.nextAt(now), m.asks.nextStart(now))
	return math.Max(0, math.Min(wakeEveryMsMax, due-now.Monotonic))
}

func (m *Machine) take(event Event, now Instant) {
	switch event.Kind {
	case Connected, Disconnected:
		m.onConnection(event.Kind == Connected)
	case Live:
		m.onLive(event.Record, now)
	case Ticked:
		if m.ticks.isNew(event.Tick, now) {
			m.onTick(event.Tick, now)
		}
	case Answered:
		m.onAnswer(event.Number, event.Answer, now)
	case Refused:
		if ask, there := m.asks.settle(event.Number); there {
			m.onRefusal(ask, now)
		}
	case Wake:
		m.onWake(now)
	case Close:
		m.failure = Closed
	}
}

// onConnection: whatever was asked over the connection before says nothing about this one.
func (m *Machine) onConnection(connected bool) {
	m.connected, m.subscribed, m.located, m.wantsLocate = connected, false, false, true
	m.ticks.pause()
	m.dropWork()
	if m.cursor != nil && !m.cursor.cut() {
		m.startOver(RolledBack, m.cursor.log)
	}
}

func (m *Machine) dropWork() {
	m.asks.giveUpAll()
	m.reached = nil
}

func (m *Machine) onLive(one Record, now Instant) {
	// Without a cursor nothing is lost: the head is asked for later and covers the record.
	if m.cursor == nil {
		return
	}
	switch m.cursor.live(one, now) {
	case otherEpoch:
		m.locateSoon(now)
	case conflict, doubtful:
		m.heads.dueSoon(now, 0)
	case gap:
		m.asks.delay(Read, now, m.options.Dice()*gapJitterMs)
	}
	if m.cursor.checks.tooManyConflicts() {
		m.startOver(RolledBack, m.cursor.log)
	}
}

func (m *Machine) onTick(tick record.Tick, now Instant) {
	isNewest := m.ticks.hear(tick, now)
	if m.ticks.endsWait(now) {
		m.heads.dueNow()
	}
	switch {
	case m.cursor == nil:
		// Whoever ticks has a log: however often we looked in vain, now there is one.
		if isNewest {
			m.asks.hasten(Locate, now, m.options.Dice()*hintedAskEveryMs)
		}
	case tick.Epoch != m.cursor.log.Epoch:
		if isNewest {
			m.locateSoon(now)
		}
	case m.cursor.hinted(tick.Head):
		m.asks.delay(Read, now, m.options.Dice()*gapJitterMs)
	}
}

func (m *Machine) onWake(now Instant) {
	for _, overdue := range m.asks.takeOverdue(now) {
		m.onRefusal(overdue, now)
	}
	if m.ticks.endsWait(now) {
		m.heads.dueNow()
	}
	if m.ticks.alarms(now) {
		m.heads.dueSoon(now, ticksMissedJitterMs)
	}
	if m.ticks.newest != nil && now.Monotonic-m.reclaimedAt >= reclaimEveryMs {
		m.reclaimedAt = now.Monotonic
		m.applier.index.Reclaim(int64(now.Wall), m.ticks.newest.TimeMs)
	}
}

func (m *Machine) onRefusal(ask Ask, now Instant) {
	m.asks.refused(ask.Kind, now)
	switch ask.Kind {
	case AskHead:
		m.wantsLocate = true
	case Verify:
		if m.reached == nil {
			m.reached = ask.proves
		}
		m.heads.dueSoon(now, 0)
	case Read:
		m.heads.dueSoon(now, 0)
	}
}

func (m *Machine) onAnswer(number int, answer Answer, now Instant) {
	ask, there := m.asks.settle(number)
	if !there {
		return
	}
	m.asks.succeeded(ask.Kind)
	switch ask.Kind {
	case Subscribe:
		m.subscribed = true
		m.ticks.listen(now)
	case Locate:
		m.onLocated(answer.Log, now)
	case AskHead:
		m.onHead(answer.Head, ask, now)
	case Read:
		m.onRecords(ask, answer.Records, now)
	case Verify:
		m.onVerified(ask, answer.Records, now)
	}
}

func (m *Machine) onLocated(log *Log, now Instant) {
	m.noLog = log == nil
	if log == nil {
		m.asks.refused(Locate, now)
		return
	}
	m.located, m.wantsLocate = true, false
	m.heads.dueNow()
	if m.cursor == nil {
		m.cursor = newCursor(*log, m.applier)
	} else if m.cursor.log != *log {
		m.startOver(LogReplaced, *log)
	}
}

func (m *Machine) onHead(head Head, ask Ask, now Instant) {
	m.heads.answered(ask.startedAt, head.QuorumAgeMs <= quorumAgeMsMax)
	if m.cursor == nil || head.Log != m.cursor.log {
		m.wantsLocate = true
		return
	}
	outcome := m.cursor.head(head, ask.startedAt, ask.believed)
	if outcome == headRolledBack {
		m.startOver(RolledBack, m.cursor.log)
	}
	if m.cursor.isShort() {
		m.heads.dueSoon(now, 0)
	}
	if outcome != headShort {
		return
	}
	// What was proven may have been by the same log; what is under way could still prove it.
	if m.proof != nil {
		m.dropWork()
	}
	m.proof = nil
	m.resync = RolledBack
}

func (m *Machine) onRecords(ask Ask, records []Record, now Instant) {
	if m.cursor == nil {
		return
	}
	// A sequence that the log no longer has must be shown to have aged out: the head says where the log begins.
	if len(records) == 0 || records[0].Sequence != ask.From || records[len(records)-1].Sequence != ask.To {
		m.asks.refused(Read, now)
		m.heads.dueSoon(now, 0)
	}
	for _, one := range records {
		if !m.cursor.read(one) {
			m.startOver(RolledBack, m.cursor.log)
			return
		}
	}
}

func (m *Machine) onVerified(ask Ask, records []Record, now Instant) {
	switch {
	case m.cursor == nil:
	case len(records) == 0 || records[len(records)-1].Sequence != ask.To:
		m.onRefusal(ask, now)
	case !m.cursor.compare(ask.check, records):
		m.startOver(RolledBack, m.cursor.log)
	case ask.proves == nil:
	case ask.check.last && !m.cursor.checks.inConflict():
		m.prove(*ask.proves)
	case m.reached == nil:
		m.reached = ask.proves
	}
}

// prove: identities are compared before the epoch is open too, for a record that was taken for another one may be what opens it.
func (m *Machine) prove(at Instant) {
	if !m.cursor.opened() || m.cursor.isShort() {
		return
	}
	m.ever = true
	// An older proof than the one we have says nothing new.
	if m.proof == nil || m.proof.jumped.Load() || at.Monotonic >= m.proof.at.Monotonic {
		m.proof = &proof{at: at}
	}
	m.resync = ""
	m.applier.unreadable.keepOnly(m.cursor.log.Epoch)
	m.applier.doubtsChanged = true
}

// startOver reads the log from its start beside what we have: the union of both can only hit more. Nothing is proven meanwhile.
func (m *Machine) startOver(because Because, log Log) {
	m.resync = because
	m.proof = nil
	m.dropWork()
	m.cursor = newCursor(log, m.applier)
	m.heads.dueNow()
	m.wantsLocate = m.wantsLocate || because == RolledBack
}

func (m *Machine) locateSoon(now Instant) {
	m.wantsLocate = true
	m.asks.delay(Locate, now, m.options.Dice()*hintedAskEveryMs)
}
