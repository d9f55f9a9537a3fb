package follow

import (
	"encoding/hex"

	"revocast.dev/go/index"
	"revocast.dev/go/record"
)

// applier takes records into memory. It outlives every log: a wiped, rolled back or recreated log only adds to it, so nothing
// that is revoked is forgotten because a broker forgot it.
type applier struct {
	index        *index.Index
	unreadable   *unreadable
	declared     declared
	newestRecord float64
	// doubtsChanged: the next view must tell of other issuers.
	doubtsChanged bool
}

// apply takes one record of the log of `epoch` in; again, or out of order, changes nothing.
func (a *applier) apply(one Record, epoch string) {
	switch {
	case one.Kind == record.Unreadable:
		a.unreadable.add(one.Identity, one.Issuer, epoch)
		a.doubtsChanged = true
	case one.Kind == record.Read && one.Epoch == epoch:
		if float64(one.TimeMs) > a.newestRecord {
			a.newestRecord = float64(one.TimeMs)
		}
		a.applyBody(one.Body, epoch)
	}
}

func (a *applier) applyBody(body record.Body, epoch string) {
	switch {
	case body.EpochOpened != nil:
		a.learnHashKey(body.EpochOpened.HashKey)
	case body.Revoked != nil:
		for _, revocation := range body.Revoked.Revocations {
			a.index.Apply(revocation)
		}
	case body.Lifted != nil:
		for _, lift := range body.Lifted.Lifts {
			a.index.Lift(lift)
		}
	case body.SettingsDeclared != nil:
		a.declared.declare(declaration{epoch, body.SettingsDeclared.Version, body.SettingsDeclared.Settings})
		a.doubtsChanged = true
	case body.Voided != nil:
		a.unreadable.void(body.Voided.RecordID)
		a.doubtsChanged = true
	}
}

// learnHashKey lets waves be told apart. There is one key for a deployment, whichever epoch names it.
func (a *applier) learnHashKey(text string) {
	var hashKey [16]byte
	if length, err := hex.Decode(hashKey[:], []byte(text)); err == nil && length == len(hashKey) {
		a.index.LearnHashKey(hashKey)
	}
}
