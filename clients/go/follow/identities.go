package follow

type slot struct {
	sequence int64
	identity string
}

// identities of the last identitiesMax sequences of one log: what settles whether two records are one.
type identities struct {
	slots     map[int64]slot
	sequences map[string]int64
}

func newIdentities() *identities {
	return &identities{map[int64]slot{}, map[string]int64{}}
}

// remember: the log has one record per sequence, so what is said last counts; older sequences give way to newer ones.
func (i *identities) remember(sequence int64, identity string) {
	place := sequence % identitiesMax
	before, there := i.slots[place]
	if there && before.sequence > sequence {
		return
	}
	if there && i.sequences[before.identity] == before.sequence {
		delete(i.sequences, before.identity)
	}
	i.slots[place] = slot{sequence, identity}
	i.sequences[identity] = sequence
}

// at is empty where nothing is remembered.
func (i *identities) at(sequence int64) string {
	if one := i.slots[sequence%identitiesMax]; one.sequence == sequence {
		return one.identity
	}
	return ""
}

// sequenceOf is 0 where nothing is remembered.
func (i *identities) sequenceOf(identity string) int64 { return i.sequences[identity] }
