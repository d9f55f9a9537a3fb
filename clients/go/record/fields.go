package record

import (
	"errors"
	"math"
	"regexp"
	"unicode/utf8"

	"revocast.dev/go/internal/jsontext"
)

// fields of a record that nobody has looked at yet.
type fields = jsontext.Object

// errUnreadable says nothing of what is wrong: values may be personal, and nobody asks beyond yes and no.
var errUnreadable = errors.New("not readable as a record of this version")

const (
	keyFieldBytesMax = 1024
	claimBytesMax    = 256
	safeIntegerMax   = 1<<53 - 1
)

// idPattern: ids travel in headers and logs, so they are visible ASCII.
var idPattern = regexp.MustCompile(`^[\x21-\x7e]{1,128}$`)

func isID(value any) bool {
	text, ok := value.(string)
	return ok && idPattern.MatchString(text)
}

func isText(value any, bytesMax int) bool {
	text, ok := value.(string)
	return ok && text != "" && len(text) <= bytesMax && utf8.ValidString(text)
}

// form reads members of one object and remembers the first that was wrong: the caller asks once, at the end.
type form struct {
	fields fields
	err    error
}

func (f *form) fail() { f.err = errUnreadable }

func (f *form) has(name string) bool {
	_, there := f.fields[name]
	return there
}

func (f *form) id(name string) string {
	if !isID(f.fields[name]) {
		f.fail()
		return ""
	}
	return f.fields[name].(string)
}

func (f *form) text(name string, bytesMax int) string {
	if !isText(f.fields[name], bytesMax) {
		f.fail()
		return ""
	}
	return f.fields[name].(string)
}

func (f *form) match(name string, pattern *regexp.Regexp) string {
	text, ok := f.fields[name].(string)
	if !ok || !pattern.MatchString(text) {
		f.fail()
	}
	return text
}

func (f *form) finite(name string) float64 {
	value, ok := f.fields[name].(float64)
	if !ok || math.IsInf(value, 0) || math.IsNaN(value) {
		f.fail()
	}
	return value
}

// number is not negative: times, durations and counts are all such.
func (f *form) number(name string) float64 {
	value := f.finite(name)
	if value < 0 {
		f.fail()
	}
	return value
}

func (f *form) integer(name string) int64 {
	value := f.number(name)
	if value != math.Trunc(value) || value > safeIntegerMax {
		f.fail()
		return 0
	}
	return int64(value)
}

func (f *form) boolean(name string) bool {
	value, ok := f.fields[name].(bool)
	if !ok {
		f.fail()
	}
	return value
}

func (f *form) object(name string) fields {
	value, ok := f.fields[name].(fields)
	if !ok {
		f.fail()
	}
	return value
}

func (f *form) list(name string) []any {
	value, ok := f.fields[name].([]any)
	if !ok {
		f.fail()
	}
	return value
}

func (f *form) texts(name string, bytesMax int) []string {
	texts := []string{}
	for _, item := range f.list(name) {
		if !isText(item, bytesMax) {
			f.fail()
			return nil
		}
		texts = append(texts, item.(string))
	}
	return texts
}
