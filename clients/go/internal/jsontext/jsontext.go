// Package jsontext reads JSON as the protocol has it.
package jsontext

import (
	"encoding/json"
	"math"
	"strconv"
	"unicode/utf8"
)

// Object is a JSON object whose members nobody has looked at yet.
type Object map[string]any

// Parse reads a JSON object as the protocol has it: UTF-8 without exception, names told apart by case, the last
// of two equal names counts. It keeps what encoding/json would hide: a surrogate that stands alone becomes bytes that are
// not UTF-8, so that whoever asks for a text refuses it, instead of a replacement character that names another key.
func Parse(payload []byte) (Object, bool) {
	object, _, ok := parse(payload)
	return object, ok
}

// ParseUnique refuses an object that names a member twice, at any depth: two readers of one token could see two subjects.
func ParseUnique(payload []byte) (Object, bool) {
	object, hasTwins, ok := parse(payload)
	return object, ok && !hasTwins
}

func parse(payload []byte) (Object, bool, bool) {
	if !utf8.Valid(payload) || !json.Valid(payload) {
		return nil, false, false
	}
	r := reader{bytes: payload}
	object, ok := r.value().(Object)
	return object, r.hasTwins, ok
}

// reader builds values from text that json.Valid accepted: it need not look for mistakes.
type reader struct {
	bytes    []byte
	at       int
	hasTwins bool
}

func (r *reader) value() any {
	switch r.peek() {
	case '{':
		return r.object()
	case '[':
		return r.list()
	case '"':
		return r.text()
	case 't':
		r.at += len("true")
		return true
	case 'f':
		r.at += len("false")
		return false
	case 'n':
		r.at += len("null")
		return nil
	default:
		return r.number()
	}
}

// peek skips white space and says what follows.
func (r *reader) peek() byte {
	for {
		switch r.bytes[r.at] {
		case ' ', '\t', '\n', '\r':
			r.at++
		default:
			return r.bytes[r.at]
		}
	}
}

func (r *reader) object() Object {
	object := Object{}
	r.at++
	for r.peek() != '}' {
		if r.bytes[r.at] == ',' {
			r.at++
			r.peek()
		}
		name := r.text()
		r.peek()
		r.at++ // the colon
		_, twin := object[name]
		r.hasTwins = r.hasTwins || twin
		object[name] = r.value()
	}
	r.at++
	return object
}

func (r *reader) list() []any {
	list := []any{}
	r.at++
	for r.peek() != ']' {
		if r.bytes[r.at] == ',' {
			r.at++
		}
		list = append(list, r.value())
	}
	r.at++
	return list
}

func (r *reader) number() float64 {
	start := r.at
	for r.at < len(r.bytes) && isOfNumber(r.bytes[r.at]) {
		r.at++
	}
	// Out of range it answers an infinity, which no member may be.
	value, err := strconv.ParseFloat(string(r.bytes[start:r.at]), 64)
	if err != nil && !math.IsInf(value, 0) {
		return math.NaN()
	}
	return value
}

func isOfNumber(b byte) bool {
	return b >= '0' && b <= '9' || b == '-' || b == '+' || b == '.' || b == 'e' || b == 'E'
}

func (r *reader) text() string {
	var text []byte
	for r.at++; r.bytes[r.at] != '"'; {
		if r.bytes[r.at] != '\\' {
			text = append(text, r.bytes[r.at])
			r.at++
			continue
		}
		text = r.escape(text)
	}
	r.at++
	return string(text)
}

func (r *reader) escape(text []byte) []byte {
	letter := r.bytes[r.at+1]
	if letter != 'u' {
		r.at += 2
		return append(text, unescaped(letter))
	}
	unit := r.unit()
	if !isHigh(unit) || r.bytes[r.at] != '\\' || r.bytes[r.at+1] != 'u' {
		return appendUnit(text, unit)
	}
	before := r.at
	next := r.unit()
	if !isLow(next) {
		r.at = before
		return appendUnit(text, unit)
	}
	return utf8.AppendRune(text, 0x10000+(unit-0xd800)<<10+(next-0xdc00))
}

// unit reads \uXXXX.
func (r *reader) unit() rune {
	value, _ := strconv.ParseUint(string(r.bytes[r.at+2:r.at+6]), 16, 16)
	r.at += 6
	return rune(value)
}

func isHigh(unit rune) bool { return unit >= 0xd800 && unit <= 0xdbff }
func isLow(unit rune) bool  { return unit >= 0xdc00 && unit <= 0xdfff }

// appendUnit writes a surrogate the way UTF-8 would if it could, which utf8.ValidString then refuses.
func appendUnit(text []byte, unit rune) []byte {
	if isHigh(unit) || isLow(unit) {
		return append(text, 0xe0|byte(unit>>12), 0x80|byte(unit>>6)&0xbf, 0x80|byte(unit)&0xbf)
	}
	return utf8.AppendRune(text, unit)
}

func unescaped(letter byte) byte {
	switch letter {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	default:
		return letter
	}
}
