package revocast

import (
	"fmt"
	"math/rand"
	"sync"
	"time"

	"revocast.dev/go/follow"
)

const (
	// getsInFlight of one read.
	getsInFlight = 64
	// A copy that lags catches up within milliseconds, or after an election; then whoever reads asks again.
	passesMax = 4
	passPause = 50 * time.Millisecond
)

// read by direct get: no consumer, any copy of the log may answer. A copy that lags answers "not found", so inside the log that never
// means "deleted": the sequence is asked for again, and in the end the whole read fails. Only what has aged out, below the
// first sequence of the leader, is left out.
func (c *connection) read(ask follow.Ask) ([]follow.Record, error) {
	found := make([]*follow.Record, ask.To-ask.From+1)
	var missing []int64
	for at := ask.From; at <= ask.To; at++ {
		missing = append(missing, at)
	}
	for pass := 1; ; pass++ {
		c.getAll(ask, missing, found)
		var still []int64
		for _, at := range missing {
			if found[at-ask.From] == nil {
				still = append(still, at)
			}
		}
		if len(still) == 0 {
			break
		}
		expected, err := c.stillExpected(ask.Log, still, pass)
		if err != nil {
			return nil, err
		}
		if len(expected) == 0 {
			break
		}
		missing = expected
		time.Sleep(time.Duration(rand.Float64() * float64(passPause) * float64(int(1)<<pass)))
	}
	var records []follow.Record
	for _, one := range found {
		if one != nil {
			records = append(records, *one)
		}
	}
	return records, nil
}

// stillExpected of the missing: those that the log still has. Fails when none is left to be hoped for.
func (c *connection) stillExpected(log follow.Log, missing []int64, pass int) ([]int64, error) {
	head, err := c.head(log.Name, log.Epoch)
	if err != nil {
		return nil, err
	}
	if head.Log.Created != log.Created {
		return nil, errNotNow
	}
	var expected []int64
	for _, at := range missing {
		if at > head.Last {
			return nil, errNotNow
		}
		if at >= head.First {
			expected = append(expected, at)
		}
	}
	if len(expected) > 0 && pass >= passesMax {
		return nil, errNotNow
	}
	return expected, nil
}

// getAll asks once for each sequence; what did not come stays nil.
func (c *connection) getAll(ask follow.Ask, wanted []int64, found []*follow.Record) {
	next := make(chan int64, len(wanted))
	for _, at := range wanted {
		next <- at
	}
	close(next)
	var workers sync.WaitGroup
	for i := 0; i < getsInFlight && i < len(wanted); i++ {
		workers.Add(1)
		go func() {
			defer workers.Done()
			for at := range next {
				if !c.get(ask, at, found) {
					return
				}
			}
		}()
	}
	workers.Wait()
}

// get is false where nobody answers: then others are not to be asked for either.
func (c *connection) get(ask follow.Ask, at int64, found []*follow.Record) bool {
	message, err := c.nats.Request("$JS.API.DIRECT.GET."+ask.Log.Name, []byte(fmt.Sprintf(`{"seq":%d}`, at)), apiWithin)
	if err != nil {
		return false
	}
	// "Not found" and every other answer without a message carry a status.
	if sequence, there := sequenceOf(message); there && sequence == at && last(message, "Status") == "" {
		one := c.decode(message, at, ask.Log.Epoch)
		found[at-ask.From] = &one
	}
	return true
}
