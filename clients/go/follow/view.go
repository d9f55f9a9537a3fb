package follow

import (
	"math"

	"revocast.dev/go/verdict"
)

// State of a follower, as its heartbeat says it.
type State string

const (
	Connecting State = "connecting"
	CatchingUp State = "catchingUp"
	Current    State = "current"
	StaleState State = "stale"
	Failed     State = "failed"
)

// Because is why a follower is in its state: a short code.
type Because string

const (
	NotConnected    Because = "disconnected"
	Subscribing     Because = "subscribing"
	NoLog           Because = "noLog"
	EpochNotOpened  Because = "epochNotOpened"
	StillReading    Because = "catchingUp"
	AwaitingProof   Because = "awaitingProof"
	RolledBack      Because = "rolledBack"
	LogReplaced     Because = "logReplaced"
	ClockJumped     Because = "clockJumped"
	BoundExceeded   Because = "boundExceeded"
	TicksMissed     Because = "ticksMissed"
	Closed          Because = "closed"
	BoundAboveFleet Because = "ERR_BOUND_ABOVE_FLEET"
	// Invariant: a defect in here. Every answer is unknown from then on.
	Invariant Because = "ERR_INVARIANT"
)

// doubtfulIssuers never change once they are in a view.
type doubtfulIssuers struct{ unreadable, weaker map[string]bool }

// View is what a follower knew after a step: it never changes, so any number of checks may ask it at once.
type View struct {
	Connected bool
	Ever      bool
	// Epoch of the log, empty until the record that opens it was read.
	Epoch     string
	Watermark int64
	// Identity of the record at the watermark; empty where that has aged out before it could be read.
	Identity string
	// NewestTickMs by the clock of the service, 0 before the first.
	NewestTickMs int64

	stalenessMsMax float64
	proof          *proof
	failure        Because
	catchingUp     Because
	ticksMissed    bool
	issuers        *doubtfulIssuers
}

// View of the follower as it is now.
func (m *Machine) View() *View {
	if m.applier.doubtsChanged {
		m.issuers = &doubtfulIssuers{m.applier.unreadable.issuers(), m.applier.declared.weaker()}
		m.applier.doubtsChanged = false
	}
	view := &View{
		Connected: m.connected, Ever: m.ever, stalenessMsMax: m.options.StalenessMsMax, proof: m.proof, failure: m.failing(),
		catchingUp: m.catchingUpBecause(), ticksMissed: m.ticks.alarmed, issuers: m.issuers,
	}
	if m.ticks.newest != nil {
		view.NewestTickMs = m.ticks.newest.TimeMs
	}
	if m.cursor != nil {
		view.Watermark, view.Identity = m.cursor.watermark(), m.cursor.identity()
		if m.cursor.opened() {
			view.Epoch = m.cursor.log.Epoch
		}
	}
	return view
}

// Broken is the view of a follower that met a defect: whatever was proven before, it vouches for nothing.
func (v *View) Broken() *View {
	broken := *v
	broken.failure = Invariant
	return &broken
}

// Freshness: whether nothing that the log had within the bound is missing. Asked with every token, so it looks at a few fields.
func (v *View) Freshness(issuer string, boundMs float64, now Instant) verdict.Freshness {
	if because := v.unknownBecause(issuer, boundMs, now); because != "" {
		return verdict.Freshness{Because: because, EverCurrent: v.Ever}
	}
	return verdict.Freshness{Fresh: true, Watermark: v.Watermark}
}

func (v *View) unknownBecause(issuer string, boundMs float64, now Instant) verdict.Reason {
	switch {
	case v.failure != "":
		return verdict.Failed
	case !v.Ever:
		return verdict.NeverCurrent
	case v.proof.isDoubtful(now):
		return verdict.Stale
	// Written so that a bound that is not a number is never kept.
	case !(v.proof.stalenessMs(now) <= boundMs && v.proof.stalenessMs(now) <= v.stalenessMsMax):
		return verdict.Stale
	case v.issuers.unreadable[issuer] || v.issuers.unreadable[everyIssuer]:
		return verdict.IssuerUnreadable
	case v.issuers.weaker[issuer]:
		return verdict.IssuerSettings
	}
	return ""
}

// StalenessMs since the last proof, by the clock that ran faster; false without one.
func (v *View) StalenessMs(now Instant) (float64, bool) {
	staleness := v.proof.stalenessMs(now)
	return staleness, !math.IsInf(staleness, 1)
}

// State and reason. Current holds as long as the last proof is young enough, also while disconnected: it says what we knew at its
// moment, not what the connection is like now.
func (v *View) State(now Instant) (State, Because) {
	switch {
	case v.failure != "":
		return Failed, v.failure
	case v.proof == nil && !v.Connected:
		return Connecting, NotConnected
	case v.proof == nil:
		return CatchingUp, v.catchingUp
	case v.proof.isDoubtful(now):
		return StaleState, ClockJumped
	case v.proof.stalenessMs(now) > v.stalenessMsMax && v.Connected:
		return StaleState, BoundExceeded
	case v.proof.stalenessMs(now) > v.stalenessMsMax:
		return StaleState, NotConnected
	case !v.Connected:
		return Current, NotConnected
	case v.ticksMissed:
		return Current, TicksMissed
	}
	return Current, ""
}

// failing: why nothing we say counts, whatever is proven. A bound above the fleet's passes once the fleet's is raised.
func (m *Machine) failing() Because {
	if m.failure == "" && m.ticks.newest != nil && m.ticks.newest.FleetBoundMs < m.options.StalenessMsMax {
		return BoundAboveFleet
	}
	return m.failure
}

func (m *Machine) catchingUpBecause() Because {
	switch {
	case !m.subscribed:
		return Subscribing
	case m.noLog:
		return NoLog
	case m.resync != "":
		return m.resync
	case m.cursor == nil || !m.cursor.caughtUp():
		return StillReading
	case m.cursor.opened():
		return AwaitingProof
	}
	return EpochNotOpened
}
