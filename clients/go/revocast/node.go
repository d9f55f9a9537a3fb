// Package revocast is a node of the fleet: it follows the log over NATS, answers for tokens from memory, and says about itself how far
// it is, so that "enforced" counts it. docs/protocol.md says what it must do.
package revocast

import (
	"context"
	"math/rand"
	"sync"
	"sync/atomic"
	"time"

	"revocast.dev/go/follow"
	"revocast.dev/go/heartbeat"
	"revocast.dev/go/index"
	"revocast.dev/go/record"
	"revocast.dev/go/verdict"
)

// Node answers for tokens. Safe for concurrent use.
type Node struct {
	options  Options
	instance string
	began    time.Time
	index    *index.Index
	settings map[string]record.Settings
	windows  map[string]*heartbeat.Window
	feed     *feed
	guarded  atomic.Bool
	view     atomic.Pointer[follow.View]

	// mutex orders events: one at a time goes through the machine.
	mutex   sync.Mutex
	machine *follow.Machine
	wake    *time.Timer
	wakeAt  float64
	pulse   *time.Timer
	beatAt  time.Time
	nextAt  time.Time
	broken  bool
	closed  bool
	// canaries that drills revoked, and what became of them here.
	canaries []heartbeat.Canary
	done     chan struct{}
	// finished: the connection is closed, and whatever was said last is sent.
	finished chan struct{}
}

// Connect begins to follow and returns at once, also while the broker is down: until it is current, every answer is unknown. It
// ends with Close, or when ctx is done. The error is one of the options.
func Connect(ctx context.Context, options Options) (*Node, error) {
	options, verifier, err := options.checked()
	if err != nil {
		return nil, err
	}
	instance, err := randomInstance()
	if err != nil {
		return nil, err
	}
	if options.Node == "" {
		options.Node = instance
	}
	n := &Node{
		options: options, instance: instance, began: time.Now(), index: index.New(), done: make(chan struct{}), finished: make(chan struct{}),
		settings: map[string]record.Settings{}, windows: map[string]*heartbeat.Window{},
	}
	for _, one := range options.Issuers {
		n.settings[one.Issuer] = one
		n.windows[one.Issuer] = heartbeat.NewWindow(one)
	}
	n.machine = follow.New(follow.Options{
		Index: n.index, StalenessMsMax: milliseconds(options.StalenessMax), Issuers: options.Issuers, Dice: dice(),
	})
	n.view.Store(n.machine.View())
	n.feed = newFeed(options, instance, verifier, n.happened)
	n.happened(nil, follow.Event{Kind: follow.Wake})
	go n.feed.keep()
	go n.closeWith(ctx)
	return n, nil
}

// Answer to one token. Refused is what the mode makes of the verdict.
type Answer struct {
	verdict.Verdict
	Refused bool
}

// Check asks about a token that was verified, with facts of claims.Facts. It does no I/O and waits for nothing. What is revoked is
// looked up first, the clock is read last; a hit stands whatever our state is.
func (n *Node) Check(token index.Token) Answer {
	n.Guard()
	if window := n.windows[token.Issuer]; window != nil {
		window.Note(token)
	}
	decided := verdict.Decide(source{n}, token)
	return Answer{decided, !n.passes(decided)}
}

// Guard says that somebody asks before a request is let in. Call it where a guard is put up, so that the fleet knows before the first
// request; a node that nobody asks protects nothing, and is not counted.
func (n *Node) Guard() {
	if !n.guarded.Swap(true) {
		n.mutex.Lock()
		defer n.mutex.Unlock()
		n.beatSoon()
	}
}

func (n *Node) passes(decided verdict.Verdict) bool {
	switch n.options.Mode {
	case Observe:
		return true
	case BestEffort:
		return decided.Kind == verdict.Active || decided.Kind == verdict.Unknown && decided.EverCurrent
	default:
		return decided.Kind == verdict.Active
	}
}

// Settings of an issuer whose tokens are accepted, for claims.Facts.
func (n *Node) Settings(issuer string) (record.Settings, bool) {
	one, known := n.settings[issuer]
	return one, known
}

// Status of a node: for health, never for a verdict.
type Status struct {
	Node, Instance string
	State          follow.State
	Because        follow.Because
	Connected      bool
	EverCurrent    bool
	Epoch          string
	Watermark      int64
	// Held counts revocations in memory; one that ended or was lifted counts until it is reclaimed.
	Held int
}

// Status as it is now.
func (n *Node) Status() Status {
	view := n.view.Load()
	state, because := view.State(n.now())
	return Status{
		Node: n.options.Node, Instance: n.instance, State: state, Because: because, Connected: view.Connected,
		EverCurrent: view.Ever, Epoch: view.Epoch, Watermark: view.Watermark, Held: n.index.Held(),
	}
}

// Close answers unknown from its first moment on; then the fleet is told, then the connection closed. Safe to call twice.
func (n *Node) Close() {
	n.mutex.Lock()
	if n.closed {
		n.mutex.Unlock()
		<-n.finished
		return
	}
	n.closed = true
	defer close(n.finished)
	close(n.done)
	n.step(follow.Event{Kind: follow.Close})
	stop(n.wake)
	stop(n.pulse)
	n.beat()
	n.mutex.Unlock()
	n.feed.close()
}

func stop(timer *time.Timer) {
	if timer != nil {
		timer.Stop()
	}
}

func (n *Node) closeWith(ctx context.Context) {
	select {
	case <-ctx.Done():
		n.Close()
	case <-n.done:
	}
}

// source is what verdict.Decide asks.
type source struct{ node *Node }

func (s source) Find(token index.Token) (index.Hit, bool) {
	return s.node.index.Find(token, time.Now().UnixMilli(), s.node.settings[token.Issuer].CutoffClaim)
}

// Freshness of an issuer that nobody configured: how its tokens are read is not known, so nobody vouches for them.
func (s source) Freshness(issuer string) verdict.Freshness {
	view := s.node.view.Load()
	if _, known := s.node.settings[issuer]; !known {
		return verdict.Freshness{Because: verdict.IssuerSettings, EverCurrent: view.Ever}
	}
	return view.Freshness(issuer, milliseconds(s.node.options.StalenessMax), s.node.now())
}

func (n *Node) now() follow.Instant {
	now := time.Now()
	return follow.Instant{Wall: float64(now.UnixNano()) / 1e6, Monotonic: milliseconds(now.Sub(n.began))}
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// dice for jitter, asked under the mutex of the node alone.
func dice() func() float64 { return rand.New(rand.NewSource(time.Now().UnixNano())).Float64 }
