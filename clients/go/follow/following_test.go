package follow_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"

	"revocast.dev/go/follow"
	"revocast.dev/go/index"
	"revocast.dev/go/internal/vectors"
	"revocast.dev/go/record"
	"revocast.dev/go/verdict"
)

type followingFile struct {
	Keys      json.RawMessage
	Namespace string
	StartMs   float64
	Tokens    map[string]struct {
		Issuer, JTI string
		CutoffTime  float64
	}
	Cases []followingCase
}

type followingCase struct {
	About          string
	StalenessMsMax float64
	Issuers        []record.Settings
	Steps          []step
}

// step has the members of all kinds of steps.
type step struct {
	AtMs               float64
	Do                 string
	Epoch              string
	Payload, Signature string
	CopiesAfterMs      []float64
	Sequence           int64
	First              int64
	Last               *int64
	TravelMs           float64
	Refuses            []string
	QuorumAgeMs        float64
	Ms                 float64
	Seen               *sighting
}

type sighting struct {
	State       follow.State
	Because     follow.Because
	EverCurrent bool
	Epoch       string
	Watermark   int64
	Identity    string
	Verdicts    map[string]vectorVerdict
}

type vectorVerdict struct {
	Kind                verdict.Kind
	Watermark           int64
	Scope, RevocationID string
	ByAuthTime          bool
	Because             verdict.Reason
	EverCurrent         bool
}

func (c followingCase) settings() []record.Settings { return c.Issuers }

func (w *world) act(s step) {
	switch s.Do {
	case "start":
		w.started = true
		w.after(0, w.connect)
		w.tell(follow.Event{Kind: follow.Wake})
	case "close":
		w.tell(follow.Event{Kind: follow.Close})
	case "connect":
		w.reachable = true
		w.connect()
	case "disconnect":
		w.disconnect()
	case "removeLog":
		w.log = nil
	case "createLog":
		w.logsMade++
		log := follow.Log{Name: "LOG_" + s.Epoch, Epoch: s.Epoch, Created: fmt.Sprint("made-", w.logsMade)}
		w.log = &brokerLog{Log: log, first: 1, messages: map[int64]stored{}}
	case "append":
		w.append(s)
	case "send":
		w.deliver(stored{s.Payload, s.Signature}, s.Sequence, []float64{0})
	case "tick":
		if tick, ours := record.DecodeTick([]byte(s.Payload), s.Signature, w.namespace, w.verifier); ours && w.connected && w.subscribed {
			w.overThisConnection(0, func() { w.tell(follow.Event{Kind: follow.Ticked, Tick: tick}) })
		}
	case "rollBack":
		w.remove(func(at int64) bool { return at > *s.Last })
		w.log.last = *s.Last
		if w.log.first > w.log.last+1 {
			w.log.first = w.log.last + 1
		}
	case "ageOut":
		w.remove(func(at int64) bool { return at < s.First })
		w.log.first = s.First
	case "answers":
		w.answers = s
	case "stepWall":
		w.now.Wall += s.Ms
	case "suspend":
		w.now.Wall += s.Ms
		w.trueMs += s.Ms
	default:
		panic("a step that nobody knows: " + s.Do)
	}
}

func (w *world) look(file followingFile, wanted sighting) sighting {
	view := w.machine.View()
	seen := sighting{
		EverCurrent: view.Ever, Epoch: view.Epoch, Watermark: view.Watermark, Identity: view.Identity,
		Verdicts: map[string]vectorVerdict{},
	}
	seen.State, seen.Because = view.State(w.now)
	for name := range wanted.Verdicts {
		named := file.Tokens[name]
		cutoff := named.CutoffTime
		got := verdict.Decide(w, index.Token{Issuer: named.Issuer, JTI: named.JTI, CutoffTime: &cutoff})
		seen.Verdicts[name] = vectorVerdict{
			Kind: got.Kind, Watermark: got.Watermark, Scope: got.Hit.Scope, RevocationID: got.Hit.RevocationID,
			ByAuthTime: got.Hit.ByAuthTime, Because: got.Because, EverCurrent: got.EverCurrent,
		}
	}
	return seen
}

func readFollowing(t *testing.T) (followingFile, *record.Verifier) {
	t.Helper()
	var file followingFile
	vectors.Read(t, "test/vectors/following.json", &file)
	vectors.Cases(t, len(file.Cases))
	verifier, err := record.NewVerifier(file.Keys)
	if err != nil {
		t.Fatal(err)
	}
	return file, verifier
}

func TestFollowingVectors(t *testing.T) {
	file, verifier := readFollowing(t)
	for _, c := range file.Cases {
		t.Run(c.About, func(t *testing.T) {
			w := newWorld(file, c, verifier)
			looks := 0
			for _, s := range c.Steps {
				w.advanceTo(s.AtMs)
				if s.Do != "look" {
					w.act(s)
					continue
				}
				looks++
				if got := w.look(file, *s.Seen); !reflect.DeepEqual(got, *s.Seen) {
					t.Errorf("at %v ms\ngot  %+v\nwant %+v", s.AtMs, got, *s.Seen)
				}
			}
			vectors.Cases(t, looks)
		})
	}
}
