package follow_test

import (
	"fmt"
	"testing"

	"revocast.dev/go/follow"
	"revocast.dev/go/index"
	"revocast.dev/go/record"
)

// What needs more records than a vector should hold, or an answer that comes when no broker would send one.

// scene plays a machine against a log whose records need no signature.
type scene struct {
	t       *testing.T
	machine *follow.Machine
	index   *index.Index
	now     follow.Instant
	log     follow.Log
	records []follow.Record
	asked   []follow.Ask
	answers bool
}

func newScene(t *testing.T) *scene {
	x := index.New()
	options := follow.Options{Index: x, StalenessMsMax: 300_000, Dice: func() float64 { return 0.5 }}
	s := &scene{t: t, machine: follow.New(options), index: x, answers: true, now: follow.Instant{Wall: 1_764_000_000_000, Monotonic: 1_000}}
	s.log = follow.Log{Name: "LOG", Epoch: "e", Created: "once"}
	s.add("opened", record.Body{EpochOpened: &record.EpochOpened{}})
	return s
}

func (s *scene) add(identity string, body record.Body) follow.Record {
	decoded := record.Decoded{Kind: record.Read, Identity: identity, Epoch: "e", TimeMs: int64(s.now.Wall), Body: body}
	s.records = append(s.records, follow.Record{Sequence: int64(len(s.records)) + 1, Decoded: decoded})
	return s.records[len(s.records)-1]
}

func (s *scene) revoke(jti string) follow.Record {
	revocation := record.Revocation{ID: "of-" + jti, Issuer: "i", Key: record.Key{Scope: "token", JTI: jti}}
	return s.add("record-"+jti, record.Body{Revoked: &record.Revoked{Issuer: "i", Scope: "token", Revocations: []record.Revocation{revocation}}})
}

func (s *scene) revokeMany(name string, count int) {
	for i := 0; i < count; i++ {
		s.revoke(fmt.Sprint(name, i))
	}
}

func (s *scene) isRevoked(jti string) bool {
	_, found := s.index.Find(index.Token{Issuer: "i", JTI: jti}, int64(s.now.Wall), "iat")
	return found
}

func (s *scene) tell(event follow.Event) {
	s.asked = append(s.asked, s.machine.Step(event, s.now)...)
}

// answer whatever is asked, until nothing more is.
func (s *scene) answer() {
	for s.answers && len(s.asked) > 0 {
		ask := s.asked[0]
		s.asked = s.asked[1:]
		s.tell(s.answerTo(ask))
	}
}

func (s *scene) answerTo(ask follow.Ask) follow.Event {
	event := follow.Event{Kind: follow.Answered, Number: ask.Number}
	last := int64(len(s.records))
	switch ask.Kind {
	case follow.Locate:
		event.Answer.Log = &s.log
	case follow.AskHead:
		event.Answer.Head = follow.Head{Log: s.log, First: 1, Last: last}
	case follow.Read, follow.Verify:
		if ask.To > last {
			return follow.Event{Kind: follow.Refused, Number: ask.Number}
		}
		event.Answer.Records = s.records[ask.From-1 : ask.To]
	}
	return event
}

// pass lets time go on in steps of 100 ms.
func (s *scene) pass(ms float64) {
	for end := s.now.Monotonic + ms; s.now.Monotonic < end; {
		s.now.Monotonic += 100
		s.now.Wall += 100
		s.tell(follow.Event{Kind: follow.Wake})
		s.answer()
	}
}

func (s *scene) connect() {
	s.tell(follow.Event{Kind: follow.Connected})
	s.answer()
}

func (s *scene) state() string {
	state, because := s.machine.View().State(s.now)
	return fmt.Sprint(state, " ", because)
}

func (s *scene) current(after float64) {
	s.t.Helper()
	s.pass(after)
	if state, because := s.machine.View().State(s.now); state != follow.Current {
		s.t.Fatalf("%s %s", state, because)
	}
}

func TestReadsALongLogInSpans(t *testing.T) {
	s := newScene(t)
	s.revokeMany("a", 3_000)
	s.answers = false
	s.connect()
	longest, most := int64(0), 0
	for turns := 0; len(s.asked) > 0; turns++ {
		reading := 0
		for _, ask := range s.asked {
			if ask.Kind == follow.Read {
				reading++
				if ask.To-ask.From+1 > longest {
					longest = ask.To - ask.From + 1
				}
			}
		}
		if reading > most {
			most = reading
		}
		ask := s.asked[len(s.asked)-1]
		s.asked = s.asked[:len(s.asked)-1]
		s.tell(s.answerTo(ask))
	}
	if longest != 256 || most != 4 {
		t.Errorf("spans of up to %d, %d at once", longest, most)
	}
	s.answers = true
	s.current(8_000)
	if got := s.machine.View().Watermark; got != 3_001 || !s.isRevoked("a2999") {
		t.Errorf("watermark %d", got)
	}
}

