package follow_test

import (
	"math"
	"sort"

	"revocast.dev/go/follow"
	"revocast.dev/go/index"
	"revocast.dev/go/record"
	"revocast.dev/go/verdict"
)

// timer of the world, by the monotonic clock; of equal ones the first that was set goes first.
type timer struct {
	at   float64
	run  func()
	over bool
}

// stored is a message, as the log has it.
type stored struct{ payload, signature string }

type brokerLog struct {
	follow.Log
	first, last int64
	messages    map[int64]stored
}

// world plays the steps of a case: a broker, the way to it, and one follower. docs/protocol.md says what each step means.
type world struct {
	namespace string
	verifier  *record.Verifier
	machine   *follow.Machine
	index     *index.Index
	boundMs   float64
	now       follow.Instant
	trueMs    float64
	timers    []*timer
	wake      *timer
	log       *brokerLog
	logsMade  int
	answers   step
	// connection counts connections: what was under way over an earlier one never arrives.
	connection                                int
	started, reachable, connected, subscribed bool
	subscribedAt                              float64
}

func newWorld(file followingFile, c followingCase, verifier *record.Verifier) *world {
	x := index.New()
	options := follow.Options{Index: x, StalenessMsMax: c.StalenessMsMax, Issuers: c.settings(), Dice: func() float64 { return 0.5 }}
	return &world{
		namespace: file.Namespace, verifier: verifier, machine: follow.New(options), index: x, boundMs: c.StalenessMsMax,
		now: follow.Instant{Wall: file.StartMs, Monotonic: 1000}, reachable: true,
	}
}

// advanceTo lets true time go on; whatever is due on the way runs in order.
func (w *world) advanceTo(trueMs float64) {
	end := w.now.Monotonic + trueMs - w.trueMs
	for {
		next := w.takeDue(end)
		if next == nil {
			w.pass(end - w.now.Monotonic)
			return
		}
		w.pass(math.Max(0, next.at-w.now.Monotonic))
		next.run()
	}
}

func (w *world) pass(ms float64) {
	w.now.Wall += ms
	w.now.Monotonic += ms
	w.trueMs += ms
}

func (w *world) takeDue(end float64) *timer {
	sort.SliceStable(w.timers, func(i, j int) bool { return w.timers[i].at < w.timers[j].at })
	for len(w.timers) > 0 && w.timers[0].at <= end {
		next := w.timers[0]
		w.timers = w.timers[1:]
		if !next.over {
			return next
		}
	}
	return nil
}

func (w *world) after(ms float64, run func()) *timer {
	one := &timer{at: w.now.Monotonic + ms, run: run}
	w.timers = append(w.timers, one)
	return one
}

// overThisConnection runs after ms unless the connection is cut before.
func (w *world) overThisConnection(ms float64, run func()) {
	connection := w.connection
	w.after(ms, func() {
		if w.connected && w.connection == connection {
			run()
		}
	})
}

// tell takes an event to the follower, and what it asks for on its way.
func (w *world) tell(event follow.Event) {
	for _, ask := range w.machine.Step(event, w.now) {
		w.send(ask)
	}
	dueAt := w.now.Monotonic + w.machine.NextWakeMs(w.now)
	if w.wake != nil && !w.wake.over && w.wake.at <= dueAt {
		return
	}
	if w.wake != nil {
		w.wake.over = true
	}
	w.wake = w.after(dueAt-w.now.Monotonic, func() {
		w.wake = nil
		w.tell(follow.Event{Kind: follow.Wake})
	})
}

