package services

import (
	"encoding/base64"
	"math/big"
	"regexp"
	"slices"
	"strings"

	"signalbox/asl/value"
)

// An attribute value is an object with one member, whose name is its type: {"S": "text"}. Numbers are texts, as they have 38
// digits. API Reference, "AttributeValue".

// typed returns the type and content of an attribute value.
func typed(v any) (kind string, content any) {
	o, _ := v.(*value.Object)
	if o.Len() != 1 {
		return "", nil
	}
	return o.At(0)
}

// A wrong is what is wrong with an attribute value: where it is set, the field of the parameters that Step Functions does
// not take; else what DynamoDB says.
type wrong struct{ field, message string }

// checked returns an attribute value as DynamoDB keeps it: numbers in one form, maps in the order of their keys.
func checked(v any) (*value.Object, *wrong) {
	o, ok := v.(*value.Object)
	if !ok {
		return nil, &wrong{field: "Item"}
	}
	kinds := slices.DeleteFunc(o.Keys(), func(k string) bool { v, _ := o.Lookup(k); return v == nil })
	switch len(kinds) {
	case 0:
		return nil, &wrong{message: "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"}
	case 1:
	default:
		return nil, &wrong{message: "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes"}
	}
	kind := kinds[0]
	content, _ := o.Lookup(kind)
	kept, w := keep(kind, content)
	if w != nil {
		return nil, w
	}
	return value.NewObject(kind, kept), nil
}

// keep returns the content of an attribute value as DynamoDB keeps it.
func keep(kind string, content any) (any, *wrong) {
	text, isText := content.(string)
	list, isList := content.([]any)
	object, isObject := content.(*value.Object)
	flag, isFlag := content.(bool)
	bad := &wrong{field: kind}
	switch kind {
	case "S", "B", "N":
		if !isText {
			return nil, bad
		}
		return keepScalar(kind, text)
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
			return nil, &wrong{message: "One or more parameter values were invalid: Null attribute value types must have the value of true"}
		}
		return flag, nil
	case "L":
		if !isList {
			return nil, bad
		}
		kept := make([]any, len(list))
		for i, e := range list {
			one, w := checked(e)
			if w != nil {
				return nil, w
			}
			kept[i] = one
		}
		return kept, nil
	case "M":
		if !isObject {
			return nil, bad
		}
		kept, w := attributes(object)
		if w != nil {
			return nil, w
		}
		return kept, nil
	case "SS", "NS", "BS":
		if !isList {
			return nil, bad
		}
		return keepSet(kind, list)
	}
	return nil, bad
}

func keepScalar(kind, text string) (any, *wrong) {
	switch kind {
	case "N":
		return number(text)
	case "B":
		if _, err := base64.StdEncoding.DecodeString(text); err != nil {
			return nil, &wrong{field: kind}
		}
	}
	return text, nil
}

func keepSet(kind string, list []any) (any, *wrong) {
	if len(list) == 0 {
		name := map[string]string{"SS": "string", "NS": "number", "BS": "binary"}[kind]
		return nil, &wrong{message: "One or more parameter values were invalid: An " + name + " set  may not be empty"}
	}
	kept := make([]any, len(list))
	for i, e := range list {
		text, ok := e.(string)
		if !ok {
			return nil, &wrong{field: kind}
		}
		one, w := keepScalar(kind[:1], text)
		if w != nil {
			return nil, w
		}
		if slices.Contains(kept[:i], one) {
			texts := make([]string, len(list))
			for i, e := range list {
				texts[i], _ = e.(string)
			}
			return nil, &wrong{message: "One or more parameter values were invalid: Input collection [" + strings.Join(texts, ", ") +
				"] contains duplicates."}
		}
		kept[i] = one
	}
	slices.SortFunc(kept, func(a, b any) int {
		if kind == "NS" {
			return order("N", a, b)
		}
		return strings.Compare(a.(string), b.(string))
	})
	return kept, nil
}

// attributes checks all members of an item or map.
func attributes(o *value.Object) (*value.Object, *wrong) {
	kept := make(map[string]any, o.Len())
	for name, v := range o.All() {
		one, w := checked(v)
		if w != nil {
			return nil, w
		}
		kept[name] = one
	}
	return sortedObject(kept), nil
}

var numeric = regexp.MustCompile(`^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?$`)

// number returns a number in the form that DynamoDB answers with: no zeros that say nothing, no exponent. Developer Guide,
// "Data types": 38 digits, from 1E-130 to 9.9…E+125.
func number(text string) (string, *wrong) {
	m := numeric.FindStringSubmatch(text)
	if m == nil || m[2] == "" && m[3] == "" {
		return "", &wrong{message: "The parameter cannot be converted to a numeric value: " + text}
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
		return "", &wrong{message: "Attempting to store more than 38 significant digits in a Number"}
	case point > 126:
		return "", &wrong{message: "Number overflow. Attempting to store a number with magnitude larger than supported range"}
	case point < -129:
		return "", &wrong{message: "Number underflow. Attempting to store a number with magnitude smaller than supported range"}
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

// order compares the contents of two attribute values of a type that has an order: S, N or B.
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