func TestAnswersOfAnEarlierConnectionChangeNothing(t *testing.T) {
	s := newScene(t)
	s.connect()
	s.current(8_000)
	s.answers = false
	for len(s.asked) == 0 || s.asked[len(s.asked)-1].Kind != follow.AskHead {
		s.pass(1_000)
	}
	late := s.answerTo(s.asked[len(s.asked)-1])
	before, _ := s.machine.View().StalenessMs(s.now)
	s.tell(follow.Event{Kind: follow.Disconnected})
	s.asked = nil
	s.tell(follow.Event{Kind: follow.Connected})
	for len(s.asked) > 0 {
		ask := s.asked[0]
		s.asked = s.asked[1:]
		if ask.Kind != follow.AskHead {
			s.tell(s.answerTo(ask))
		}
	}
	s.tell(late)
	s.answers = true
	for i, ask := range s.asked {
		if ask.Kind == follow.Verify {
			s.asked = s.asked[i:]
			s.answer()
			break
		}
	}
	if after, _ := s.machine.View().StalenessMs(s.now); after != before {
		t.Errorf("staleness %v, was %v", after, before)
	}
}

func TestAsksAgainWhenNobodyAnswers(t *testing.T) {
	s := newScene(t)
	s.answers = false
	s.connect()
	s.pass(15_000)
	subscribes := 0
	for _, ask := range s.asked {
		if ask.Kind == follow.Subscribe {
			subscribes++
		}
	}
	if subscribes != 2 {
		t.Errorf("asked %d times", subscribes)
	}
}

func TestBelievesTheLogAloneAboutWhatWasStoredWhileItWasAway(t *testing.T) {
	s := newScene(t)
	s.connect()
	s.current(8_000)
	s.tell(follow.Event{Kind: follow.Disconnected})
	s.asked = nil
	s.revoke("hidden")
	s.revokeMany("more", 300)
	last := s.revoke("last")
	s.answers = false
	s.tell(follow.Event{Kind: follow.Connected})
	last.Sequence = 2
	s.tell(follow.Event{Kind: follow.Live, Record: last})
	if got := s.machine.View().Watermark; got != 1 {
		t.Errorf("watermark %d", got)
	}
	s.answers = true
	s.answer()
	s.current(10_000)
	if !s.isRevoked("hidden") {
		t.Error("hidden is not revoked")
	}
}

func TestComparesWhatItHeldAtACut(t *testing.T) {
	s := newScene(t)
	s.connect()
	s.current(8_000)
	s.answers = false
	for i := 0; i < 9; i++ {
		s.tell(follow.Event{Kind: follow.Live, Record: s.revoke(fmt.Sprint("a", i))})
	}
	if got := s.machine.View().Watermark; got != 10 {
		t.Fatalf("watermark %d", got)
	}
	s.tell(follow.Event{Kind: follow.Disconnected})
	s.asked = nil
	s.records = s.records[:5]
	s.revokeMany("b", 300)
	s.answers = true
	s.connect()
	s.current(10_000)
	if !s.isRevoked("b0") || !s.isRevoked("a8") {
		t.Error("a rollback that the log grew past was not noticed")
	}
}

func TestADefectIsUnknownForEver(t *testing.T) {
	s := newScene(t)
	s.connect()
	s.current(8_000)
	broken := s.machine.View().Broken()
	if got := broken.Freshness("i", 300_000, s.now); got.Fresh || got.Because != "failed" || !got.EverCurrent {
		t.Errorf("got %+v", got)
	}
	if !s.machine.View().Freshness("i", 300_000, s.now).Fresh {
		t.Error("a view changed")
	}
}

// Without the hash key of the log a wave hits everybody at once.
func TestLearnsTheHashKeyThatTellsWavesApart(t *testing.T) {
	s := newScene(t)
	s.records[0].Decoded.Body.EpochOpened.HashKey = "000102030405060708090a0b0c0d0e0f"
	from := int64(s.now.Wall) / 1000
	issuedBefore := float64(from) + 1
	spread := record.Revocation{ID: "wide", Issuer: "i", Key: record.Key{Scope: "issuer"}, IssuedBefore: &issuedBefore}
	spread.Condition = &record.Condition{Spread: &record.Spread{From: from, Until: from + 1_000}}
	s.add("waves", record.Body{Revoked: &record.Revoked{Issuer: "i", Scope: "issuer", Revocations: []record.Revocation{spread}}})
	s.connect()
	s.current(8_000)
	hit := 0
	for user := 0; user < 100; user++ {
		token := index.Token{Issuer: "i", Sub: fmt.Sprint("user-", user)}
		if _, found := s.index.Find(token, (from+500)*1_000, "iat"); found {
			hit++
		}
	}
	if hit < 20 || hit > 80 {
		t.Fatalf("half of the time is over, and %d of 100 are hit", hit)
	}
}
