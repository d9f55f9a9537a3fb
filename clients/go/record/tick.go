package record

const (
	tickBytesMax  = 4096
	epochBytesMax = 64
)

// Tick is the service's sign of life, outside the log. It reveals gaps and never renews freshness.
type Tick struct {
	ID           string
	TimeMs       int64
	Epoch        string
	Head         int64
	FleetBoundMs float64
}

// DecodeTick answers false for whatever is not a tick of ours that we understand: a missing tick is noticed by itself.
func DecodeTick(payload []byte, signature, namespace string, verifier *Verifier) (Tick, bool) {
	if len(payload) > tickBytesMax || verifier.verify(payload, signature) != "" {
		return Tick{}, false
	}
	outside, ok := readFrozen(payload)
	if !ok || outside.name != "tick" || outside.major != WireVersion || outside.namespace != namespace {
		return Tick{}, false
	}
	timeMs, id, data, err := readEnvelope(outside)
	f := form{fields: data, err: err}
	tick := Tick{id, timeMs, f.text("epoch", epochBytesMax), f.integer("head"), f.number("fleetBoundMs")}
	return tick, f.err == nil
}
