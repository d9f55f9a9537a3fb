package follow

import "revocast.dev/go/record"

// Instant is one reading of both clocks, taken together, in milliseconds: the wall clock since 1970, and one that never steps
// back. Staleness needs both: the larger of the two elapsed times counts.
type Instant struct{ Wall, Monotonic float64 }

// Log tells which log it is. Created is when the broker made it, opaque: a recreated log has another time.
type Log struct{ Name, Epoch, Created string }

// Record is one message of the log, at its sequence.
type Record struct {
	Sequence int64
	record.Decoded
}

// Head is what the leader of the log answers. QuorumAgeMs: how long ago it had heard from a majority; 0 for a single server.
type Head struct {
	Log         Log
	First, Last int64
	QuorumAgeMs float64
}

// EventKind says what happened to a follower.
type EventKind int

const (
	Connected EventKind = iota
	Disconnected
	// Live: Event.Record came over the live feed.
	Live
	// Ticked: Event.Tick came, with a good signature.
	Ticked
	// Answered: the ask Event.Number was answered with Event.Answer.
	Answered
	// Refused: the ask Event.Number got no useful answer; whatever the reason, it is asked again later.
	Refused
	// Wake: the time that NextWakeMs named is over.
	Wake
	Close
)

// Event is what happens to a follower; only the members that its kind names are set.
type Event struct {
	Kind   EventKind
	Record Record
	Tick   record.Tick
	Number int
	Answer Answer
}

// AskKind says what a follower asks for.
type AskKind int

const (
	// Subscribe: answer once the broker is known to have our interest in live feed and ticks.
	Subscribe AskKind = iota
	// Locate the log: Answer.Log, nil when there is none.
	Locate
	// AskHead of Ask.Log at its leader: Answer.Head.
	AskHead
	// Read Ask.From..Ask.To: Answer.Records, in order, one per sequence that the log still has. What cannot be had now
	// refuses the whole ask: nothing is left out in silence.
	Read
	// Verify is a Read whose answer is compared with what is held.
	Verify
)

// Ask is what the follower wants done. Its number orders answers.
type Ask struct {
	Number   int
	Kind     AskKind
	Log      Log
	From, To int64

	startedAt Instant
	believed  belief
	check     check
	proves    *Instant
}

// Answer to an ask; only the member that its kind names is set.
type Answer struct {
	Log     *Log
	Head    Head
	Records []Record
}
