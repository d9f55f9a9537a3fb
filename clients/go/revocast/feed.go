package revocast

import (
	"fmt"
	"math/rand"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"revocast.dev/go/follow"
	"revocast.dev/go/record"
)

const (
	connectWithin = 5 * time.Second
	// A half-open connection is noticed after three of these at the latest: two pings may go unanswered.
	pingEvery     = 5 * time.Second
	pingsOpenMax  = 2
	retryFirst    = 250 * time.Millisecond
	retryMax      = 5 * time.Second
	stableAfter   = 10 * time.Second
	goodbyeWithin = 500 * time.Millisecond
	// liveMax messages wait to be taken in. What comes beyond is lost, as on the way; the log has it.
	liveMax = 65_536
)

// feed keeps one connection to NATS, for ever. The client's own reconnection is off: it keeps requests waiting for answers that cannot
// come. Here every connection is a new one, with fresh credentials and subscriptions.
type feed struct {
	options   Options
	subject   string
	verifier  *record.Verifier
	happened  func(*connection, follow.Event)
	dice      *rand.Rand
	mutex     sync.Mutex
	current   *connection
	closing   chan struct{}
	closeOnce sync.Once
	isFailing bool
}

func newFeed(options Options, instance string, verifier *record.Verifier, happened func(*connection, follow.Event)) *feed {
	return &feed{
		options: options, verifier: verifier, happened: happened, closing: make(chan struct{}),
		subject: fmt.Sprintf("%s.node.%s.%s", options.Namespace, options.Service, instance),
		dice:    rand.New(rand.NewSource(time.Now().UnixNano())),
	}
}

func (f *feed) connection() *connection {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return f.current
}

func (f *feed) isCurrent(one *connection) bool { return f.connection() == one }

func (f *feed) set(one *connection) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.current = one
}

// report tells the service about this node, best effort.
func (f *feed) report(payload []byte) {
	if one := f.connection(); one != nil {
		_ = one.nats.Publish(f.subject, payload)
	}
}

func (f *feed) isClosing() bool {
	select {
	case <-f.closing:
		return true
	default:
		return false
	}
}

func (f *feed) close() {
	f.closeOnce.Do(func() { close(f.closing) })
	if one := f.connection(); one != nil {
		_ = one.nats.FlushTimeout(goodbyeWithin)
		one.nats.Close()
	}
}

func (f *feed) keep() {
	for attempt := 0; !f.isClosing(); {
		opened := time.Now()
		f.hold()
		attempt++
		if time.Since(opened) >= stableAfter {
			attempt = 0
		}
		f.wait(attempt)
	}
}

// wait with full jitter: when a broker restarts, a thousand nodes must not come back in one instant.
func (f *feed) wait(attempt int) {
	longest := retryMax
	if attempt < 5 && retryFirst<<attempt < retryMax {
		longest = retryFirst << attempt
	}
	timer := time.NewTimer(time.Duration(f.dice.Float64() * float64(longest)))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-f.closing:
	}
}

// hold one connection until it ends.
func (f *feed) hold() {
	one := &connection{feed: f, live: make(chan *nats.Msg, liveMax), over: make(chan struct{})}
	var err error
	one.nats, err = nats.Connect(f.options.URL, append(append([]nats.Option{}, f.options.NATS...),
		nats.Name(fmt.Sprintf("revocast %s node %s", f.options.Namespace, f.subject)),
		nats.CustomInboxPrefix(fmt.Sprintf("_INBOX_%s_node", f.options.Namespace)),
		nats.NoReconnect(), nats.RetryOnFailedConnect(false), nats.Timeout(connectWithin),
		nats.PingInterval(pingEvery), nats.MaxPingsOutstanding(pingsOpenMax),
		nats.ClosedHandler(func(*nats.Conn) { close(one.over) }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { f.options.Log("brokerError", err.Error()) }),
	)...)
	if err != nil {
		// Once per outage: a broker that is down for an hour is one fact.
		if !f.isFailing {
			f.options.Log("connectFailed", err.Error())
		}
		f.isFailing = true
		return
	}
	f.isFailing = false
	defer one.nats.Close()
	if f.isClosing() || one.subscribe() != nil {
		return
	}
	f.options.Log("connected", one.nats.ConnectedAddr())
	f.set(one)
	if f.isClosing() {
		return
	}
	f.happened(one, follow.Event{Kind: follow.Connected})
	one.listen()
	f.set(nil)
	f.options.Log("disconnected", "")
	f.happened(nil, follow.Event{Kind: follow.Disconnected})
}
