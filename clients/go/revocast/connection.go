package revocast

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"revocast.dev/go/follow"
	"revocast.dev/go/record"
)

// apiWithin: an answer that takes longer is none. Whoever asks, asks again.
const apiWithin = 3 * time.Second

var (
	epochPattern    = regexp.MustCompile(`^[A-Za-z0-9-]{1,64}$`)
	sequencePattern = regexp.MustCompile(`^[1-9][0-9]{0,15}$`)
)

// errNotNow is all that the machine needs to know: ask again later.
var errNotNow = errors.New("no useful answer now")

// connection asks the broker, and hears it, over one connection.
type connection struct {
	feed *feed
	nats *nats.Conn
	// live has messages of the live feed and ticks in the order in which they came.
	live chan *nats.Msg
	over chan struct{}
}

func (c *connection) subscribe() error {
	for _, subject := range []string{c.namespace() + ".live.>", c.namespace() + ".tick"} {
		if _, err := c.nats.ChanSubscribe(subject, c.live); err != nil {
			return err
		}
	}
	return nil
}

func (c *connection) namespace() string { return c.feed.options.Namespace }

// listen until the connection ends.
func (c *connection) listen() {
	for {
		select {
		case message := <-c.live:
			c.hear(message)
		case <-c.over:
			return
		}
	}
}

func (c *connection) hear(message *nats.Msg) {
	if message.Subject == c.namespace()+".tick" {
		if tick, ours := record.DecodeTick(message.Data, last(message, record.SignatureHeader), c.namespace(), c.feed.verifier); ours {
			c.feed.happened(c, follow.Event{Kind: follow.Ticked, Tick: tick})
		}
		return
	}
	// Whatever a log republishes has a sequence; without one it never was in a log.
	if at, there := sequenceOf(message); there {
		c.feed.happened(c, follow.Event{Kind: follow.Live, Record: c.decode(message, at, "")})
	}
}

func (c *connection) decode(message *nats.Msg, at int64, epoch string) follow.Record {
	expected := record.Expected{Namespace: c.namespace(), Epoch: epoch}
	signature := last(message, record.SignatureHeader)
	return follow.Record{Sequence: at, Decoded: record.Decode(message.Data, signature, expected, c.feed.verifier)}
}

// last value of a header: the broker appends its own to what a publisher may have forged.
func last(message *nats.Msg, name string) string {
	values := message.Header[name]
	if len(values) == 0 {
		return ""
	}
	return values[len(values)-1]
}

func sequenceOf(message *nats.Msg) (int64, bool) {
	text := last(message, "Nats-Sequence")
	value, err := strconv.ParseInt(text, 10, 64)
	return value, err == nil && sequencePattern.MatchString(text) && value < 1<<53
}

func (c *connection) answer(ask follow.Ask) (follow.Answer, error) {
	switch ask.Kind {
	case follow.Subscribe:
		return follow.Answer{}, c.confirm()
	case follow.Locate:
		log, err := c.locate()
		return follow.Answer{Log: log}, err
	case follow.AskHead:
		head, err := c.head(ask.Log.Name, ask.Log.Epoch)
		return follow.Answer{Head: head}, err
	default:
		records, err := c.read(ask)
		return follow.Answer{Records: records}, err
	}
}

// confirm that the broker has our interest. It refuses a subscription with an error, yet answers the flush all the same; then the
// connection is of no use, and the next one has the rights of that time.
func (c *connection) confirm() error {
	if err := c.nats.FlushTimeout(apiWithin); err != nil {
		return err
	}
	denied := c.nats.LastError()
	if denied == nil || !strings.Contains(strings.ToLower(denied.Error()), "permissions violation for subscription") {
		return nil
	}
	c.feed.options.Log("subscriptionDenied", denied.Error())
	c.nats.Close()
	return errNotNow
}

// request asks the JetStream API.
func (c *connection) request(subject string, body string, into any) error {
	message, err := c.nats.Request("$JS.API."+subject, []byte(body), apiWithin)
	if err != nil {
		return err
	}
	var failed struct {
		Error *struct{ Code int } `json:"error"`
	}
	if json.Unmarshal(message.Data, &failed) != nil || failed.Error != nil {
		return errNotNow
	}
	return json.Unmarshal(message.Data, into)
}

// locate answers nil where there is no log. The broker refuses overlapping subjects, so there is never a second one.
func (c *connection) locate() (*follow.Log, error) {
	var names struct{ Streams []string }
	if err := c.request("STREAM.NAMES", fmt.Sprintf(`{"subject":"%s.log.>"}`, c.namespace()), &names); err != nil {
		return nil, err
	}
	prefix := strings.ToUpper(c.namespace()) + "_LOG_"
	for _, name := range names.Streams {
		epoch := strings.TrimPrefix(name, prefix)
		if epoch == name || !epochPattern.MatchString(epoch) {
			continue
		}
		head, err := c.head(name, epoch)
		return &head.Log, err
	}
	return nil, nil
}

// streamInfo has the members of a stream's info that a node looks at.
type streamInfo struct {
	Config struct {
		Name     string
		Replicas int `json:"num_replicas"`
	}
	Created string
	State   struct {
		First int64 `json:"first_seq"`
		Last  int64 `json:"last_seq"`
	}
	Cluster *struct {
		Leader   string
		Replicas []struct{ Active float64 }
	}
}

func (c *connection) head(name, epoch string) (follow.Head, error) {
	var info streamInfo
	if err := c.request("STREAM.INFO."+name, "", &info); err != nil {
		return follow.Head{}, err
	}
	if info.Created == "" || info.Config.Name != name {
		return follow.Head{}, errNotNow
	}
	age, err := info.quorumAgeMs()
	log := follow.Log{Name: name, Epoch: epoch, Created: info.Created}
	return follow.Head{Log: log, First: info.State.First, Last: info.State.Last, QuorumAgeMs: age}, err
}

// quorumAgeMs: a member that lost its leader still answers, with an old head; such an answer is none.
func (i streamInfo) quorumAgeMs() (float64, error) {
	if i.Cluster == nil {
		return 0, nil
	}
	if i.Cluster.Leader == "" {
		return 0, errNotNow
	}
	copies := len(i.Cluster.Replicas) + 1
	if i.Config.Replicas > copies {
		copies = i.Config.Replicas
	}
	// The leader itself is one of the majority, so that many followers make the rest of it.
	needed := copies / 2
	if needed == 0 {
		return 0, nil
	}
	if len(i.Cluster.Replicas) < needed {
		return 0, errNotNow
	}
	var ages []float64
	for _, replica := range i.Cluster.Replicas {
		ages = append(ages, replica.Active/float64(time.Millisecond))
	}
	sort.Float64s(ages)
	return ages[needed-1], nil
}