func (w *world) send(ask follow.Ask) {
	if ask.Kind == follow.Subscribe {
		// The broker learns of the subscription one way after the connection was made, and then confirms it.
		w.overThisConnection(math.Max(0, w.subscribedAt-w.now.Monotonic)+w.answers.TravelMs, func() {
			w.tell(follow.Event{Kind: follow.Answered, Number: ask.Number})
		})
		return
	}
	w.overThisConnection(w.answers.TravelMs, func() {
		answer, answered := w.answer(ask)
		if !answered {
			w.tell(follow.Event{Kind: follow.Refused, Number: ask.Number})
			return
		}
		w.overThisConnection(w.answers.TravelMs, func() {
			w.tell(follow.Event{Kind: follow.Answered, Number: ask.Number, Answer: answer})
		})
	})
}

// answer is what the broker knows when the ask arrives.
func (w *world) answer(ask follow.Ask) (follow.Answer, bool) {
	kind := map[follow.AskKind]string{follow.Locate: "locate", follow.AskHead: "head", follow.Read: "read", follow.Verify: "read"}[ask.Kind]
	for _, refused := range w.answers.Refuses {
		if refused == kind {
			return follow.Answer{}, false
		}
	}
	if ask.Kind == follow.Locate {
		if w.log == nil {
			return follow.Answer{}, true
		}
		found := w.log.Log
		return follow.Answer{Log: &found}, true
	}
	if w.log == nil || w.log.Name != ask.Log.Name {
		return follow.Answer{}, false
	}
	if ask.Kind == follow.AskHead {
		last := w.log.last
		if w.answers.Last != nil && *w.answers.Last < last {
			last = *w.answers.Last
		}
		return follow.Answer{Head: follow.Head{Log: w.log.Log, First: w.log.first, Last: last, QuorumAgeMs: w.answers.QuorumAgeMs}}, true
	}
	return w.read(ask)
}

func (w *world) read(ask follow.Ask) (follow.Answer, bool) {
	var answer follow.Answer
	if ask.To > w.log.last {
		return answer, false
	}
	for at := ask.From; at <= ask.To; at++ {
		if one, there := w.log.messages[at]; there {
			answer.Records = append(answer.Records, w.decode(one, at, w.log.Epoch))
		}
	}
	return answer, true
}

func (w *world) decode(one stored, at int64, epoch string) follow.Record {
	expected := record.Expected{Namespace: w.namespace, Epoch: epoch}
	return follow.Record{Sequence: at, Decoded: record.Decode([]byte(one.payload), one.signature, expected, w.verifier)}
}

// deliver takes a live message to whoever is subscribed when it is sent.
func (w *world) deliver(one stored, at int64, copiesAfterMs []float64) {
	for _, ms := range copiesAfterMs {
		if w.connected && w.subscribed {
			w.overThisConnection(ms, func() { w.tell(follow.Event{Kind: follow.Live, Record: w.decode(one, at, "")}) })
		}
	}
}

func (w *world) connect() {
	if !w.started || !w.reachable || w.connected {
		return
	}
	w.connection++
	w.connected, w.subscribed = true, false
	w.subscribedAt = w.now.Monotonic + w.answers.TravelMs
	w.overThisConnection(w.answers.TravelMs, func() { w.subscribed = true })
	w.tell(follow.Event{Kind: follow.Connected})
}

func (w *world) disconnect() {
	w.reachable = false
	if w.connected {
		w.connected = false
		w.tell(follow.Event{Kind: follow.Disconnected})
	}
}

func (w *world) append(s step) {
	w.log.last++
	one := stored{s.Payload, s.Signature}
	w.log.messages[w.log.last] = one
	w.deliver(one, w.log.last, s.CopiesAfterMs)
}

func (w *world) remove(isGone func(at int64) bool) {
	for at := range w.log.messages {
		if isGone(at) {
			delete(w.log.messages, at)
		}
	}
}

// Find and Freshness make the world a verdict.Source.
func (w *world) Find(token index.Token) (index.Hit, bool) {
	return w.index.Find(token, int64(w.now.Wall), "iat")
}

func (w *world) Freshness(issuer string) verdict.Freshness {
	return w.machine.View().Freshness(issuer, w.boundMs, w.now)
}
