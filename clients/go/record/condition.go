package record

const (
	exceptClientsMax      = 64
	exceptClientsBytesMax = 8_192
	spreadSecondsMax      = 86_400
)

// Condition says whom a wide revocation lets off: tokens of some clients, or each subject until its wave comes. Exactly
// one member is set.
type Condition struct {
	ExceptClients []string
	Spread        *Spread
}

// Spread is the time over which a revocation reaches one subject after the other, in seconds.
type Spread struct{ From, Until int64 }

// conditionScopes: scopes that hit more than one person, device or app of a person.
var conditionScopes = map[string]bool{"client": true, "issuer": true, "key": true}

// readCondition is nil for a condition that says nothing we know: everybody is hit then, which is more and never less.
func readCondition(scope string, f *form) *Condition {
	inner := &form{fields: f.object("condition")}
	hasClients, hasSpread := inner.has("exceptClients"), inner.has("spread")
	if !hasClients && !hasSpread {
		return nil
	}
	if hasClients && hasSpread || !conditionScopes[scope] {
		f.fail()
		return nil
	}
	condition := &Condition{}
	if hasClients {
		condition.ExceptClients = readClients(inner)
	} else {
		condition.Spread = readSpread(inner)
	}
	if inner.err != nil {
		f.fail()
		return nil
	}
	return condition
}

func readClients(f *form) []string {
	clients := f.texts("exceptClients", keyFieldBytesMax)
	seen, bytes := map[string]bool{}, 0
	for _, client := range clients {
		if seen[client] {
			f.fail()
		}
		seen[client] = true
		bytes += len(client)
	}
	if len(clients) == 0 || len(clients) > exceptClientsMax || bytes > exceptClientsBytesMax {
		f.fail()
	}
	return clients
}

func readSpread(f *form) *Spread {
	inner := &form{fields: f.object("spread")}
	spread := &Spread{From: inner.integer("from"), Until: inner.integer("until")}
	if inner.err != nil || spread.Until <= spread.From || spread.Until-spread.From > spreadSecondsMax {
		f.fail()
	}
	return spread
}
