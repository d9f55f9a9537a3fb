package follow

import (
	"revocast.dev/go/record"
	"revocast.dev/go/settings"
)

// everyIssuer stands for a record of which nobody knows whose tokens it hits.
const everyIssuer = ""

type doubt struct{ epoch, issuer string }

// unreadable remembers records that we signed and cannot read: what they revoke is not in the index, so their issuer stays unknown
// until a void ends it. A void may arrive before its record; both orders end alike.
type unreadable struct {
	records map[string]doubt
	voids   map[string]bool
	// overflowedIn is the epoch in which there were more than are remembered: then all issuers are unknown.
	overflowedIn string
}

func newUnreadable() *unreadable {
	return &unreadable{records: map[string]doubt{}, voids: map[string]bool{}}
}

func (u *unreadable) add(id, issuer, epoch string) {
	if u.voids[id] {
		return
	}
	if _, known := u.records[id]; known || len(u.records) < unreadableMax {
		u.records[id] = doubt{epoch, issuer}
	} else {
		u.overflowedIn = epoch
	}
}

// void: one that is not remembered because there are too many only keeps an issuer unknown for longer.
func (u *unreadable) void(id string) {
	if len(u.voids) < voidsMax {
		u.voids[id] = true
	}
	delete(u.records, id)
}

// keepOnly: a newer epoch has published everything live again, so what could not be read in older logs no longer matters.
func (u *unreadable) keepOnly(epoch string) {
	for id, one := range u.records {
		if one.epoch != epoch {
			delete(u.records, id)
		}
	}
	if u.overflowedIn != epoch {
		u.overflowedIn = ""
	}
}

func (u *unreadable) issuers() map[string]bool {
	issuers := map[string]bool{}
	for _, one := range u.records {
		issuers[one.issuer] = true
	}
	if u.overflowedIn != "" {
		issuers[everyIssuer] = true
	}
	return issuers
}

type declaration struct {
	epoch   string
	version int64
	record.Settings
}

// declared is what the log declares about issuers, against what this process is configured with.
type declared struct {
	own        []record.Settings
	byIssuer   map[string]declaration
	overflowed bool
}

// declare: the highest version of an epoch counts, in whatever order they arrive; a new epoch begins to count again.
func (d *declared) declare(one declaration) {
	before, known := d.byIssuer[one.Issuer]
	if known && before.epoch == one.epoch && before.version >= one.version {
		return
	}
	if !known && len(d.byIssuer) >= declaredIssuersMax {
		d.overflowed = true
		return
	}
	d.byIssuer[one.Issuer] = one
}

// weaker lists the issuers for which this process cannot vouch.
func (d *declared) weaker() map[string]bool {
	weaker := map[string]bool{}
	for _, own := range d.own {
		one, known := d.byIssuer[own.Issuer]
		if !known && d.overflowed || known && len(settings.Weaknesses(own, one.Settings)) > 0 {
			weaker[own.Issuer] = true
		}
	}
	return weaker
}
