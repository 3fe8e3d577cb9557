package services

import (
	"encoding/base64"
	"math/big"
	"regexp"
	"slices"
	"strings"

	"signalbox/asl/value"
)

// This file holds attribute values: objects with one member, whose name is the type, as in {"S": "text"}. Numbers are
// strings, since they have up to 38 digits. API Reference, "AttributeValue".

// typed returns the type and content of an attribute value; "" and nil if v is none.
func typed(v any) (kind string, content any) {
	o, _ := v.(*value.Object)
	if o.Len() != 1 {
		return "", nil
	}
	return o.At(0)
}

// An attributeFault says what is wrong with an attribute value: a field of the parameters that Step Functions refuses, or else
// DynamoDB's message.
type attributeFault struct{ field, message string }

// checkAttribute returns an attribute value in the form that DynamoDB stores: numbers normalized, maps with sorted keys.
func checkAttribute(v any) (*value.Object, *attributeFault) {
	o, ok := v.(*value.Object)
	if !ok {
		return nil, &attributeFault{field: "Item"}
	}
	kinds := slices.DeleteFunc(o.Keys(), func(k string) bool { v, _ := o.Lookup(k); return v == nil })
	switch len(kinds) {
	case 0:
		return nil, &attributeFault{message: "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"}
	case 1:
	default:
		return nil, &attributeFault{message: "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes"}
	}
	kind := kinds[0]
	content, _ := o.Lookup(kind)
	stored, w := checkContent(kind, content)
	if w != nil {
		return nil, w
	}
	return value.NewObject(kind, stored), nil
}

// checkContent is checkAttribute for the content of a value of type kind.
func checkContent(kind string, content any) (any, *attributeFault) {
	text, isText := content.(string)
	list, isList := content.([]any)
	object, isObject := content.(*value.Object)
	flag, isFlag := content.(bool)
	bad := &attributeFault{field: kind}
	switch kind {
	case "S", "B", "N":
		if !isText {
			return nil, bad
		}
		return checkScalar(kind, text)
	case "BOOL":
		if !isFlag {
			return nil, bad
		}
		return flag, nil
	case "NULL":
		switch {
		case !isFlag:
			return nil, bad
		case !flag:
			return nil, &attributeFault{message: "One or more parameter values were invalid: Null attribute value types must have the value of true"}
		}
		return flag, nil
	case "L":
		if !isList {
			return nil, bad
		}
		stored := make([]any, len(list))
		for i, e := range list {
			one, w := checkAttribute(e)
			if w != nil {
				return nil, w
			}
			stored[i] = one
		}
		return stored, nil
	case "M":
		if !isObject {
			return nil, bad
		}
		stored, w := checkAttributes(object)
		if w != nil {
			return nil, w
		}
		return stored, nil
	case "SS", "NS", "BS":
		if !isList {
			return nil, bad
		}
		return checkSet(kind, list)
	}
	return nil, bad
}

// checkScalar is checkContent for strings, numbers and binary data.
func checkScalar(kind, text string) (any, *attributeFault) {
	switch kind {
	case "N":
		return number(text)
	case "B":
		if _, err := base64.StdEncoding.DecodeString(text); err != nil {
			return nil, &attributeFault{field: kind}
		}
	}
	return text, nil
}

// checkSet is checkContent for sets.
func checkSet(kind string, list []any) (any, *attributeFault) {
	if len(list) == 0 {
		name := map[string]string{"SS": "string", "NS": "number", "BS": "binary"}[kind]
		return nil, &attributeFault{message: "One or more parameter values were invalid: An " + name + " set  may not be empty"}
	}
	stored := make([]any, len(list))
	for i, e := range list {
		text, ok := e.(string)
		if !ok {
			return nil, &attributeFault{field: kind}
		}
		one, w := checkScalar(kind[:1], text)
		if w != nil {
			return nil, w
		}
		if slices.Contains(stored[:i], one) {
			texts := make([]string, len(list))
			for i, e := range list {
				texts[i], _ = e.(string)
			}
			return nil, &attributeFault{message: "One or more parameter values were invalid: Input collection [" + strings.Join(texts, ", ") +
				"] contains duplicates."}
		}
		stored[i] = one
	}
	slices.SortFunc(stored, func(a, b any) int {
		if kind == "NS" {
			return order("N", a, b)
		}
		return strings.Compare(a.(string), b.(string))
	})
	return stored, nil
}

// checkAttributes checks all members of an item or map.
func checkAttributes(o *value.Object) (*value.Object, *attributeFault) {
	stored := make(map[string]any, o.Len())
	for name, v := range o.All() {
		one, w := checkAttribute(v)
		if w != nil {
			return nil, w
		}
		stored[name] = one
	}
	return sortedObject(stored), nil
}

var numeric = regexp.MustCompile(`^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?$`)

// number returns a number in the form that DynamoDB returns: without superfluous zeros, without exponent. Developer Guide,
// "Data types": 38 digits, from 1E-130 to 9.9…E+125.
func number(text string) (string, *attributeFault) {
	m := numeric.FindStringSubmatch(text)
	if m == nil || m[2] == "" && m[3] == "" {
		return "", &attributeFault{message: "The parameter cannot be converted to a numeric value: " + text}
	}
	digits := m[2] + m[3]
	point := len(m[2])
	if m[4] != "" {
		exponent, _ := new(big.Int).SetString(m[4], 10)
		point += int(exponent.Int64())
	}
	trimmed := strings.TrimLeft(digits, "0")
	point -= len(digits) - len(trimmed)
	digits = strings.TrimRight(trimmed, "0")
	switch {
	case digits == "":
		return "0", nil
	case len(digits) > 38:
		return "", &attributeFault{message: "Attempting to store more than 38 significant digits in a Number"}
	case point > 126:
		return "", &attributeFault{message: "Number overflow. Attempting to store a number with magnitude larger than supported range"}
	case point < -129:
		return "", &attributeFault{message: "Number underflow. Attempting to store a number with magnitude smaller than supported range"}
	}
	sign := strings.TrimPrefix(m[1], "+")
	switch {
	case point <= 0:
		return sign + "0." + strings.Repeat("0", -point) + digits, nil
	case point >= len(digits):
		return sign + digits + strings.Repeat("0", point-len(digits)), nil
	}
	return sign + digits[:point] + "." + digits[point:], nil
}

// order compares the contents of two attribute values of type S, N or B.
func order(kind string, a, b any) int {
	x, _ := a.(string)
	y, _ := b.(string)
	switch kind {
	case "N":
		p, okP := new(big.Rat).SetString(x)
		q, okQ := new(big.Rat).SetString(y)
		if okP && okQ {
			return p.Cmp(q)
		}
	case "B":
		p, _ := base64.StdEncoding.DecodeString(x) // it was checked
		q, _ := base64.StdEncoding.DecodeString(y)
		return strings.Compare(string(p), string(q))
	}
	return strings.Compare(x, y)
}
