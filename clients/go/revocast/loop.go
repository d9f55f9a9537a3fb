package revocast

import (
	"fmt"
	"time"

	"revocast.dev/go/follow"
	"revocast.dev/go/heartbeat"
)

const (
	// beatEvery: a node speaks each second when nothing happens; three missed ones make it silent.
	beatEvery = time.Second
	// beatGapMin: under a storm of revocations one heartbeat acknowledges all that came meanwhile.
	beatGapMin = 50 * time.Millisecond
)

// happened takes one event of a connection to the machine; nil: of none. What comes from a connection that is over says nothing.
func (n *Node) happened(of *connection, event follow.Event) {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	if n.closed || of != nil && !n.feed.isCurrent(of) {
		return
	}
	before := n.view.Load()
	asks := n.step(event)
	// Before anything is said: the heartbeat that acknowledges a canary also says what became of it.
	n.watch(event)
	n.speak(before, n.view.Load())
	for _, ask := range asks {
		go n.ask(n.feed.connection(), ask)
	}
	n.scheduleWake()
}

// step: a defect in the machine must not take the host's process down. We fail, and every answer is unknown.
func (n *Node) step(event follow.Event) (asks []follow.Ask) {
	if n.broken {
		return nil
	}
	defer func() {
		if defect := recover(); defect != nil {
			n.broken = true
			asks = nil
			n.view.Store(n.view.Load().Broken())
			n.options.Log("defect", fmt.Sprintf("%T", defect))
		}
	}()
	asks = n.machine.Step(event, n.now())
	n.view.Store(n.machine.View())
	return asks
}

// ask sends one ask on its way. Whatever goes wrong, it is asked again later: the machine knows when.
func (n *Node) ask(over *connection, ask follow.Ask) {
	if over == nil {
		n.happened(nil, follow.Event{Kind: follow.Refused, Number: ask.Number})
		return
	}
	answer, err := over.answer(ask)
	if err != nil {
		n.happened(over, follow.Event{Kind: follow.Refused, Number: ask.Number})
		return
	}
	n.happened(over, follow.Event{Kind: follow.Answered, Number: ask.Number, Answer: answer})
}

// scheduleWake sets one timer at a time, anew only when something is due earlier.
func (n *Node) scheduleWake() {
	if n.broken {
		return
	}
	now := n.now()
	inMs := n.machine.NextWakeMs(now)
	if n.wake != nil && n.wakeAt <= now.Monotonic+inMs {
		return
	}
	stop(n.wake)
	n.wakeAt = now.Monotonic + inMs
	n.wake = time.AfterFunc(time.Duration(inMs*float64(time.Millisecond)), n.wakeUp)
}

func (n *Node) wakeUp() {
	n.mutex.Lock()
	n.wake = nil
	n.mutex.Unlock()
	n.happened(nil, follow.Event{Kind: follow.Wake})
}

// speak: over each new connection we say who we are before anything is asked over it. A node that could become current unheard
// would be missing from the service's roster, and "enforced" would be said without it.
func (n *Node) speak(before, after *follow.View) {
	now := n.now()
	stateBefore, becauseBefore := before.State(now)
	state, because := after.State(now)
	switch {
	case after.Connected && !before.Connected:
		n.beat()
	case before.Watermark != after.Watermark || before.Epoch != after.Epoch || before.Identity != after.Identity:
		n.beatSoon()
	case state != stateBefore || because != becauseBefore:
		n.beatSoon()
	}
}

func (n *Node) beatSoon() { n.beatAtTheLatest(n.beatAt.Add(beatGapMin)) }

func (n *Node) beatAtTheLatest(at time.Time) {
	if n.closed || n.pulse != nil && !at.Before(n.nextAt) {
		return
	}
	stop(n.pulse)
	n.nextAt = at
	n.pulse = time.AfterFunc(time.Until(at), func() {
		n.mutex.Lock()
		defer n.mutex.Unlock()
		if !n.closed {
			n.beat()
		}
	})
}

// beat says what is so now. One that cannot be sent is worth nothing later.
func (n *Node) beat() {
	n.beatAt = time.Now()
	stop(n.pulse)
	n.pulse = nil
	n.beatAtTheLatest(n.beatAt.Add(beatEvery))
	payload, fits := n.heartbeat().Encode()
	if !fits {
		n.options.Log("heartbeatTooLarge", "")
		return
	}
	n.feed.report(payload)
}

func (n *Node) heartbeat() heartbeat.Heartbeat {
	view, now := n.view.Load(), n.now()
	state, because := view.State(now)
	beat := heartbeat.Heartbeat{
		Node: n.options.Node, Instance: n.instance, Service: n.options.Service, Version: n.options.Version,
		Epoch: view.Epoch, Watermark: view.Watermark, Identity: view.Identity, State: string(state), Because: string(because),
		Mode: string(n.options.Mode), StalenessMsMax: milliseconds(n.options.StalenessMax), Issuers: []heartbeat.Coverage{},
		LiveEntries: n.index.Held(), Guarded: n.guarded.Load(), At: now.Wall, NewestTick: view.NewestTickMs, Canaries: n.canaries,
		HeedsConditions: true, Goodbye: n.closed,
	}
	if staleness, known := view.StalenessMs(now); known && staleness >= 0 {
		beat.StalenessMs = &staleness
	}
	for _, one := range n.options.Issuers {
		beat.Issuers = append(beat.Issuers, n.windows[one.Issuer].Coverage())
	}
	return beat
}
