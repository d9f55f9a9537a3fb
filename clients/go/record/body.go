package record

import (
	"regexp"
	"strings"
)

// Body is what a record says; exactly one member is set.
type Body struct {
	Revoked          *Revoked
	Lifted           *Lifted
	EpochOpened      *EpochOpened
	SettingsDeclared *SettingsDeclared
	Voided           *Voided
}

// Revoked and Lifted carry revocations, or lifts, of one issuer and scope.
type Revoked struct {
	Issuer, Scope, ReasonCode string
	Revocations               []Revocation
}

type Lifted struct {
	Issuer, Scope, ReasonCode string
	Lifts                     []Lift
}

// EpochOpened is the first record of a log.
type EpochOpened struct {
	Previous string
	Entries  int64
	HashKey  string
}

// Voided ends the effect of an unreadable record.
type Voided struct{ RecordID string }

// Revocation is one entry. IssuedBefore and Suspended exclude each other; with neither it hits every token of its key.
type Revocation struct {
	ID, Issuer   string
	Key          Key
	IssuedBefore *float64
	Suspended    bool
	// RetainUntil in seconds, nil: until it is lifted.
	RetainUntil *float64
	// Condition says whom it lets off; nil: nobody.
	Condition  *Condition
	Supersedes []string
}

// Lift takes one revocation back, in whatever order the two arrive.
type Lift struct {
	ID          string
	RetainUntil float64
}

var (
	reasonPattern = regexp.MustCompile(`^[A-Za-z0-9_.:-]{1,64}$`)
	hashPattern   = regexp.MustCompile(`^[0-9a-f]{32}$`)
	epochPattern  = regexp.MustCompile(`^[A-Za-z0-9-]{1,64}$`)
	// alwaysScopes: their revocations end with each token, or mean every token anyway; all others must say when they hit.
	alwaysScopes = map[string]bool{"token": true, "session": true, "key": true}
)

func readBody(name string, data fields) (Body, error) {
	f := &form{fields: data}
	var body Body
	switch name {
	case "epoch.opened":
		opened := EpochOpened{Entries: f.integer("entries"), HashKey: f.match("hashKey", hashPattern)}
		if f.has("previous") {
			opened.Previous = f.match("previous", epochPattern)
		}
		body.EpochOpened = &opened
	case "settings.declared":
		body.SettingsDeclared = readSettings(f)
	case "record.voided":
		body.Voided = &Voided{f.id("recordId")}
	default:
		body = readScoped(name, f)
	}
	return body, f.err
}

func readScoped(name string, f *form) Body {
	scope, verb, _ := strings.Cut(name, ".")
	if shapes[scope] == nil || f.fields["scope"] != scope {
		f.fail()
		return Body{}
	}
	issuer := f.text("issuer", issuerBytesMax)
	reason := ""
	if f.has("reasonCode") {
		reason = f.match("reasonCode", reasonPattern)
	}
	switch verb {
	case "lifted":
		lifts := each(f, "lifts", readLift)
		return Body{Lifted: &Lifted{issuer, scope, reason, lifts}}
	case "revoked":
		read := func(item *form) Revocation { return readRevocation(issuer, scope, item) }
		return Body{Revoked: &Revoked{issuer, scope, reason, each(f, "revocations", read)}}
	default:
		f.fail()
		return Body{}
	}
}

// each reads a list of objects that is not empty: a record that says nothing was not written by us.
func each[T any](f *form, name string, read func(*form) T) []T {
	items := f.list(name)
	if len(items) == 0 {
		f.fail()
	}
	all := make([]T, 0, len(items))
	for _, item := range items {
		object, ok := item.(fields)
		inner := &form{fields: object}
		all = append(all, read(inner))
		if !ok || inner.err != nil {
			f.fail()
			return nil
		}
	}
	return all
}

func readRevocation(issuer, scope string, f *form) Revocation {
	revocation := Revocation{ID: f.id("id"), Issuer: issuer, Key: readKey(scope, f)}
	if f.has("supersedes") {
		revocation.Supersedes = []string{}
		for _, id := range f.list("supersedes") {
			if !isID(id) {
				f.fail()
				break
			}
			revocation.Supersedes = append(revocation.Supersedes, id.(string))
		}
	}
	if f.fields["retainUntil"] != "lifted" {
		until := f.number("retainUntil")
		revocation.RetainUntil = &until
	}
	if f.has("condition") {
		revocation.Condition = readCondition(scope, f)
	}
	if f.has("issuedBefore") {
		cutoff := f.number("issuedBefore")
		revocation.IssuedBefore = &cutoff
	}
	revocation.Suspended = f.has("suspended") && f.boolean("suspended")
	both := revocation.IssuedBefore != nil && revocation.Suspended
	neither := revocation.IssuedBefore == nil && !revocation.Suspended
	// A cut-off that lost its time on the way must not silently hit every token of the key.
	if both || neither && !alwaysScopes[scope] {
		f.fail()
	}
	return revocation
}

func readLift(f *form) Lift { return Lift{ID: f.id("id"), RetainUntil: f.number("retainUntil")} }
